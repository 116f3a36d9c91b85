"""Reads from Dagster's event log how long each part of a home's latest run took.

``python -m benchmarks.chain_steps HOME STARTED WALL`` prints the seconds of each part as JSON:
the start of the process (its imports), Dagster's plan, each step, what lies between the steps, and
the end. ``STARTED`` is the Unix time at which the process was started, ``WALL`` its seconds.
"""

import json
import sys
from collections.abc import Iterable
from typing import NamedTuple

IMPORTS, PLAN = "start: imports, definitions", "Dagster's plan of the run"
BETWEEN, END = "between the steps", "after the last step"


class Event(NamedTuple):
    """An event of a run: its Unix time, its type, and its step if it has one."""

    time: float
    kind: str
    step: str | None


def read_events(home: str) -> list[Event]:
    """Return the events of the latest run of a Dagster home, in the order of their times."""
    import dagster as dg

    with dg.DagsterInstance.from_config(home) as instance:
        (run,) = instance.get_runs(limit=1)
        logs = instance.all_logs(run.run_id)
    events = [(log.timestamp, log.dagster_event) for log in logs]
    found = [Event(at, one.event_type_value, one.step_key) for at, one in events if one]
    return sorted(found, key=lambda event: event.time)


def parts_of_run(events: Iterable[Event], started: float, wall: float) -> dict[str, float]:
    """Return the seconds of each part of the run; they add up to ``wall``."""
    events = list(events)
    starts = {one.step: one.time for one in events if one.kind == "STEP_START" and one.step}
    ends = {one.step: one.time for one in events if one.kind == "STEP_SUCCESS" and one.step}
    steps = {step: ends[step] - start for step, start in starts.items()}
    first, last = min(starts.values()), max(ends.values())
    return {
        IMPORTS: events[0].time - started,
        PLAN: first - events[0].time,
        **{_short(step): seconds for step, seconds in steps.items()},
        BETWEEN: last - first - sum(steps.values()),
        END: started + wall - last,
    }


def _short(step: str) -> str:
    """Return a step's name without its table: ``rows__train_set_no_leakage`` has two parts."""
    return step.rsplit("__", 1)[-1]


if __name__ == "__main__":
    HOME, STARTED, WALL = sys.argv[1:]
    print(json.dumps(parts_of_run(read_events(HOME), float(STARTED), float(WALL))))
