"""Runs of a table's training that have not ended, and what they are made of.

It does not matter what launched them: a schedule, a sensor, a terminal or the web UI.
"""

from collections.abc import Iterator
from contextlib import suppress

import dagster as dg
from dagster._core.system_config.objects import ResolvedRunConfig

from lr_pipeline.orchestration.automation.training_inputs import (
    Inputs,
    input_changes,
    inputs_of_next_run,
)
from lr_pipeline.orchestration.config.checked_at_launch import SettingsError
from lr_pipeline.orchestration.instance.catalogue import materialization_of_run
from lr_pipeline.orchestration.instance.last_training import recorded_inputs
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.sources.declared_tables import TableSource

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def unfinished_runs(instance: dg.DagsterInstance, job: dg.JobDefinition) -> Iterator[dg.DagsterRun]:
    """Yield the runs of all assets of the job that read their rows themselves, and go on."""
    keys = job.asset_layer.selected_asset_keys
    for run in instance.get_runs(dg.RunsFilter(job_name=job.name, statuses=UNFINISHED)):
        if run.parent_run_id is None and keys <= (run.asset_selection or keys):
            yield run


def will_read(
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    job: dg.JobDefinition,
    names: TableNames,
    source: TableSource,
) -> bool:
    """Tell whether a run has no step yet, and the settings that the next run would have."""
    if instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START):
        return False
    with suppress(dg.DagsterInvalidConfigError, SettingsError):  # such a run will fail
        config = ResolvedRunConfig.build(job, run.run_config)
        given = inputs_of_next_run(job, names, source, config)
        return input_changes(given, inputs_of_next_run(job, names, source)) is None
    return False


def has_read(
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    dataset: dg.AssetKey,
    now: Inputs,
    content: str,
) -> bool:
    """Tell whether a run has recorded that it is made of ``now`` and this content."""
    entry = materialization_of_run(instance, dataset, run.run_id)
    found = None if entry is None else recorded_inputs(entry)
    if found is None or input_changes(found, now):
        return False
    return bool(found.get("source", {}).get("content") == content)
