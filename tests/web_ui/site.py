"""The web UI of a folder, a browser's tab, and the requests that pages send."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
BROWSER = "/usr/bin/chromium"
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
LAUNCH = """
mutation($location: String!, $job: String!, $config: RunConfigData!, $assets: [AssetKeyInput!]) {
  launchRun(executionParams: {
    selector: {
      repositoryLocationName: $location, repositoryName: "__repository__", jobName: $job,
      assetSelection: $assets
    },
    runConfigData: $config
  }) {
    __typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}
    ... on RunConfigValidationInvalid {errors {message}}
  }
}
"""
STATUS = "query($id: ID!) {runOrError(runId: $id) {... on Run {status}}}"
RUNS = "{runsOrError {... on Runs {results {runId status}}}}"


@dataclass(frozen=True)
class Site:
    """A folder with its Dagster home, and the address of its web UI."""

    folder: Path
    address: str

    @property
    def home(self) -> Path:
        """The Dagster home."""
        return self.folder / ".dagster_home"

    def ask(self, query: str, **variables: object) -> dict[str, object]:
        """Send the request that the page itself would send."""
        return ask(self.address, query, **variables)

    def launched(self, location: str, job: str, config: object, *assets: str) -> dict[str, object]:
        """What the server says of a launch, as the Launchpad asks for it."""
        chosen = [{"path": one.split("/")} for one in assets] or None
        given = {"location": location, "job": job, "config": json.dumps(config), "assets": chosen}
        found: dict[str, object] = self.ask(LAUNCH, **given)["launchRun"]
        return found

    def launch(self, location: str, job: str, config: object, *assets: str) -> str:
        """Launch a job of a location; return the run's id."""
        found = self.launched(location, job, config, *assets)
        assert found["__typename"] == "LaunchRunSuccess", found
        return found["run"]["runId"]

    def outcome(self, run: str) -> str:
        """Wait at most six minutes for the end of a run; return its status."""
        for _ in range(720):
            status = self.ask(STATUS, id=run)["runOrError"]["status"]
            if status in {"SUCCESS", "FAILURE"}:
                return status
            time.sleep(0.5)
        raise AssertionError(f"run {run} is still {status}")

    def next_run(self, before: int) -> str:
        """Wait at most a minute for a run besides those ``before``; return its id."""
        for _ in range(120):
            runs = self.ask(RUNS)["runsOrError"]["results"]
            if len(runs) > before:
                return str(runs[0]["runId"])
            time.sleep(0.5)
        raise AssertionError("no run was launched")

    def runs(self) -> int:
        """How many runs there are."""
        return len(self.ask(RUNS)["runsOrError"]["results"])


def ask(address: str, query: str, **variables: object) -> dict[str, object]:
    """Send the request that a page itself would send."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(
        f"{address}/graphql", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def give(folder: Path, *arguments: object) -> str:
    """Run an lr-pipeline command in the folder; return its output."""
    command = [BIN / "lr-pipeline", *map(str, arguments)]
    environment = os.environ | {"DAGSTER_HOME": str(folder / ".dagster_home")}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@contextmanager
def web_ui(folder: Path, **variables: str) -> Iterator[Site]:
    """The site of ``make ui`` in a folder with a workspace.yaml."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    server = "lr_pipeline.orchestration.service.dev_server"
    command = [sys.executable, "-m", server, "-w", "workspace.yaml", "-h", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "-p", str(port)],
        cwd=folder,
        env=os.environ | {"DAGSTER_HOME": str(folder / ".dagster_home")} | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    site = Site(folder, f"http://127.0.0.1:{port}")
    try:
        _wait_until_up(site.address, server)
        yield site
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def _wait_until_up(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers, two minutes at most."""
    for _ in range(240):
        assert server.poll() is None, "dagster dev ended"
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the web UI did not come up")


@contextmanager
def browser_tab(profile: Path) -> Iterator[object]:
    """A tab of a headless browser with a new profile."""
    from playwright.sync_api import sync_playwright

    assert Path(BROWSER).exists(), f"{BROWSER} is missing: install Debian's chromium"
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=BROWSER,
            args=BROWSER_FLAGS,
            viewport={"width": 1500, "height": 1000},
        )
        yield context.new_page()
        context.close()


def text_at(page, url: str, *awaited: str | re.Pattern[str]) -> str:
    """The page's text after all awaited texts are in it, since its parts load one by one."""
    page.goto(url)
    for text in awaited:
        page.get_by_text(text).first.wait_for(timeout=60_000)
    return page.inner_text("body")
