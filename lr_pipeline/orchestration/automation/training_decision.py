"""Decide whether a table is trained again, and say why in words for a tick."""

import hashlib
import json
from dataclasses import dataclass

import dagster as dg

from lr_pipeline.orchestration.asset_names import DATASET
from lr_pipeline.orchestration.automation.training_at_work import (
    has_read,
    unfinished_runs,
    will_read,
)
from lr_pipeline.orchestration.automation.training_inputs import input_changes, inputs_of_next_run
from lr_pipeline.orchestration.instance.last_training import SHORT_RUN, LastTraining, last_training
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.errors import TableError, cut
from lr_pipeline.tables.sources.declared_tables import TableSource
from lr_pipeline.tables.sources.source_look import SourceLook, look_at

INPUTS_TAG, REASON_TAG = "lr_pipeline/inputs", "lr_pipeline/because"
LONGEST_REASON = 300  # characters of a tag


@dataclass(frozen=True)
class Decision:
    """Whether to train, and why; ``tag`` identifies what the run is made of, where it is known."""

    train: bool
    reason: str
    tag: str | None = None

    def result(self) -> dg.RunRequest | dg.SkipReason:
        """Return what a tick gives to Dagster: a run that is tagged with the reason, or a skip."""
        if not self.train:
            return dg.SkipReason(f"skipped: {self.reason}")
        tags = {REASON_TAG: cut(self.reason, LONGEST_REASON)}
        return dg.RunRequest(tags=tags | ({INPUTS_TAG: self.tag} if self.tag else {}))


def decide_training(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    names: TableNames,
    source: TableSource,
    look: SourceLook | None = None,
) -> Decision:
    """Compare content, declaration, settings, code and libraries with the last complete training.

    Rows are not read; ``look`` is a look at the source that was taken already. What cannot be known
    is no reason to skip.
    """
    now = inputs_of_next_run(job, names, source)
    last = last_training(instance, sorted(job.asset_layer.selected_asset_keys))
    try:
        look = look or look_at(source)
        if isinstance(last, LastTraining):
            changed = input_changes(last.inputs, now)
            why = f"changed since {last.words}: {changed}" if changed else _new_content(last, look)
            if not why:
                return Decision(False, f"the data are those of {last.words}, code and settings too")
        else:
            why = last
        content = look.content()
    except TableError as error:
        return Decision(True, f"the source cannot be looked at, and the run will say why: {error}")
    tag = None
    if content is not None:
        text = json.dumps([content, now], sort_keys=True)
        tag = hashlib.sha256(text.encode()).hexdigest()[:32]
    for run in unfinished_runs(instance, job):
        name = f"run {run.run_id[:SHORT_RUN]}"
        if content is not None and (
            run.tags.get(INPUTS_TAG) == tag
            or has_read(instance, run, names.key(DATASET), now, content)
        ):
            return Decision(False, f"{name} is training on these data already", tag)
        if will_read(instance, run, job, names, source):
            return Decision(False, f"{name} waits for its turn, and will read these rows", tag)
    return Decision(True, why, tag)


def _new_content(last: LastTraining, look: SourceLook) -> str:
    """Say that the source has other content than then, or that it does not tell; "" if neither."""
    before = last.inputs.get("source", {})
    if look.proof is not None and look.proof == before.get("state"):
        return ""
    content = look.content()
    if content is None:
        return "the source does not tell whether its rows changed (SQL: declare version_query)"
    return "" if content == before.get("content") else f"the data changed since {last.words}"
