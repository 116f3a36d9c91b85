"""Fewer waits for the disk while Dagster records a run in SQLite.

Dagster opens and closes a connection for each of a run's events. SQLite waits for the disk at each
commit; and whenever the last connection to a database closes, it copies its write-ahead log into
the database, waits again, and deletes the log. Together these waits are longer than the fits of a
small table.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any


@contextmanager
def fewer_disk_waits() -> Iterator[None]:
    """Keep SQLite's write-ahead logs, unflushed, until the end of the block, then flush them.

    The block is for SQLAlchemy's connections in this process. What was committed survives the
    process if it is killed. Only if the machine itself fails can the last commits be lost, and the
    databases are sound even then (https://sqlite.org/pragma.html#pragma_synchronous, NORMAL).
    """
    from sqlalchemy import Engine, event

    with ExitStack() as stack:
        kept: set[str] = set()

        def connected(connection: Any, _record: object) -> None:
            if isinstance(connection, sqlite3.Connection):
                connection.execute("PRAGMA synchronous = NORMAL")

        def closes(connection: Any, _record: object) -> None:
            """Keep another connection to the same file, so that this one is not the last."""
            if not isinstance(connection, sqlite3.Connection):
                return
            file = connection.execute("PRAGMA database_list").fetchone()[2]
            if file not in kept and _has_log(connection):
                kept.add(file)
                stack.enter_context(_kept_open(file))

        event.listen(Engine, "connect", connected)
        stack.callback(event.remove, Engine, "connect", connected)
        event.listen(Engine, "close", closes)
        stack.callback(event.remove, Engine, "close", closes)
        yield


def _has_log(connection: sqlite3.Connection) -> bool:
    """Tell whether the database has a write-ahead log; a new one does not have it yet."""
    mode: str = connection.execute("PRAGMA journal_mode").fetchone()[0]
    return mode == "wal"


@contextmanager
def _kept_open(file: str) -> Iterator[None]:
    """Hold a connection that has opened the write-ahead log; at the end copy the log, and flush."""
    with closing(sqlite3.connect(file, check_same_thread=False)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        yield
        connection.execute("PRAGMA wal_checkpoint").fetchone()
