"""Find runs whose process has died by their tags, and report them as failed.

Dagster's default launcher does not see whether a run's process lives, so that its monitoring waits
for a timeout of a day. Here each run names its process in its tags: a command line's when it is
created, a launched one before its first step.
"""

import json
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun, DagsterRunStatus

SERVER_TAG = ".dagster/grpc_info"  # Dagster's own, set at each launch
HOST_TAG = "lr_pipeline/host"
PID_TAG = "lr_pipeline/pid"
START_TAG = "lr_pipeline/process_start"
RUN_TAG = "lr_pipeline/process_of"  # tags of a run that is executed again are copied


def process_tags(pid: int | None = None) -> dict[str, str]:
    """Return the tags of a run that is executed in a process of this host, by default this one."""
    pid = pid or os.getpid()
    return {HOST_TAG: platform.node(), PID_TAG: str(pid), START_TAG: _process_start(pid) or ""}


def record_process(instance: "DagsterInstance", run: "DagsterRun") -> None:
    """Tag a launched run with its process; called in it, or in a process that it made for a step.

    Where the steps are executed on other hosts, the run's process is not known here, and nothing is
    recorded.
    """
    if _named_itself(run):
        return
    for pid in _launched_processes(instance, run):
        if pid in (os.getpid(), os.getppid()):
            instance.add_run_tags(run.run_id, {**process_tags(pid), RUN_TAG: run.run_id})
            return


def unfinished() -> "list[DagsterRunStatus]":
    """Return the statuses of a run that has left the queue and has not ended."""
    from dagster import DagsterRunStatus

    names = ("NOT_STARTED", "STARTING", "STARTED", "CANCELING")
    return [DagsterRunStatus[name] for name in names]


def fail_dead_runs(instance: "DagsterInstance") -> list[str]:
    """Report as failed this host's unfinished runs whose process is gone; return their ids."""
    from dagster import RunsFilter

    wanted = RunsFilter(tags={HOST_TAG: platform.node()}, statuses=unfinished())
    failed = []
    for listed in instance.get_runs(wanted):
        if not is_dead(listed):
            continue
        # The run may have ended well between the query and the check of its process.
        run = instance.get_run_by_id(listed.run_id)
        if run is None or run.is_finished:
            continue
        instance.report_run_failed(run, describe_death(run))
        failed.append(run.run_id)
    return failed


def is_dead(run: "DagsterRun") -> bool:
    """Tell whether the run had a process on this host that has ended.

    A reused process id has another start time. The tags of a launched run count if it wrote them
    itself: the web UI and the daemon copy those of a run that they execute again.
    """
    tags = run.tags
    if not _named_itself(run) or tags.get(HOST_TAG) != platform.node():
        return False
    return _process_start(int(tags[PID_TAG])) != tags[START_TAG]


def _named_itself(run: "DagsterRun") -> bool:
    """Tell whether the tags that name a process are the run's own, if it has them."""
    return run.remote_job_origin is None or run.tags.get(RUN_TAG) == run.run_id


def died_unnamed(instance: "DagsterInstance", run: "DagsterRun") -> bool:
    """Tell whether a launched run's process ended before it could write its tags.

    Its code server logged the process id. The process is on this machine if the server
    was asked by a socket; nothing is known of other processes.
    """
    server = json.loads(run.tags.get(SERVER_TAG, "{}"))
    if run.tags.get(RUN_TAG) == run.run_id or not server.get("socket"):
        return False
    pid = next(_launched_processes(instance, run), None)
    return pid is not None and _process_start(pid) is None


def _launched_processes(instance: "DagsterInstance", run: "DagsterRun") -> Iterator[int]:
    """Yield the ids of processes that the launch of a run has logged."""
    from dagster import DagsterEventType

    for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT):
        pid = entry.get_dagster_event().engine_event_data.metadata.get("pid")
        if pid is not None:
            yield int(str(pid.value))


def describe_death(run: "DagsterRun") -> str:
    """Return what happened to a run whose process is gone, and what to do."""
    again = "start the run again" if run.remote_job_origin is None else "the run is retried"
    number = f" {run.tags[PID_TAG]}" if _named_itself(run) and PID_TAG in run.tags else ""
    return (
        f"The process{number} of this run ended without finishing it (killed, "
        "out of memory, or the machine was restarted). Artifacts of earlier steps are intact: "
        f"{again}."
    )


def _process_start(pid: int) -> str | None:
    """Return a text that identifies a process by its start; None where there is no process."""
    if Path("/proc/self/stat").exists():
        return _start_in_proc(pid)
    listing = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "".join(c if c.isalnum() else "-" for c in listing.stdout.strip()) or None


def _start_in_proc(pid: int) -> str | None:
    """Return boot id and start time in clock ticks since that boot, from /proc (see proc(5))."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the command in brackets, which may contain spaces and brackets.
    state, *fields = stat.rpartition(")")[2].split()
    if state in {"Z", "X"}:
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}.{fields[18]}"
