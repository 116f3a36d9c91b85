"""Schedules: when a table is trained again without anybody asking."""

import dagster as dg

from lr_pipeline.jobs import training_job

DAILY = "0 2 * * *"


def build_training_schedule(cron: str = DAILY) -> dg.ScheduleDefinition:
    """Run ``training_job`` at ``cron`` (UTC; every night at two by default).

    It starts switched off: the web UI switches it on.
    """
    return dg.ScheduleDefinition(
        name="daily_training" if cron == DAILY else "scheduled_training",
        job=training_job,
        cron_schedule=cron,
    )
