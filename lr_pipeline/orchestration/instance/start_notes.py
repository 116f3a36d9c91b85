"""Repairs and notes when a command or a server starts on a Dagster home."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

from lr_pipeline.orchestration.instance.home import SETTINGS
from lr_pipeline.orchestration.instance.run_processes import fail_dead_runs

if TYPE_CHECKING:
    from dagster import DagsterInstance

SECONDS_BEHIND = 60.0  # clocks of several hosts may differ a little
RUNS_COMPARED = 2  # the newest may be the one that asks
# Setting → other settings of Dagster that mean the same.
SAME_AS = {"concurrency": ("run_coordinator", "run_queue")}


def notes_at_start(instance: "DagsterInstance") -> list[str]:
    """Fail the runs whose process is gone; return a line for each, and one on the clock."""
    failed = [
        f"run {run_id} is failed: its process is gone (killed, or the machine was restarted)"
        for run_id in fail_dead_runs(instance)
    ]
    behind = clock_behind(instance)
    return failed if behind is None else [*failed, behind]


def clock_behind(instance: "DagsterInstance") -> str | None:
    """Say by how much the clock is behind the newest runs; None if it is not."""
    now = time.time()
    records = instance.get_run_records(limit=RUNS_COMPARED)
    newest = max((one.update_timestamp.timestamp() for one in records), default=now)
    if newest <= now + SECONDS_BEHIND:
        return None
    latest = utc_words(newest)
    return (
        f"the clock says {utc_words(now)}, but the newest run is of {latest}: was the clock set "
        f"back? Set it right (timedatectl). Until {latest} no schedule ticks that ticked "
        "before; which version is current does not depend on the clock"
    )


def missing_settings(home: Path) -> str | None:
    """Say which settings of a new home an older dagster.yaml lacks; None if it has them all."""
    import yaml

    path = home / "dagster.yaml"
    present = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    lacking = [
        name
        for name in yaml.safe_load(SETTINGS)
        if not any(one in present for one in (name, *SAME_AS.get(name, ())))
    ]
    if not lacking:
        return None
    return (
        f"{path} lacks settings that a new home has: {', '.join(lacking)}. Add them as in "
        "docs/operations.md, or set them to your own values; this file is never overwritten"
    )


def utc_words(timestamp: float | None) -> str:
    """Return a Unix time (s) as words in UTC; None stands for now."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(timestamp))
