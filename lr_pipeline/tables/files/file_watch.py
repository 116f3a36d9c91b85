"""Whether a file has changed since it was found: its size, times, inode and content."""

import hashlib
import io
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from lr_pipeline.tables.errors import TableError, table_error

# A file system's clock may stand still for 2 s; the times do not show what is written meanwhile.
CLOCK_NS = 2_000_000_000
VERSION_FIELDS = ("ETag", "etag", "VersionId", "version_id", "generation", "md5Hash", "content_md5")
TIME_FIELDS = ("LastModified", "last_modified", "Last-Modified", "updated", "mtime", "created")


@dataclass(frozen=True)
class FileState:
    """What a file system reports about a file; ``None`` for what it does not report.

    For a local file ``modified`` and ``changed`` are nanoseconds since 1970 and ``version`` is the
    inode's number; for a file behind a URL they are the values that the server sends.
    """

    size: int | None = None
    modified: int | str | None = None
    version: int | str | None = None
    changed: int | None = None

    def difference(self, now: "FileState") -> str | None:
        """Say in words what differs now; None if nothing but perhaps ``changed`` differs."""
        if now.size != self.size:
            return f"its size went from {_bytes(self.size)} to {_bytes(now.size)}"
        if now.version != self.version:
            return "another file took its place"
        if now.modified != self.modified:
            return f"it was written at {_time(now.modified)}"
        return None


class FileWatch:
    """Detects changes of a file: keeps its first state and the hashes of its content.

    Messages call the file ``name``; ``look`` returns its state, and ``open_file`` opens its bytes,
    unpacked. A hash covers all bytes of one reading, so complete readings can be compared.
    """

    def __init__(
        self, name: str, look: Callable[[], FileState], open_file: Callable[[], Any]
    ) -> None:
        self.name, self.look, self.open_file = name, look, open_file
        self.first = look()
        times = [one for one in (self.first.modified, self.first.changed) if isinstance(one, int)]
        self.young = bool(times) and time.time_ns() - max(times) < CLOCK_NS
        self.digests: set[str] = set()
        self.hashed_before = False  # whether the hash is of the content at the first look

    def sha256(self) -> str:
        """SHA-256 (hex) of the unpacked content; reads the file if it was never read completely."""
        if not self.digests:
            self.require_unchanged()
            self._record(self._read_digest())
        return min(self.digests)

    def open_whole(self) -> "HashedStream":
        """Open the file for reading from start to end, and keep the hash of the bytes read."""
        return HashedStream(self.open_file(), self._record)

    def require_unchanged(self, content: bool = False) -> None:
        """Raise ``TableError`` where the file has changed.

        The content is read again if the times do not prove that it is the same: if an attribute
        has changed or, with ``content``, if the file was written just before the first look.
        """
        now = self._look()
        if difference := self.first.difference(now):
            raise self._moved(difference)
        if len(self.digests) > 1:
            raise self._moved("two readings gave different bytes")
        touched = now.changed != self.first.changed
        if touched and not self.hashed_before:
            raise self._moved("it was written, or its attributes were")
        if touched or (content and self.young and self.digests):
            if self._read_digest() not in self.digests:
                raise self._moved("its content is another, of the same size and time")
            self.first = replace(self.first, changed=now.changed)

    def guarded(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yield the batches of one reading; raise ``TableError`` if the file changes meanwhile."""
        self.require_unchanged()
        try:
            yield from batches
        except TableError:
            self.require_unchanged()
            raise
        self.require_unchanged()

    def _look(self) -> FileState:
        try:
            return self.look()
        except FileNotFoundError:
            raise self._moved("it is gone") from None

    def _record(self, digest: str) -> None:
        self.digests.add(digest)
        self.hashed_before |= self._look().changed == self.first.changed

    def _read_digest(self) -> str:
        try:
            with self.open_file() as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise self._moved("it is gone") from None

    def _moved(self, difference: str) -> TableError:
        return table_error(
            f"the file changed while it was read: {difference}",
            "Run again once nothing writes to it, or give a copy of it",
            source=self.name,
        )


class HashedStream(io.RawIOBase):
    """Bytes of a file, hashed as they are read; at the end ``seen`` gets the SHA-256 (hex).

    ``has_hexadecimal``: the bytes read contain 0x or 0X, which begins a hexadecimal number.
    """

    def __init__(self, file: Any, seen: Callable[[str], None]) -> None:
        super().__init__()
        self.file, self.seen, self.hash = file, seen, hashlib.sha256()
        self.has_hexadecimal, self._last = False, b""

    def readable(self) -> bool:
        """Return True: the stream can be read, but not written."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes; none at the end."""
        found: bytes = self.file.read(size)
        self.hash.update(found)
        start = self._last + found[:1]  # may be cut between two readings
        self.has_hexadecimal |= any(x in part for x in (b"0x", b"0X") for part in (found, start))
        self._last = found[-1:]
        if not found:
            self.seen(self.hash.hexdigest())
        return found

    def close(self) -> None:
        """Close the file as well."""
        with closing(self.file):
            super().close()


def local_state(path: str | Path) -> FileState:
    """Return the state of a local file."""
    stat = Path(path).stat()
    return FileState(stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_ctime_ns)


def remote_state(filesystem: Any, path: str) -> FileState:
    """Return the state of a file that fsspec reads, as its server reports it."""
    filesystem.invalidate_cache()
    info = filesystem.info(path)
    version = next((str(info[name]) for name in VERSION_FIELDS if info.get(name)), None)
    modified = next((str(info[name]) for name in TIME_FIELDS if info.get(name)), None)
    return FileState(info.get("size"), modified, version)


def watch_stored(path: Path) -> FileWatch:
    """Return a watch of a local Parquet file whose content has not been hashed."""
    return FileWatch(str(path), lambda: local_state(path), lambda: path.open("rb"))


def _bytes(size: int | None) -> str:
    return "an unknown number of bytes" if size is None else f"{size:,} bytes"


def _time(modified: int | str | None) -> str:
    if isinstance(modified, int):
        return f"{datetime.fromtimestamp(modified / 1e9, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return str(modified)
