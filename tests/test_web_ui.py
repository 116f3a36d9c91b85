"""The web UI, started as by ``make ui`` and read by a browser."""

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
from pathlib import Path

import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

ROOT = Path(__file__).parents[1]
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

pytestmark = pytest.mark.slow


def free_port() -> int:
    """A free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """The UI of an instance with a run of the tutorial's table and a run of a file."""
    home = tmp_path_factory.mktemp("home")
    environment = os.environ | {"DAGSTER_HOME": str(home)}
    work = tmp_path_factory.mktemp("work")
    for arguments in ([], [ROOT / "data/samples/spector.csv", "--target", "GRADE"]):
        command = [BIN / "lr-pipeline", "run", *arguments]
        subprocess.run(command, cwd=work, env=environment, check=True, capture_output=True)
    with web_ui(ROOT, environment) as found:
        yield found


@contextmanager
def web_ui(folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The address of ``dagster dev``, run as by ``make ui`` in a folder with a workspace.yaml."""
    port = free_port()
    command = [BIN / "dagster", "dev", "-w", "workspace.yaml", "-h", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "-p", str(port)],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(address, server)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGINT)
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


def wait_until_up(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers, two minutes at most."""
    for _ in range(240):
        assert server.poll() is None, "dagster dev ended"
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the web UI did not come up")


@pytest.fixture(scope="module")
def page(address, tmp_path_factory) -> Iterator[object]:
    """A tab of a headless browser with a new profile."""
    with browser_tab(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@contextmanager
def browser_tab(profile: Path) -> Iterator[object]:
    """A tab of a headless browser."""
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


def test_the_catalogue_shows_both_tables(page, address) -> None:
    """It shows the tutorial's assets, and those of the file below its prefix."""
    text = text_at(page, f"{address}/assets", "spector")
    assert "numpy_model" in text
    assert "evaluation_report" in text


def test_a_model_shows_how_its_fit_ended(page, address) -> None:
    """The page shows status, solver and loss in the metadata, and the description's formula."""
    formula = "Σ log(1 + exp(z))"
    text = text_at(page, f"{address}/assets/numpy_model", "gradient_norm", formula)
    assert "converged" in text
    assert "newton" in text


def test_the_report_shows_its_curves(page, address) -> None:
    """The picture opens from the metadata, and is not empty."""
    text_at(page, f"{address}/assets/evaluation_report", "roc_curves")
    row = page.locator("tr", has_text="roc_curves").last
    row.get_by_text("[Show Markdown]").click()
    image = page.locator("img[src^='data:image/png']").first
    image.wait_for(timeout=30_000)
    assert image.evaluate("img => img.naturalWidth") > 200


def test_the_schedule_is_there(page, address) -> None:
    """The page shows the time at which it would run."""
    text_at(page, f"{address}/automation", "daily_training")
    page.get_by_text("At 02:00 AM").first.wait_for(timeout=30_000)


def test_the_daemon_ticks(address) -> None:
    """The scheduler and the run monitor work, so that schedules run and dead runs end."""
    query = "{instance {daemonHealth {allDaemonStatuses {daemonType healthy}}}}"
    for _ in range(120):
        statuses = ask(address, query)["instance"]["daemonHealth"]["allDaemonStatuses"]
        healthy = {status["daemonType"] for status in statuses if status["healthy"]}
        if {"SCHEDULER", "MONITORING"} <= healthy:
            return
        time.sleep(0.5)
    raise AssertionError(f"healthy daemons: {healthy}")


def first_picture(page, address: str, asset: str) -> str:
    """The source of the first picture among an asset's metadata."""
    text_at(page, f"{address}/assets/{asset}", "[Show Markdown]")
    buttons = page.get_by_text("[Show Markdown]")
    for position in range(buttons.count()):
        buttons.nth(position).click()
        image = page.locator("img[src^='data:image/png']").first
        try:
            image.wait_for(timeout=3_000)
        except PlaywrightTimeoutError:
            page.keyboard.press("Escape")
            continue
        assert image.evaluate("img => img.naturalWidth") > 200
        return str(image.get_attribute("src"))
    raise AssertionError(f"{asset} shows no picture")


LAUNCH = """
mutation($config: RunConfigData!) {
  launchRun(executionParams: {
    selector: {
      repositoryLocationName: "lr_pipeline", repositoryName: "__repository__",
      jobName: "study_job", assetSelection: [{path: ["gradient_descent_study"]}]
    },
    runConfigData: $config
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""
STATUS = "query($id: ID!) {runOrError(runId: $id) {... on Run {status}}}"


def ask(address: str, query: str, **variables: object) -> dict[str, object]:
    """Send the request that the page itself would send."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/graphql", body, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def test_a_changed_learning_rate_changes_the_studys_picture(page, address) -> None:
    """A run with other rates, as from the Launchpad, gives another picture."""
    before = first_picture(page, address, "gradient_descent_study")
    config = {"ops": {"gradient_descent_study": {"config": {"learning_rates": [0.3, 0.95]}}}}
    launched = ask(address, LAUNCH, config=config)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    for _ in range(240):
        status = ask(address, STATUS, id=launched["run"]["runId"])["runOrError"]["status"]
        if status in {"SUCCESS", "FAILURE"}:
            break
        time.sleep(0.5)
    assert status == "SUCCESS"
    assert first_picture(page, address, "gradient_descent_study") != before
