"""Locks of a Dagster home: the kernel or the database releases one when its process dies."""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance


@contextmanager
def locked_file(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of this file; yield whether it is held.

    It is not held only where another process holds it and ``wait`` is false.
    """
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def one_process_at_a_time(
    instance: "DagsterInstance", name: str, wait: bool = True
) -> Iterator[bool]:
    """Hold the lock of this name, as ``locked_file`` does; yield whether it is held.

    Where the history is in PostgreSQL, it is one lock for the processes of all machines, which the
    server releases with the connection; else it is a file of the home.
    """
    storage = instance.event_log_storage
    if type(storage).__name__ == "PostgresEventLogStorage":
        from sqlalchemy import text

        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        function = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        with storage.index_connection() as connection:  # type: ignore[attr-defined]
            held = connection.scalar(text(f"SELECT {function}(:number)"), {"number": number})
            yield wait or bool(held)
        return
    folder = Path(instance.storage_directory())
    folder.mkdir(parents=True, exist_ok=True)
    with locked_file(folder / f".{name}.lock", wait) as held:
        yield held
