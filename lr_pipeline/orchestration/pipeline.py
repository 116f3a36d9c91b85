"""The entry point for users and tests: from a table to a Dagster code location."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from lr_pipeline.orchestration.assets import data, evaluation, models, scoring, tutorial_studies
from lr_pipeline.orchestration.checks import build_checks
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.jobs import scoring_job, study_job, training_job, tutorial_job
from lr_pipeline.orchestration.resources.engine_resource import Engine, RowsEngine
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.orchestration.schedules import DAILY, build_training_schedule
from lr_pipeline.tables.sources.declared_tables import TableSource


def build_definitions(
    table: TableSource,
    name: str | None = None,
    *,
    studies: bool = False,
    engine: RowsEngine | None = None,
    schedule: str = DAILY,
    scheduled: bool = False,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
) -> dg.Definitions:
    """Build the assets, checks, jobs and schedule that take ``table`` to an evaluation report.

    Parameters
    ----------
    table
        Where the rows come from, the roles of their columns and how they are split.
    name
        Key prefix of every asset, so that one instance can hold several tables: ``"churn"`` gives
        ``churn/numpy_model``. None, as for the tutorial's table, means no prefix.
    studies
        Whether the tutorial's studies of the training set are among the assets.
    engine
        Who reads the rows: by default an ``Engine``, which holds them in memory while they fit; or
        a ``DaskEngine``, whose workers form a cluster.
    schedule
        Cron expression (UTC) of the training schedule.
    scheduled
        Whether the schedule is on from the start; otherwise the web UI can switch it on.
    resources
        Replacements for the resources ``table``, ``engine`` and ``io_manager``, in tests.
    loggers
        Dagster loggers that a run may choose by name.

    Examples
    --------
    >>> from lr_pipeline.tables.sources.declared_tables import FileTable
    >>> defs = build_definitions(FileTable("data/samples/spector.csv", target="GRADE"), "spector")
    """
    prefix = [name] if name else []
    modules = [data, models, evaluation, scoring, *([tutorial_studies] if studies else [])]
    return dg.Definitions(
        assets=dg.load_assets_from_modules(modules, key_prefix=name),
        asset_checks=build_checks(prefix),
        jobs=[training_job, tutorial_job, scoring_job, *([study_job] if studies else [])],
        schedules=[build_training_schedule(schedule, scheduled)],
        resources={
            "table": TableResource.of(table),
            "engine": engine or Engine(),
            "io_manager": ArtifactIOManager(),
            **(resources or {}),
        },
        loggers=loggers,
        executor=dg.in_process_executor,
    )
