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
from lr_pipeline.orchestration.instance.run_order import with_ancestors

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
        """The name of the run in a sentence."""
        return f"run {self.run[:SHORT_RUN]} of {self.ended}"


def last_training(instance: dg.DagsterInstance, keys: Sequence[dg.AssetKey]) -> LastTraining | str:
    """Return the run that made all of ``keys``, or why there is no such run.

    A run that continues a failed one counts with what that had made. The champion may be of a later
    run: a person can return to another at any time.
    """
    made = {key.path[-1]: latest_materialization(instance, key) for key in keys}
    key_of = {key.path[-1]: key for key in keys}
    report = latest_materialization(instance, key_of[REPORT])
    if report is None:
        return "it was never trained completely"
    name = f"run {report.run_id[:SHORT_RUN]} of {utc(report.timestamp)}"
    run = instance.get_run_by_id(report.run_id)
    if run is None or run.status is not dg.DagsterRunStatus.SUCCESS:
        if run is None:
            ended = "was deleted"
        else:
            ended = f"ended as {run.status.value}" if run.is_finished else "has not ended"
        return f"{name}, which made the last report, {ended}"
    runs = [one.run_id for one in with_ancestors(instance, run)]
    for asset, key in key_of.items():
        entry = made[asset]
        if entry is None or entry.run_id not in runs:  # it may have been made meanwhile
            entry = latest_materialization(instance, key)
        if asset != CHAMPION and (entry is None or entry.run_id not in runs):
            other = "was never made" if entry is None else f"is of run {entry.run_id[:SHORT_RUN]}"
            return f"{asset} {other}, and the last report of {name}"
    inputs = _inputs_of(instance, key_of[DATASET], runs)
    if inputs is None:
        return f"{name} did not record what it was made of"
    return LastTraining(run.run_id, utc(report.timestamp), inputs)


def _inputs_of(
    instance: dg.DagsterInstance, dataset: dg.AssetKey, runs: Sequence[str]
) -> dict[str, Any] | None:
    """Return the metadata ``inputs`` of the dataset that the last of these runs made."""
    for run_id in runs:
        if (entry := materialization_of_run(instance, dataset, run_id)) is not None:
            return recorded_inputs(entry)
    return None


def recorded_inputs(entry: dg.EventLogEntry) -> dict[str, Any] | None:
    """Return the metadata ``inputs`` of a dataset's materialization; None if it has none."""
    made = entry.asset_materialization
    found = made.metadata.get(INPUTS) if made else None
    return found.value if found is not None and isinstance(found.value, dict) else None
