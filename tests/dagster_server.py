"""``dagster dev`` on a home of its own, all of whose processes can be killed at once."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from lr_pipeline.orchestration.instance.home import initialise_home

BIN = Path(sys.executable).parent
SECONDS = 180.0  # for anything that is waited for; the machine may be busy
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


class DagsterServer:
    """Web server, daemon and a code location, a Python file or a module, in ``folder``."""

    def __init__(self, folder: Path, location: Path | str, **environment: str) -> None:
        self.folder, self.location = folder, location
        self.name = location if isinstance(location, str) else location.name
        self.home = initialise_home(folder / "home")
        self.environment = os.environ | {"DAGSTER_HOME": str(self.home)} | environment
        self.address = ""
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start all processes, and wait until the location is loaded."""
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        source = ["-m" if isinstance(self.location, str) else "-f", str(self.location)]
        command = [BIN / "dagster", "dev", *source, "-h", "127.0.0.1", "-p", str(port)]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )
        wait_until(self._is_up, "the web server answers")
        return self

    def __exit__(self, *_error: object) -> None:
        """Kill what still runs."""
        self.kill()

    def kill(self) -> None:
        """Kill every process at once, runs too, as a power failure would."""
        if self.process is not None:
            for pid in [self.process.pid, *descendants(self.process.pid)]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def _is_up(self) -> bool:
        assert self.process is not None and self.process.poll() is None, "dagster dev ended"
        query = "{workspaceOrError {... on Workspace {locationEntries {loadStatus}}}}"
        try:
            found = self.ask(query)["workspaceOrError"]["locationEntries"]
        except (OSError, KeyError):
            return False
        return [one["loadStatus"] for one in found] == ["LOADED"]

    def ask(self, query: str, **variables: object) -> Any:
        """Send a request to the GraphQL API, as the page in the browser does."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/graphql", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def launch(self, job: str, config: object = None, assets: tuple[str, ...] = ()) -> str:
        """Launch a job, or some of its assets, as from the Launchpad; return the run's id."""
        query = """mutation($parameters: ExecutionParams!) {
          launchRun(executionParams: $parameters) {
            __typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}
            ... on RunConfigValidationInvalid {errors {message}}
          }
        }"""
        parameters = {
            "selector": {
                "repositoryLocationName": self.name,
                "repositoryName": "__repository__",
                "jobName": job,
            }
            | ({"assetSelection": [{"path": one.split("/")} for one in assets]} if assets else {}),
            "runConfigData": config or {},
        }
        launched = self.ask(query, parameters=parameters)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def status(self, run_id: str) -> str:
        """Return the status of a run."""
        query = "query($id: ID!) {runOrError(runId: $id) {... on Run {status}}}"
        return str(self.ask(query, id=run_id)["runOrError"]["status"])

    def end_of(self, run_id: str) -> str:
        """Wait until a run has ended; return its status."""
        wait_until(lambda: self.status(run_id) in ENDED, f"run {run_id} ends")
        return self.status(run_id)


def wait_until(happened: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.2)


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes that a process and its children have started."""
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in children.read_text().split():
                yield int(child)
                yield from descendants(int(child))


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
