"""`lr-pipeline serve` as a process that tests can kill, and what they ask of it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg

from lr_pipeline.orchestration.service.health_checks import checked_parts
from tests.web_ui.site import ask

COMMAND = Path(sys.executable).with_name("lr-pipeline")
LAUNCH = """
mutation {launchRun(executionParams: {
  selector: {repositoryName: "__repository__", repositoryLocationName: "lr_pipeline",
             jobName: "training_job"}, runConfigData: {}}) {
  __typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}
"""


def wait_for(condition: Callable[[], Any], seconds: float) -> Any:
    """Return the first true value of a condition; the last one when the time is over."""
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.2)
    return found


class Service:
    """A running `lr-pipeline serve` in ``folder``, its pids from supervisorctl."""

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        self.folder = folder
        self.home = folder / ".dagster_home"
        self.address = f"http://127.0.0.1:{port}"
        command = [str(COMMAND), "serve", "--port", str(port)]
        environment = {**os.environ, **(variables or {}), "DAGSTER_HOME": str(self.home)}
        with (folder / "serve.txt").open("w") as output:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=output, stderr=output
            )

    def ask_supervisor(self, *words: str) -> str:
        """Return what supervisorctl prints."""
        settings = self.home / "service/supervisord.conf"
        command = [sys.executable, "-m", "supervisor.supervisorctl", "-c", str(settings), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def pids(self) -> dict[str, int]:
        """Return the processes by name."""
        lines = [line.split() for line in self.ask_supervisor("status").splitlines()]
        return {name: int(rest[2].strip(",")) for name, *rest in lines if rest[0] == "RUNNING"}

    def healthy(self) -> bool:
        """Tell whether every part of the service works."""
        return all(part.healthy for part in checked_parts(self.address, 5))

    def launch(self) -> str:
        """Start the training job through the web server, once its code server is back."""

        def launched() -> str | None:
            with suppress(OSError, KeyError):
                return str(ask(self.address, LAUNCH)["launchRun"]["run"]["runId"])
            return None

        return str(wait_for(launched, 120))

    def status(self, run: str) -> dg.DagsterRunStatus:
        """Return the run's status in the history."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            found = instance.get_run_by_id(run)
            assert found is not None
            return found.status

    def processes(self) -> list[str]:
        """Return the commands of living processes that name this folder."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                command = path.read_bytes().replace(b"\0", b" ").decode()
                if str(self.folder) in command and int(path.parent.name) != os.getpid():
                    found.append(command)
        return found
