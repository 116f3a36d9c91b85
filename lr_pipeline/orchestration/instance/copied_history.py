"""Copy the history of one home into the empty one of another, such as from SQLite to PostgreSQL.

Dagster has the same tables in every database, but SQLite keeps the events of each run in a file of
its own. So runs and schedules are copied as rows, and events are stored again in their order.
"""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from lr_pipeline.orchestration.instance.catalogue import all_records
from lr_pipeline.storage.storage_error import ArtifactError

if TYPE_CHECKING:
    from dagster import DagsterInstance, EventLogEntry
    from sqlalchemy import MetaData

ROWS = 1_000  # read and written at a time
# Each database describes itself here, and running daemons write their heartbeats again.
OWN = {"secondary_indexes", "instance_info", "daemon_heartbeats"}


def copy_history(old: "DagsterInstance", new: "DagsterInstance") -> int:
    """Copy runs, events, schedules and their ticks; return the number of runs.

    Nothing may run meanwhile. Artifacts are not copied: the events name their paths.

    Raises
    ------
    ArtifactError
        The new history is not empty, or a run of the old one has not ended.
    """
    from dagster._core.storage.runs.schema import RunStorageSqlMetadata
    from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata

    if new.get_runs_count() or new.get_asset_keys(limit=1):
        raise ArtifactError(
            "expected an empty history to copy into, found runs or assets. Choose a new home, and "
            "with PostgreSQL a new database."
        )
    going_on = [run.run_id for run in old.get_runs() if not run.is_finished]
    if going_on:
        raise ArtifactError(
            f"{len(going_on)} runs have not ended, such as {going_on[0]}. Wait for them, stop what "
            "starts runs, and let `lr-pipeline init` fail those whose process is gone."
        )
    _copy_tables(old.run_storage, new.run_storage, RunStorageSqlMetadata)
    _copy_tables(old.schedule_storage, new.schedule_storage, ScheduleStorageSqlMetadata)
    for entry in sorted(_events(old), key=lambda one: one.timestamp):
        new.event_log_storage.store_event(entry)
    return new.get_runs_count()


def _copy_tables(old: Any, new: Any, tables: "MetaData") -> None:
    """Copy the rows of the tables with their numbers, by which Dagster orders them."""
    from sqlalchemy import func, insert, select, text

    with old.connect() as source, new.connect() as target:
        for table in tables.sorted_tables:
            if table.name in OWN:
                continue
            rows = source.execute(select(table)).mappings()
            while portion := [dict(row) for row in rows.fetchmany(ROWS)]:
                target.execute(insert(table), portion)
            if target.dialect.name == "postgresql" and "id" in table.columns:
                last = target.execute(select(func.max(table.c.id))).scalar()
                if last is not None:
                    sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
                    target.execute(text(f"SELECT setval({sequence}, {int(last)})"))


def _events(instance: "DagsterInstance") -> "Iterator[EventLogEntry]":
    """Yield the events of all runs, and what was recorded of assets without a run."""
    for run in instance.get_runs():
        yield from instance.all_logs(run.run_id)
    for key in instance.get_asset_keys():
        for fetch in (instance.fetch_materializations, instance.fetch_observations):
            found = all_records(partial(fetch, key), ROWS)
            yield from (one.event_log_entry for one in found if not one.run_id)
