"""The sensor that trains when the content of a table's source changes."""

import json
from dataclasses import asdict, dataclass, replace

import dagster as dg

from lr_pipeline.orchestration.automation.training_decision import decide_training
from lr_pipeline.orchestration.jobs import TRAINING
from lr_pipeline.orchestration.table_names import NO_TABLE, TableNames
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import SqlTable, SyntheticTable, TableSource
from lr_pipeline.tables.sources.source_look import SourceLook, look_at

SECONDS_BETWEEN_LOOKS = 60
STATUS = {False: dg.DefaultSensorStatus.STOPPED, True: dg.DefaultSensorStatus.RUNNING}


@dataclass(frozen=True)
class Seen:
    """The cursor: the content that was settled last, its state, and a state that is not settled."""

    content: str | None = None
    state: str | None = None
    unsettled: str | None = None

    @classmethod
    def of(cls, cursor: str | None) -> "Seen":
        """Return what a cursor says; nothing was seen before the first look."""
        return cls(**json.loads(cursor)) if cursor else cls()


def watch_source(
    source: TableSource, running: bool = False, names: TableNames = NO_TABLE
) -> dg.SensorDefinition | None:
    """Return a sensor that trains when the source's content changes; None if it is unwatchable.

    Every minute it looks at the files' sizes and times, or asks the table's ``version_query``.
    Files that have changed must be the same in two looks in a row, so that none is read while it is
    written; then their content is hashed. The cursor has the hash of the content, so that a return
    to earlier content is a change as well.
    """
    if unwatchable(source):
        return None

    def look(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        seen = Seen.of(context.cursor)
        try:
            found = look_at(source)
            now, reason = _settled(seen, found)
        except TableError as error:
            return dg.SkipReason(f"skipped: the source cannot be looked at: {error}")
        context.update_cursor(json.dumps(asdict(now)))
        if reason:
            return dg.SkipReason(f"skipped: {reason}")
        assert context.repository_def is not None
        job = context.repository_def.get_job(names.named(TRAINING))
        decision = decide_training(context.instance, job, names, source, found)
        return decision.result()

    return dg.SensorDefinition(
        name=names.named("source_sensor"),
        job_name=names.named(TRAINING),
        evaluation_fn=look,
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=STATUS[running],
        description="Trains when the content of the table's source has changed, and is settled.",
    )


def _settled(seen: Seen, found: SourceLook) -> tuple[Seen, str]:
    """Return what is seen now, and why there is nothing to train on; "" if there is."""
    if found.proof is not None and found.proof == seen.state:
        return replace(seen, unsettled=None), "unchanged since the last look"
    if found.of_files and (found.young or found.state != seen.unsettled):
        return (
            replace(seen, unsettled=found.state),
            "its files are new or were written; the next look must find them as they are now",
        )
    content = found.content()
    now = Seen(content, found.proof)
    if content is None:
        return now, "the server tells neither times nor versions of these files: give a copy"
    if content != seen.content:
        return now, ""
    again = "it was written again with the same content"
    return now, again if found.of_files else "unchanged since the last look"


def unwatchable(source: TableSource) -> str | None:
    """Say why no look can tell whether the source has changed, and what to do; None if one can."""
    if isinstance(source, SyntheticTable):
        return "watch: a generated table never changes. Leave watch out."
    if isinstance(source, SqlTable) and source.version_query is None:
        return (
            "watch: expected a version_query, found none: whether a query's rows changed is not "
            "known before they are read. Declare a cheap one, such as SELECT count(*), "
            "max(updated_at) FROM …, or leave watch out."
        )
    return None
