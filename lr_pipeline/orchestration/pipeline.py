"""The entry point for users and tests: from a table to a Dagster code location."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from lr_pipeline.orchestration.assets import (
    data,
    drift_of_rows,
    lifecycle,
    models,
    tutorial_studies,
)
from lr_pipeline.orchestration.assets import evaluation as evaluation_assets
from lr_pipeline.orchestration.assets import scoring as scoring_assets
from lr_pipeline.orchestration.assets.table_asset import assets_in
from lr_pipeline.orchestration.automation.monthly_history import monthly_history
from lr_pipeline.orchestration.automation.table_automation import TableAutomation
from lr_pipeline.orchestration.config.acknowledged_config import acknowledged_warnings
from lr_pipeline.orchestration.config.automation_config import DAILY, UTC, AutomationConfig
from lr_pipeline.orchestration.config.table_configs import table_configs
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.jobs import table_jobs
from lr_pipeline.orchestration.resources.engine_resource import Engine, RowsEngine
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.orchestration.run_loggers import RUN_LOGGERS
from lr_pipeline.orchestration.table_checks import build_checks
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.sources.declared_tables import SyntheticTable, TableSource

ARTIFACTS = ArtifactIOManager()  # one object, so that definitions of several tables can be merged


def build_definitions(
    table: TableSource,
    name: str | None = None,
    *,
    studies: bool = False,
    engine: RowsEngine | None = None,
    schedule: str = DAILY,
    timezone: str = UTC,
    scheduled: bool = False,
    watch: bool = False,
    follow: bool = False,
    late_after_hours: float | None = None,
    monthly_from: str | None = None,
    training: Mapping[str, Any] | None = None,
    evaluation: Mapping[str, Any] | None = None,
    champion: Mapping[str, Any] | None = None,
    scoring: Mapping[str, Any] | None = None,
    score_path: str | None = None,
    acknowledged: Mapping[str, Mapping[str, Any]] | None = None,
    resources: Mapping[str, Any] | None = None,
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
    executor: dg.ExecutorDefinition = dg.in_process_executor,
) -> dg.Definitions:
    """Build the assets, checks, jobs and schedule that take ``table`` to an evaluation report.

    Those of several tables can be merged: ``dg.Definitions.merge``.

    Parameters
    ----------
    table
        Where the rows come from, the roles of their columns and how they are split.
    name
        The table's name, by which one instance can hold several: ``"churn"`` gives the asset
        ``churn/numpy_model`` of group ``churn``, the op ``churn__numpy_model`` and the job
        ``churn__training_job``. None, as for the tutorial's table, means plain names.
    studies
        Whether the tutorial's studies of the training set are among the assets.
    engine
        Who reads the rows: by default an ``Engine``, which holds them in memory while they fit; or
        a ``DaskEngine``, whose workers form a cluster.
    schedule, timezone
        Cron expression of the training schedule, and the time zone that it is in, such as
        ``"Europe/Berlin"``. A tick on unchanged data, settings and code skips.
    scheduled
        Whether the schedules are on from the start; otherwise the web UI can switch them on.
    watch
        Whether the sensor that trains when the source's content changes is on from the start.
    follow
        Whether the other assets follow by themselves when `dataset` alone was materialized with
        other rows, and its blocking checks passed.
    late_after_hours
        Age at which report and champion are late; None: twice the longest time between two ticks,
        where the schedule is on from the start; 0: never.
    monthly_from
        First of the past months, such as ``"2023-01"``, that can be trained as they were at their
        end: as partitions of assets below ``NAME_by_month``. The table needs a time column.
    training
        Settings of both logistic models unless a run sets others, such as
        ``{"penalty": "l2", "l2": 1.0}``: see ``TrainingConfig``.
    evaluation
        Settings of the report unless a run sets others: see ``EvaluationConfig``.
    champion
        What a new model must show to replace the one in use, unless a run sets otherwise, such as
        ``{"aim": "non-inferiority", "metric": "roc_auc", "margin": 0.01}``: see ``ChampionConfig``.
    scoring
        Settings of the predictions unless a run sets others, such as ``{"reasons": 3, "reference":
        "reference.yaml"}``: see ``ScoreConfig``.
    score_path
        The new rows that `predictions` scores, and `drift_report` compares with the training set,
        unless a run names others: a file, folder, pattern or URL. A second schedule then scores
        them every day, two hours after the daily training.
    acknowledged
        Warnings that are known and accepted: alerts leave them out as long as their text is the
        same: ``{"contract": {"says": "…", "because": "…"}}``, see ``AcknowledgedConfig``.
    resources
        Replacements for the resources ``table``, ``engine`` and ``io_manager``, in tests.
    loggers
        Dagster loggers that a run may choose by name, besides those of ``run_loggers``.
    executor
        Who executes the steps of a run that Dagster launched: by default its one process; or
        ``dg.multiprocess_executor``, whose processes take seconds to start for each step, or one
        that gives each step a container. Artifacts pass between them through the IO manager.

    Examples
    --------
    >>> from lr_pipeline.tables.sources.declared_tables import FileTable
    >>> defs = build_definitions(FileTable("data/samples/spector.csv", target="GRADE"), "spector")
    """
    names = TableNames(name)
    when = AutomationConfig(
        schedule=schedule,
        timezone=timezone,
        scheduled=scheduled,
        watch=watch,
        follow=follow,
        late_after_hours=late_after_hours,
        monthly_from=monthly_from,
    )
    tutorial = isinstance(table, SyntheticTable)
    modules = [data, models, evaluation_assets, lifecycle, scoring_assets, drift_of_rows]
    modules += [tutorial_studies] if studies else []
    assets = [one for module in modules for one in assets_in(module)]
    configs = table_configs(training, evaluation, champion, scoring, score_path)
    penalty = (training or {}).get("penalty", "auto")
    named = [place for place in (score_path, (scoring or {}).get("reference")) if place]
    own: dict[str, Any] = {"table": TableResource.of(table, named), "engine": engine or Engine()}
    given = dict(resources or {})
    own = {one: given.pop(one, default) for one, default in own.items()}
    automation = TableAutomation(when, table, names, assets)
    known = acknowledged_warnings(acknowledged or {})
    definitions = dg.Definitions(
        assets=[
            one.build(
                names,
                tutorial,
                configs,
                automation.condition(one.name),
                automation.freshness(one.name),
            )
            for one in assets
        ],
        asset_checks=build_checks(names, penalty, known),
        jobs=table_jobs(names, assets, tutorial, studies),
        schedules=automation.schedules(scoring=score_path is not None),
        sensors=automation.sensors(),
        resources={
            "io_manager": ARTIFACTS,
            **{names.resource(one): value for one, value in own.items()},
            **given,
        },
        loggers={**RUN_LOGGERS, **(loggers or {})},
        executor=executor,
    )
    months = monthly_history(when, table, names, assets, configs, penalty, known, own)
    return dg.Definitions.merge(definitions, months)
