"""`lr-pipeline serve`: what is killed comes back, the rest goes on, and it stops cleanly."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.service_process import COMMAND, Service, wait_for

pytestmark = pytest.mark.faults

BACK = 10.0  # seconds, of the promise


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
