"""Schedules: when a table is trained again without anybody asking."""

import dagster as dg

DAILY = "0 2 * * *"


def build_training_schedule(
    job: "dg.UnresolvedAssetJobDefinition", cron: str = DAILY
) -> dg.ScheduleDefinition:
    """Run ``job`` at ``cron`` (UTC; every night at two by default). Switched on in the web UI."""
    return dg.ScheduleDefinition(
        name="daily_training" if cron == DAILY else "scheduled_training",
        job=job,
        cron_schedule=cron,
    )
