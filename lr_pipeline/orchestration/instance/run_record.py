"""What the event log knows of the run that is writing a report."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg
from dagster._config import process_config

from lr_pipeline.evaluation.numeric_libraries import numeric_libraries
from lr_pipeline.evaluation.recorded_data import key_of_test_rows, recorded_data
from lr_pipeline.evaluation.run_facts import AssetCost, ModelInUse, RunFacts
from lr_pipeline.orchestration.asset_names import CHAMPION, NUMPY, REPORT, TORCH
from lr_pipeline.orchestration.config.champion_config import ChampionConfig
from lr_pipeline.orchestration.config.evaluation_config import EvaluationConfig
from lr_pipeline.orchestration.config.training_config import (
    NumpyTrainingConfig,
    TorchTrainingConfig,
)
from lr_pipeline.orchestration.instance.earlier_reports import latest_earlier_report, utc
from lr_pipeline.orchestration.instance.io_manager import PEAK_MEMORY
from lr_pipeline.orchestration.instance.peak_memory import peak_so_far
from lr_pipeline.orchestration.instance.rulings import champion_key, latest_record
from lr_pipeline.orchestration.instance.run_archive import TEST_ROWS_TAG, removed_looks
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.sources.secrets import without_secrets
from lr_pipeline.tables.table import Table
from lr_pipeline.versions import code_identity

TAG_DIGITS = 32
# Assets whose settings a table can declare.
DECLARED: dict[str, type[dg.Config]] = {
    NUMPY: NumpyTrainingConfig,
    TORCH: TorchTrainingConfig,
    REPORT: EvaluationConfig,
    CHAMPION: ChampionConfig,
}

_Event = dg.DagsterEventType


def record_of_run(engine: dg.ConfigurableResource[Any], test_set: Table) -> RunFacts:
    """Return the facts of the run whose step calls this; outside a run, those of the code alone.

    The run is marked as one that looked at the rows of ``test_set``.
    """
    fields = {name: getattr(engine, name) for name in type(engine).model_fields}
    settings = without_secrets({"name": type(engine).__name__} | fields)
    always = RunFacts(engine=settings, code=code_identity(), arithmetic=numeric_libraries())
    if (context := _running_asset()) is None:
        return always
    entries = context.instance.all_logs(
        context.run.run_id, of_type={_Event.STEP_START, _Event.ASSET_MATERIALIZATION}
    )
    return replace(
        always,
        table="/".join(context.asset_key.path[:-1]),
        run_id=context.run.run_id,
        started=utc(entries[0].timestamp if entries else time.time()),
        costs=tuple(_costs(entries)),
        earlier_reports=_earlier_reports(context.instance, context.run.run_id, test_set),
        config=without_secrets(_table_config(context)),
        **({} if context.has_partition_key else _beside_it(context)),
    )


def _beside_it(context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Return the champion and the last report; a past month is compared with neither."""
    return {
        "in_use": _model_in_use(context.instance, context.asset_key),
        "earlier": latest_earlier_report(context.instance, context.asset_key, context.run.run_id),
    }


def cost_so_far() -> AssetCost | None:
    """Return what the asset whose step calls this has taken until now; None outside a run."""
    if (context := _running_asset()) is None:
        return None
    key = context.get_step_execution_context().step.key
    started = [
        entry.timestamp
        for entry in context.instance.all_logs(context.run.run_id, of_type=_Event.STEP_START)
        if entry.step_key == key
    ]
    if not started:
        return None
    peak = peak_so_far()
    return AssetCost(
        context.asset_key.path[-1],
        round(time.time() - started[-1], 3),
        None if peak is None else round(peak, 1),
    )


def _running_asset() -> dg.AssetExecutionContext | None:
    """Return the context of the asset whose step calls this; None outside a run."""
    try:
        return dg.AssetExecutionContext.get()
    except dg.DagsterInvariantViolationError:
        return None


def _earlier_reports(instance: dg.DagsterInstance, run_id: str, test_set: Table) -> int:
    """Count the other runs that reported on these test rows, and tag this one as such.

    Tags of runs are indexed; those of materializations are not.
    """
    rows = key_of_test_rows(recorded_data(test_set))[:TAG_DIGITS]
    tag = {TEST_ROWS_TAG: rows}
    instance.add_run_tags(run_id, tag)
    return instance.get_runs_count(dg.RunsFilter(tags=tag)) - 1 + removed_looks(instance, rows)


def _model_in_use(instance: dg.DagsterInstance, key: dg.AssetKey) -> ModelInUse:
    """Return the champion of the report's table, as the event log has it now."""
    record = latest_record(instance, champion_key(list(key.path[:-1])))
    if record is None:
        return ModelInUse()
    return ModelInUse(record.version, record.since, ruled=True)


def _costs(entries: Sequence[dg.EventLogEntry]) -> Iterator[AssetCost]:
    """Yield what each asset took, in their order."""
    started: dict[str | None, float] = {}
    for entry in entries:
        event = entry.get_dagster_event()
        if event.event_type is _Event.STEP_START:
            started[entry.step_key] = entry.timestamp
        elif entry.step_key in started:
            stored = event.step_materialization_data.materialization
            peak = stored.metadata.get(PEAK_MEMORY)
            yield AssetCost(
                stored.asset_key.path[-1],
                round(entry.timestamp - started[entry.step_key], 3),
                None if peak is None else round(float(str(peak.value)), 1),
            )


def _table_config(context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Return the settings of the table's assets: what the run was given, and what is declared.

    Declared settings are those that differ from the usual ones. The keys are assets.
    """
    names = TableNames.of(context.asset_key)
    own = names.named("")
    ops: dict[str, Any] = dict(context.run.run_config).get("ops", {})  # type: ignore[assignment]
    given = {op.removeprefix(own): op for op in ops if op.startswith(own)}
    found = {name: ops[op] for name, op in given.items() if "__" not in name}
    resolved = context.get_step_execution_context().resolved_run_config.ops
    for name, kind in DECLARED.items():
        in_run = resolved.get(names.named(name))
        usual = process_config(kind.to_config_schema().config_type, {}).value or {}
        declared = {
            field: value
            for field, value in (in_run.config if in_run else {}).items()
            if value != usual.get(field)
        }
        if declared:
            found[name] = {"config": declared | found.get(name, {}).get("config", {})}
    return found
