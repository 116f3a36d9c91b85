"""Locks in the Dagster home, which the kernel releases when their process dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance


@contextmanager
def home_lock(instance: "DagsterInstance", name: str, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of this name in the instance's home; yield whether it is held.

    It is not held only where another process holds it and ``wait`` is false.
    """
    folder = Path(instance.storage_directory())
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f".{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
