"""The events that somebody may have to know of, read from the log after a position in it."""

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance, EventLogEntry

KINDS = (
    "PIPELINE_FAILURE",
    "ASSET_CHECK_EVALUATION",
    "ASSET_MATERIALIZATION",
    "FRESHNESS_STATE_CHANGE",
)
PAGE = 200
# In PostgreSQL an event may become visible after one that has a larger number.
SETTLED_SECONDS = 3.0


def last_position(instance: "DagsterInstance") -> int:
    """Return the number of the last event of all."""
    return instance.event_log_storage.get_maximum_record_id() or 0


def events_after(instance: "DagsterInstance", position: int) -> "dict[int, EventLogEntry]":
    """Return number → event, in order, of those after a position that are settled.

    Where events were deleted, their numbers are given again: a position beyond the last event is
    one of those, and reading goes on after the last.
    """
    from dagster import DagsterEventType

    position = min(position, last_position(instance))
    settled = time.time() - SETTLED_SECONDS
    found: dict[int, EventLogEntry] = {}
    end = None
    for kind in KINDS:
        page = instance.event_log_storage.get_logs_for_all_runs_by_log_id(
            position, DagsterEventType(kind), PAGE
        )
        found |= page
        if len(page) == PAGE:
            end = min(max(page), end or max(page))
    ordered = {number: found[number] for number in sorted(found) if end is None or number <= end}
    young = [number for number, entry in ordered.items() if entry.timestamp > settled]
    return {number: one for number, one in ordered.items() if not young or number < young[0]}
