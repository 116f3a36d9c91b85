"""Whether the next run of a table's training would be made of anything new, in words for a tick."""

import hashlib
import json
from dataclasses import dataclass

import dagster as dg

from lr_pipeline.orchestration.automation.training_inputs import input_changes, inputs_of_next_run
from lr_pipeline.orchestration.instance.last_training import SHORT_RUN, LastTraining, last_training
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.errors import TableError, cut
from lr_pipeline.tables.sources.declared_tables import TableSource
from lr_pipeline.tables.sources.source_look import SourceLook, look_at

INPUTS_TAG, REASON_TAG = "lr_pipeline/inputs", "lr_pipeline/because"
LONGEST_REASON = 300  # characters of a tag

UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


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
    if content is None:
        return Decision(True, why)
    tag = hashlib.sha256(json.dumps([content, now], sort_keys=True).encode()).hexdigest()[:32]
    at_work = instance.get_runs(
        dg.RunsFilter(job_name=job.name, tags={INPUTS_TAG: tag}, statuses=UNFINISHED), limit=1
    )
    if at_work:
        run = at_work[0].run_id[:SHORT_RUN]
        return Decision(False, f"run {run} is training on these data already", tag)
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
