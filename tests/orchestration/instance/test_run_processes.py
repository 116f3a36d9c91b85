"""A run whose process has died is found by its tags; other runs are not touched."""

import json
import os
import subprocess
import sys

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus

from lr_pipeline.orchestration.instance.process_launcher import ProcessRunLauncher
from lr_pipeline.orchestration.instance.run_processes import (
    HOST_TAG,
    PID_TAG,
    RUN_TAG,
    SERVER_TAG,
    START_TAG,
    fail_dead_runs,
    process_tags,
    record_process,
)


@dg.op
def nothing() -> None:
    """Do nothing."""


@dg.job
def some_job() -> None:
    """A job of one op."""
    nothing()


def start_run(instance: dg.DagsterInstance, tags: dict[str, str]) -> str:
    """Return the id of a run that is recorded as started."""
    run = instance.create_run_for_job(some_job, status=dg.DagsterRunStatus.STARTED, tags=tags)
    return run.run_id


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    """Return the run's status in Dagster."""
    return instance.get_run_by_id(run_id).status


@pytest.fixture
def dead_process_tags() -> dict[str, str]:
    """Return the tags of a process that was then killed."""
    script = (
        "import json, os, signal; "
        "from lr_pipeline.orchestration.instance.run_processes import process_tags; "
        "print(json.dumps(process_tags()), flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=False)
    return json.loads(killed.stdout)


@pytest.mark.promise("Runs", "A run whose process is gone is failed by the next command.")
def test_run_of_a_killed_process_is_failed(instance, dead_process_tags):
    """It is reported as failed once, with the process and the remedy in the message."""
    run_id = start_run(instance, dead_process_tags)
    assert fail_dead_runs(instance) == [run_id]
    assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE
    messages = [entry.message for entry in instance.all_logs(run_id)]
    assert any(f"process {dead_process_tags[PID_TAG]}" in message for message in messages)
    assert fail_dead_runs(instance) == []


def test_run_of_a_living_process_goes_on(instance):
    """The process that asks is alive."""
    run_id = start_run(instance, process_tags())
    assert fail_dead_runs(instance) == []
    assert status(instance, run_id) == dg.DagsterRunStatus.STARTED


def test_process_id_used_anew_is_not_mistaken(instance):
    """A living process with the same number started at another time."""
    run_id = start_run(instance, {**process_tags(), START_TAG: "another-boot.1"})
    assert fail_dead_runs(instance) == [run_id]


def test_unreaped_process_counts_as_dead(instance):
    """A zombie, which its parent has not waited for, has a number but does no work."""
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    try:
        run_id = start_run(instance, {**process_tags(), PID_TAG: str(child)})
        assert fail_dead_runs(instance) == [run_id]
    finally:
        os.waitpid(child, 0)


def test_other_runs_are_not_touched(instance, dead_process_tags):
    """Runs of another host, runs without tags and finished runs do not change."""
    start_run(instance, {**dead_process_tags, HOST_TAG: "another-host"})
    start_run(instance, {})
    finished = some_job.execute_in_process(instance=instance, tags=dead_process_tags)
    assert fail_dead_runs(instance) == []
    assert status(instance, finished.run_id) == dg.DagsterRunStatus.SUCCESS


def test_run_started_by_the_web_ui_is_not_touched(instance, dead_process_tags, monkeypatch):
    """Its re-execution copies the tags of the dead run, but runs in another process."""
    run_id = start_run(instance, dead_process_tags)
    monkeypatch.setattr(dg.DagsterRun, "remote_job_origin", object())
    assert fail_dead_runs(instance) == []
    assert status(instance, run_id) == dg.DagsterRunStatus.STARTED


def launcher_of(instance) -> ProcessRunLauncher:
    """The launcher of an instance."""
    launcher = ProcessRunLauncher()
    launcher.register_instance(instance)
    return launcher


@pytest.mark.promise(
    "Runs", "A run whose process died before it could name itself is failed, too, and retried."
)
@pytest.mark.parametrize(
    ("server", "status"),
    [
        ('{"socket": "/run/code.sock"}', WorkerStatus.FAILED),
        ('{"host": "a"}', WorkerStatus.RUNNING),
    ],
    ids=["on this machine", "on another"],
)
def test_a_launched_run_that_died_at_once_is_failed(
    instance, dead_process_tags, monkeypatch, server, status
):
    """Its code server logged the process id; that of a server elsewhere is not looked up here."""
    run_id = start_run(instance, {SERVER_TAG: server, PID_TAG: "1"})  # that of the run it repeats
    run = instance.get_run_by_id(run_id)
    pid = int(dead_process_tags[PID_TAG])
    instance.report_engine_event("Started process.", run, EngineEventData.in_process(pid))
    monkeypatch.setattr(dg.DagsterRun, "remote_job_origin", object())
    health = launcher_of(instance).check_run_worker_health(instance.get_run_by_id(run_id))
    assert health.status is status
    assert health.msg is None or "The process of this run ended" in health.msg


def test_launched_run_of_a_killed_process_is_failed(instance, dead_process_tags, monkeypatch):
    """The tags are its own, since they name it."""
    run_id = start_run(instance, dead_process_tags)
    instance.add_run_tags(run_id, {RUN_TAG: run_id})
    monkeypatch.setattr(dg.DagsterRun, "remote_job_origin", object())
    health = launcher_of(instance).check_run_worker_health(instance.get_run_by_id(run_id))
    assert health.status is WorkerStatus.FAILED
    assert f"process {dead_process_tags[PID_TAG]}" in health.msg
    assert fail_dead_runs(instance) == [run_id]


@pytest.mark.parametrize(
    ("pid", "known"),
    [(os.getpid(), True), (os.getppid(), True), (1, False)],
    ids=["this process", "its parent", "another"],  # the same in every worker of pytest-xdist
)
def test_launched_run_records_its_own_process(instance, monkeypatch, pid, known):
    """It may be the one that asks or its parent, but none of another host that has its number."""
    run_id = start_run(instance, {})
    run = instance.get_run_by_id(run_id)
    instance.report_engine_event("Started process.", run, EngineEventData.in_process(pid))
    monkeypatch.setattr(dg.DagsterRun, "remote_job_origin", object())
    record_process(instance, run)
    tags = instance.get_run_by_id(run_id).tags
    expected = {**process_tags(pid), RUN_TAG: run_id} if known else {}
    assert {name: tags[name] for name in tags if name.startswith("lr_pipeline/")} == expected
    health = launcher_of(instance).check_run_worker_health(instance.get_run_by_id(run_id))
    assert health.status is WorkerStatus.RUNNING


def test_tags_name_host_process_and_start():
    """All three are there, and short enough for a Dagster tag."""
    tags = process_tags()
    assert set(tags) == {HOST_TAG, PID_TAG, START_TAG}
    assert tags[PID_TAG] == str(os.getpid())
    assert all(0 < len(value) <= 63 for value in tags.values())
