"""Say in the result of a schedule's tick that it was missed and is made up for.

Dagster keeps a file for each tick that logs, for ever, so no tick of a table logs.
When Dagster's scheduler is up again, it evaluates the last of the ticks that it missed, once.
"""

from datetime import UTC, datetime, timedelta

import dagster as dg

CAUGHT_UP_TAG = "lr_pipeline/caught_up"
LATE = timedelta(minutes=2)  # a scheduler that is up is late by seconds


def said_if_late(
    context: dg.ScheduleEvaluationContext, result: dg.RunRequest | dg.SkipReason
) -> dg.RunRequest | dg.SkipReason:
    """Return the result of a tick; one that is late says so in the run's tag or the reason."""
    due = context.scheduled_execution_time
    if due is None or (late := datetime.now(UTC) - due) < LATE:
        return result
    minutes = round(late / timedelta(minutes=1))
    words = f"missed at {due:%Y-%m-%d %H:%M %Z}, made up for {minutes} min later"
    if isinstance(result, dg.SkipReason):
        return dg.SkipReason(f"{result.skip_message} ({words})")
    return result.with_replaced_attrs(tags={**result.tags, CAUGHT_UP_TAG: words})
