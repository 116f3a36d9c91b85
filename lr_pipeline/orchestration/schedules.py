"""Schedules: when models are trained again automatically."""

import dagster as dg

from lr_pipeline.orchestration.jobs import training_job

DAILY = "0 2 * * *"
STATUS = {False: dg.DefaultScheduleStatus.STOPPED, True: dg.DefaultScheduleStatus.RUNNING}


def build_training_schedule(cron: str = DAILY, running: bool = False) -> dg.ScheduleDefinition:
    """Return a schedule that runs ``training_job`` at ``cron`` (UTC; by default at two at night).

    It is switched off at first unless ``running``. The web UI switches it on and off.
    """
    return dg.ScheduleDefinition(
        name="daily_training" if cron == DAILY else "scheduled_training",
        job=training_job,
        cron_schedule=cron,
        default_status=STATUS[running],
    )
