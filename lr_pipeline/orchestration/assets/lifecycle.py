"""Asset of group ``lifecycle``: the model in use."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from lr_pipeline.evaluation.verdict.rules import Answer
from lr_pipeline.lifecycle.decide import Challenger, decide
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.model_version import version_of
from lr_pipeline.models.recorded_model import RecordedModel
from lr_pipeline.orchestration.asset_names import CHALLENGER, REPORT
from lr_pipeline.orchestration.assets.table_asset import Lesson, table_asset
from lr_pipeline.orchestration.config.champion_config import ChampionConfig
from lr_pipeline.orchestration.instance.catalogue import (
    latest_materialization,
    materialization_of_run,
    materialization_of_version,
    recorded,
)
from lr_pipeline.orchestration.instance.check_results import refusals
from lr_pipeline.orchestration.instance.rulings import (
    current_champion,
    one_ruling_at_a_time,
    user_name,
)
from lr_pipeline.orchestration.instance.run_archive import whole_history
from lr_pipeline.orchestration.metadata.champion_metadata import champion_metadata
from lr_pipeline.orchestration.resources.engine_resource import RowsEngine
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.report.render import Report
from lr_pipeline.tables.table import Table


@table_asset("lifecycle", Lesson("test"), {"json"})
def champion(
    context: dg.AssetExecutionContext,
    config: ChampionConfig,
    engine: RowsEngine,
    test_set: Table,
    numpy_model: LogisticModel,
    evaluation_report: Report,
) -> Iterator[dg.MaterializeResult[RecordedModel]]:
    """The model in use, after a new one, its challenger, was tested against it on the same rows.

    The challenger takes its place only if the test rows show it, by a paired test whose level
    shrinks with each decision of these rows; the first one if it beats the prevalence. A model that
    failed a blocking check, did not converge, or got a no from its report is never promoted by a
    test. Every materialization is a ruling: which model is in use since then, who decided it, when
    and why.
    """
    instance, key = context.instance, context.asset_key
    challenger = _challenger(context, numpy_model, evaluation_report)
    with one_ruling_at_a_time(instance, key):
        found = decide(
            challenger,
            current_champion(instance, key),
            whole_history(instance, key),
            test_set,
            config.policy(),
            user_name(),
            datetime.now(UTC),
            engine.aggregate,
        )
        metadata = champion_metadata(found.record)
        context.log.info(metadata["summary"])
        # Dagster records the materialization before it asks for the next result: the lock is held.
        yield dg.MaterializeResult(
            value=found.stored,
            metadata=metadata,
            data_version=dg.DataVersion(found.version or "none"),
        )


def _challenger(
    context: dg.AssetExecutionContext, model: LogisticModel, report: Report
) -> Challenger:
    """Describe the new model by its checks, its report and its run."""
    instance, names = context.instance, TableNames.of(context.asset_key)
    key, report_key = names.key(CHALLENGER), names.key(REPORT)
    entry = materialization_of_version(instance, key, version_of(model))
    run = context.run.run_id if entry is None else entry.run_id
    reported = materialization_of_run(instance, report_key, context.run.run_id)
    reported = reported or latest_materialization(instance, report_key)
    this_run = instance.get_run_record_by_id(context.run.run_id)
    started = this_run.start_time if this_run and this_run.start_time else time.time()
    return Challenger(
        model,
        report.numbers["prevalence"],
        key.to_user_string(),
        run,
        started,
        None if reported is None else recorded(reported, "path"),
        (*refusals(instance, key, run), *(f"{REPORT}: {one}" for one in _headline(report, "no"))),
        "".join(_headline(report, "not proven")),
    )


def _headline(report: Report, answer: Answer) -> tuple[str, ...]:
    """Return the report's headline if that is its answer; a no is one more failed check."""
    verdict = report.numbers.get("verdict", {})  # absent from reports of earlier versions
    return (verdict["headline"],) if verdict.get("answer") == answer else ()
