"""One SQLAlchemy engine for each SQLite database of Dagster's history, for all of a process.

Dagster makes an engine for each query, which compiles each SQL statement again and waits for the
disk: about a sixth of the processor time of a small run. For each new database it reads the list of
its migrations twice.
"""

import functools
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage

STORAGES: tuple[ModuleType, ...] = (
    sqlite_event_log,
    sqlite_run_storage,
    sqlite_schedule_storage,
)
MOST_ENGINES = 64


def keep_dagster_engines() -> None:
    """Have Dagster's SQLite storages of this process use the same engine again."""
    for storage in STORAGES:
        storage.create_engine = _engine  # type: ignore[attr-defined]
    ScriptDirectory.from_config = functools.cache(ScriptDirectory.from_config)


def _engine(url: str, poolclass: type, connect_args: dict[str, Any] | None = None) -> sa.Engine:
    return _kept_engine(url, poolclass, tuple((connect_args or {}).items()))


@functools.lru_cache(MOST_ENGINES)
def _kept_engine(url: str, poolclass: type, connect_args: tuple[tuple[str, Any], ...]) -> sa.Engine:
    engine = sa.create_engine(url, poolclass=poolclass, connect_args=dict(connect_args))
    sa.event.listen(engine, "connect", _never_wait_for_the_disk)
    return engine


def _never_wait_for_the_disk(connection: Any, _record: object) -> None:
    """The history of a test is lost with the machine."""
    connection.execute("PRAGMA synchronous = OFF")
