"""Schedules: when models are trained again, and new rows scored, automatically."""

import dagster as dg

from lr_pipeline.orchestration.jobs import SCORING, TRAINING
from lr_pipeline.orchestration.table_names import NO_TABLE, TableNames

DAILY = "0 2 * * *"
DAILY_SCORING = "0 4 * * *"
STATUS = {False: dg.DefaultScheduleStatus.STOPPED, True: dg.DefaultScheduleStatus.RUNNING}


def build_training_schedule(
    cron: str = DAILY, running: bool = False, names: TableNames = NO_TABLE
) -> dg.ScheduleDefinition:
    """Return a schedule of a table's training job at ``cron`` (UTC; by default two at night).

    It is switched off at first unless ``running``. The web UI switches it on and off.
    """
    return dg.ScheduleDefinition(
        name=names.named("daily_training" if cron == DAILY else "scheduled_training"),
        job_name=names.named(TRAINING),
        cron_schedule=cron,
        default_status=STATUS[running],
    )


def build_scoring_schedule(
    running: bool = False, names: TableNames = NO_TABLE
) -> dg.ScheduleDefinition:
    """Return a schedule that scores a table's new rows every day at four (UTC)."""
    return dg.ScheduleDefinition(
        name=names.named("daily_scoring"),
        job_name=names.named(SCORING),
        cron_schedule=DAILY_SCORING,
        default_status=STATUS[running],
    )
