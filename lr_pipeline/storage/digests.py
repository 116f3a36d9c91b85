"""SHA-256 of files. A file is hashed once in a process, unless it has changed since."""

import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from lr_pipeline.tables.files.file_watch import CLOCK_NS

PIECE_BYTES = 1 << 20
PAUSE_SECONDS = 0.02  # of the hashing thread, when it has caught up with the writer

_State = tuple[int, ...]
_known: dict[_State, str] = {}


def file_digest(path: Path) -> str:
    """Return the SHA-256 (hex) of the file's bytes.

    It is remembered for the file's state: device, inode, size, and the times of the last write and
    of the last change of an attribute. A file that was written less than 2 s ago may be written
    again without another time, so its hash is not remembered.
    """
    state = _state(path)
    *_, written, _ = state
    digest = _known.get(state) or _read_digest(path)
    if time.time_ns() - written >= CLOCK_NS:
        _known[state] = digest
    return digest


@contextmanager
def hashed_meanwhile(path: Path) -> Iterator[None]:
    """Hash a file by another thread while the block writes it, from start to end; settle it.

    ``file_digest`` then knows the hash. If a byte was written twice, the hash is that of no file.
    """
    path.touch()
    written = Event()
    with ThreadPoolExecutor(1) as other:
        digest = other.submit(_digest_of_growing, path, written)
        try:
            yield
        finally:
            written.set()
    settle(path)
    _known[_state(path)] = digest.result()


def _digest_of_growing(path: Path, written: Event) -> str:
    """Return the SHA-256 (hex) of a file that grows until ``written`` is set."""
    digest, complete = hashlib.sha256(), False
    with path.open("rb", buffering=0) as file:
        while not complete:
            complete = written.wait(PAUSE_SECONDS)
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
    return digest.hexdigest()


def settle(path: Path) -> None:
    """Set the time of the last write of a finished file 2 s back.

    Every later write then sets another time, so that the file's hash can be remembered at once.
    """
    now = time.time_ns()
    os.utime(path, ns=(now, now - CLOCK_NS))


def _read_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _state(path: Path) -> _State:
    stat = path.stat()
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
