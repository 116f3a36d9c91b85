"""The last complete training of a table in Dagster's event log, and what it was made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from lr_pipeline.orchestration.asset_names import CHAMPION, DATASET, REPORT
from lr_pipeline.orchestration.instance.catalogue import (
    latest_materialization,
    materialization_of_run,
)
from lr_pipeline.orchestration.instance.earlier_reports import utc

INPUTS = "inputs"  # metadata of a dataset
SHORT_RUN = 8


@dataclass(frozen=True)
class LastTraining:
    """The run that made the latest version of every asset; ``inputs`` as its dataset has them."""

    run: str
    ended: str
    inputs: dict[str, Any]

    @property
    def words(self) -> str:
        """Name the run as a sentence needs it."""
        return f"run {self.run[:SHORT_RUN]} of {self.ended}"


def last_training(instance: dg.DagsterInstance, keys: Sequence[dg.AssetKey]) -> LastTraining | str:
    """Return the run that made all of ``keys``, or why there is no such run.

    A run that continues a failed one counts with what that had made. The champion may be of a later
    run: a person can return to another at any time.
    """
    made = {key.path[-1]: latest_materialization(instance, key) for key in keys}
    (report_key,) = (key for key in keys if key.path[-1] == REPORT)
    report = latest_materialization(instance, report_key)
    if report is None:
        return "it was never trained completely"
    name = f"run {report.run_id[:SHORT_RUN]} of {utc(report.timestamp)}"
    run = instance.get_run_by_id(report.run_id)
    if run is None or run.status is not dg.DagsterRunStatus.SUCCESS:
        ended = "was deleted" if run is None else f"ended as {run.status.value}"
        return f"{name}, which made the last report, {ended}"
    runs = _with_ancestors(instance, run)
    for key in keys:
        asset = key.path[-1]
        entry = made.get(asset)
        if entry is not None and entry.run_id not in runs:  # what ended last need not be current
            entry = latest_materialization(instance, key)
        if asset != CHAMPION and (entry is None or entry.run_id not in runs):
            other = "was never made" if entry is None else f"is of run {entry.run_id[:SHORT_RUN]}"
            return f"{asset} {other}, and the last report of {name}"
    inputs = _inputs_of(instance, keys, runs)
    if inputs is None:
        return f"{name} did not record what it was made of"
    return LastTraining(run.run_id, utc(report.timestamp), inputs)


def _inputs_of(
    instance: dg.DagsterInstance, keys: Sequence[dg.AssetKey], runs: Sequence[str]
) -> dict[str, Any] | None:
    """Return the metadata ``inputs`` of the dataset that the last of these runs made."""
    (dataset,) = (key for key in keys if key.path[-1] == DATASET)
    for run_id in runs:
        entry = materialization_of_run(instance, dataset, run_id)
        if entry is not None and entry.asset_materialization is not None:
            found = entry.asset_materialization.metadata.get(INPUTS)
            recorded = None if found is None else found.value
            return recorded if isinstance(recorded, dict) else None
    return None


def _with_ancestors(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    """Return this run and the runs that it continues, newest first."""
    runs = [run.run_id]
    while run.parent_run_id and (parent := instance.get_run_by_id(run.parent_run_id)):
        run = parent
        runs.append(run.run_id)
    return runs
