"""Find runs whose process has died by their tags, and report them as failed.

Dagster's run monitoring sees only the processes of its own launcher, and only by a timeout. A run
that a command line executes in its own process identifies this process in its tags.
"""

import os
import platform
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

HOST_TAG = "lr_pipeline/host"
PID_TAG = "lr_pipeline/pid"
START_TAG = "lr_pipeline/process_start"


def process_tags() -> dict[str, str]:
    """Return the tags of a run that is executed in this process."""
    pid = os.getpid()
    return {HOST_TAG: platform.node(), PID_TAG: str(pid), START_TAG: _process_start(pid) or ""}


def fail_dead_runs(instance: "DagsterInstance") -> list[str]:
    """Report as failed this host's unfinished runs whose process is gone; return their ids."""
    from dagster import DagsterRunStatus, RunsFilter

    unfinished = [
        DagsterRunStatus.NOT_STARTED,
        DagsterRunStatus.STARTING,
        DagsterRunStatus.STARTED,
        DagsterRunStatus.CANCELING,
    ]
    runs = instance.get_runs(RunsFilter(tags={HOST_TAG: platform.node()}, statuses=unfinished))
    failed = []
    for listed in runs:
        if _is_running(listed):
            continue
        # The run may have ended well between the query and the check of its process.
        run = instance.get_run_by_id(listed.run_id)
        if run is None or run.is_finished:
            continue
        instance.report_run_failed(
            run,
            f"The process {run.tags[PID_TAG]} of this run ended without finishing it (killed, out "
            "of memory, or the machine was restarted). Artifacts of earlier steps are intact: "
            "start the run again.",
        )
        failed.append(run.run_id)
    return failed


def _is_running(run: "DagsterRun") -> bool:
    """Tell whether the run's process lives; a reused process id has another start time."""
    if run.remote_job_origin is not None:
        # The web UI or the daemon started it: they copy the tags of a run that they re-execute.
        return True
    return _process_start(int(run.tags[PID_TAG])) == run.tags[START_TAG]


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
