"""Remove a run from the instance, with the rows and files that Dagster leaves behind."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.runs.schema import RunTagsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage
from sqlalchemy import delete

from lr_pipeline.orchestration.instance.retention import DAY_SECONDS

RUN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SQLITE_FILES = (".db", ".db-wal", ".db-shm")
# A database is rewritten if that frees this share of it, and this many bytes.
FREE_SHARE, FREE_BYTES = 0.25, 1_000_000
LONGEST_WAIT = 10.0


def remove_run(instance: dg.DagsterInstance, run: str) -> None:
    """Remove a run: its events and checks, its tags, its log and its SQLite file.

    ``delete_run`` leaves the rows of its checks and tags, and an empty file for each run.
    """
    instance.compute_log_manager.delete_logs(prefix=[run])
    instance.delete_run(run)
    checks, tags = AssetCheckExecutionsTable, RunTagsTable
    events, runs = instance.event_log_storage, instance.run_storage
    if isinstance(events, SqlEventLogStorage):
        with events.index_connection() as connection:
            connection.execute(delete(checks).where(checks.c.run_id == run))
    if isinstance(runs, SqlRunStorage):
        with runs.connect() as connection:
            connection.execute(delete(tags).where(tags.c.run_id == run))
    for path in log_files(instance, run):
        path.unlink(missing_ok=True)


def log_files(instance: dg.DagsterInstance, run: str) -> list[Path]:
    """Return the SQLite files of a run's events; none where events are stored elsewhere."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return []
    files = (Path(storage.path_for_shard(run)).with_suffix(suffix) for suffix in SQLITE_FILES)
    return [path for path in files if path.exists()]


def remains_of_runs(instance: dg.DagsterInstance, known: set[str]) -> Iterator[Path]:
    """Yield files and folders of runs that were removed in the web UI, older than a day."""
    storage = instance.event_log_storage
    found = list(Path(instance.storage_directory()).glob("*"))
    if isinstance(storage, SqliteEventLogStorage):
        found += Path(storage.path_for_shard("index")).parent.glob("*.db*")
    for path in found:
        run = path.name.partition(".")[0]
        old = time.time() - path.stat().st_mtime > DAY_SECONDS
        if RUN_ID.fullmatch(run) and run not in known and old:
            yield path


def compact_databases(instance: dg.DagsterInstance) -> int:
    """Give back the free pages of the SQLite databases of events and runs; return the bytes.

    A database that another process is writing is left for the next time.
    """
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return 0
    index = Path(storage.path_for_shard("index"))
    return sum(_compacted(path) for path in (index, index.parents[1] / "runs.db"))


def _compacted(path: Path) -> int:
    with closing(sqlite3.connect(path, timeout=LONGEST_WAIT)) as connection:
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        if free < FREE_SHARE * pages or free * size < FREE_BYTES:
            return 0
        try:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError:  # it is being written
            return 0
    return int(free * size)
