"""Schedules: when models are trained again, and new rows scored, automatically."""

from datetime import timedelta
from itertools import islice, pairwise

import dagster as dg
from dagster._utils.schedules import schedule_execution_time_iterator

from lr_pipeline.orchestration.automation.late_tick import said_if_late
from lr_pipeline.orchestration.automation.training_decision import decide_training
from lr_pipeline.orchestration.config.automation_config import DAILY, AutomationConfig
from lr_pipeline.orchestration.jobs import SCORING, TRAINING
from lr_pipeline.orchestration.table_names import NO_TABLE, TableNames
from lr_pipeline.tables.sources.declared_tables import TableSource

DAILY_SCORING = "0 4 * * *"
STATUS = {False: dg.DefaultScheduleStatus.STOPPED, True: dg.DefaultScheduleStatus.RUNNING}

TICKS_COMPARED = 60  # a month of nights, or five years of months
LATE_AFTER = 2  # of the longest time between two ticks
WARNED = 0.625  # of the time after which it is late: a night and a quarter of two nights
A_MONDAY = 1_704_067_200  # 2024-01-01 00:00 UTC, Unix time (s)


def build_training_schedule(
    source: TableSource, when: AutomationConfig, names: TableNames = NO_TABLE
) -> dg.ScheduleDefinition:
    """Return the schedule of a table's training job.

    A tick trains if source, declaration, settings, code or libraries are not those of the last
    complete training, and says why it ran or skipped. It is off at first unless it is
    ``scheduled``; the web UI switches it on and off.
    """

    def decide(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        job = context.repository_def.get_job(names.named(TRAINING))
        decision = decide_training(context.instance, job, names, source)
        return said_if_late(context, decision.result())

    return dg.ScheduleDefinition(
        name=names.named("daily_training" if when.schedule == DAILY else "scheduled_training"),
        job_name=names.named(TRAINING),
        cron_schedule=when.schedule,
        execution_timezone=when.timezone,
        execution_fn=decide,
        default_status=STATUS[when.scheduled],
        description="Trains when data, declaration, settings, code or libraries have changed since "
        "the last complete training; each tick says what.",
    )


def build_scoring_schedule(
    when: AutomationConfig, names: TableNames = NO_TABLE
) -> dg.ScheduleDefinition:
    """Return a schedule that scores a table's new rows every day at four."""
    return dg.ScheduleDefinition(
        name=names.named("daily_scoring"),
        job_name=names.named(SCORING),
        cron_schedule=DAILY_SCORING,
        execution_timezone=when.timezone,
        execution_fn=lambda context: said_if_late(context, dg.RunRequest()),
        default_status=STATUS[when.scheduled],
    )


def freshness_of(when: AutomationConfig) -> dg.FreshnessPolicy | None:
    """Return when report and champion are late, with a warning before; None if never.

    By default they are late after twice the longest time between two ticks, if the schedule is on.
    """
    if when.late_after_hours is not None:
        late = timedelta(hours=when.late_after_hours)
    elif when.scheduled:
        ticks = schedule_execution_time_iterator(A_MONDAY, when.schedule, when.timezone)
        times = [one.timestamp() for one in islice(ticks, TICKS_COMPARED)]
        late = timedelta(seconds=LATE_AFTER * max(b - a for a, b in pairwise(times)))
    else:
        return None
    return dg.FreshnessPolicy.time_window(late, late * WARNED) if late else None
