"""`lr-pipeline serve`: what is killed comes back, the rest goes on, and it stops cleanly."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lr_pipeline.orchestration.service.health_checks import checked_parts
from tests.test_web_ui import ask

pytestmark = pytest.mark.faults

COMMAND = Path(sys.executable).with_name("lr-pipeline")
BACK = 10.0  # seconds, of the promise
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

    def __init__(self, folder: Path) -> None:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        self.folder = folder
        self.home = folder / ".dagster_home"
        self.address = f"http://127.0.0.1:{port}"
        command = [str(COMMAND), "serve", "--port", str(port)]
        environment = {**os.environ, "DAGSTER_HOME": str(self.home)}
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


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Iterator[Service]:
    """A service on a fresh home, once it is healthy."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "workspace.yaml").write_text(
        "load_from:\n  - python_module:\n      module_name: lr_pipeline.definitions\n"
        "      location_name: lr_pipeline\n"
    )
    found = Service(folder)
    try:
        assert wait_for(found.healthy, 180), (folder / "serve.txt").read_text()
        yield found
    finally:
        found.process.send_signal(signal.SIGTERM)
        found.process.wait(60)


@pytest.mark.promise(
    "Services",
    "A process of the service that dies is back within 10 s, and no other one stops.",
)
@pytest.mark.parametrize("name", ["web", "daemon", "code-lr_pipeline", "answers"])
def test_a_killed_process_comes_back_within_ten_seconds_and_nothing_else_stops(
    service: Service, name: str
) -> None:
    """SIGKILL of one process gives another one of that name; the others keep their ids."""
    before = service.pids()
    os.kill(before[name], signal.SIGKILL)
    start = time.monotonic()
    assert wait_for(lambda: service.pids().get(name, before[name]) != before[name], 2 * BACK)
    assert time.monotonic() - start < BACK
    after = service.pids()
    assert {one: after[one] for one in before if one != name} == {
        one: pid for one, pid in before.items() if one != name
    }
    assert wait_for(service.healthy, 120)


@pytest.mark.promise(
    "Services",
    "A code server that no longer answers is restarted; a run that it started goes on.",
)
def test_a_code_server_whose_inner_process_died_is_restarted_while_its_run_goes_on(
    service: Service,
) -> None:
    """The outer process lives, but does not answer any more; the run is a process of its own."""
    assert wait_for(service.healthy, 120)
    run = service.launch()
    assert wait_for(lambda: service.status(run) is dg.DagsterRunStatus.STARTED, 120)
    outer = service.pids()["code-lr_pipeline"]
    children = Path(f"/proc/{outer}/task/{outer}/children").read_text().split()
    (inner,) = [
        int(one) for one in children if b"grpc" in Path(f"/proc/{one}/cmdline").read_bytes()
    ]
    os.kill(inner, signal.SIGKILL)
    assert wait_for(lambda: service.pids().get("code-lr_pipeline", outer) != outer, 60)
    assert "does not answer" in (service.home / "service/logs/answers.log").read_text()
    assert wait_for(lambda: service.status(run) is dg.DagsterRunStatus.SUCCESS, 120)
    assert wait_for(service.healthy, 120)


@pytest.mark.promise("Services", "A web server that hangs is restarted.")
def test_a_web_server_that_hangs_is_restarted(service: Service) -> None:
    """A stopped process (SIGSTOP) does not answer, although it lives."""
    assert wait_for(service.healthy, 120)
    time.sleep(6)  # until it has been asked once since its start
    hanging = service.pids()["web"]
    os.kill(hanging, signal.SIGSTOP)
    assert wait_for(lambda: service.pids().get("web", hanging) != hanging, 150)
    assert wait_for(service.healthy, 120)


@pytest.mark.promise(
    "Services",
    "`lr-pipeline health` names every part that does not work, with exit code 1.",
)
def test_health_names_every_part_and_fails_where_one_does(service: Service) -> None:
    """The exit code is for a monitor."""
    assert wait_for(service.healthy, 120)
    found = subprocess.run(
        [str(COMMAND), "health", "--url", service.address],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = found.stdout.splitlines()
    assert found.returncode == 0
    assert {"✓ web server", "✓ daemon: scheduler", "✓ code location: lr_pipeline"} <= set(lines)
    elsewhere = [str(COMMAND), "health", "--url", "http://127.0.0.1:1"]
    found = subprocess.run(elsewhere, capture_output=True, text=True, check=False)
    assert found.returncode == 1
    assert found.stdout.startswith("✗ web server: http://127.0.0.1:1: ")


@pytest.mark.promise("Services", "A home is served once: a second service is refused with a word.")
def test_a_second_service_of_the_home_is_refused(service: Service) -> None:
    """The message says how to stop the first."""
    command = [str(COMMAND), "serve", "--home", str(service.home)]
    second = subprocess.run(
        command, cwd=service.folder, capture_output=True, text=True, check=False
    )
    assert second.returncode == 1
    assert "is served already" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.promise(
    "Services",
    "A stop of the service leaves no process, and the run that is going on finishes.",
)
def test_a_stop_finishes_the_run_that_is_going_on(service: Service) -> None:
    """After the stop no process is left, and the run has succeeded."""
    assert wait_for(service.healthy, 120)
    run = service.launch()
    assert wait_for(lambda: service.status(run) is dg.DagsterRunStatus.STARTED, 120)
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(90) == 0
    assert wait_for(lambda: service.status(run).value not in {"STARTED", "STARTING"}, 120)
    assert service.status(run) is dg.DagsterRunStatus.SUCCESS
    assert wait_for(lambda: not service.processes(), 60), service.processes()
