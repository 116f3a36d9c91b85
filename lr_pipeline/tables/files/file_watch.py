"""Whether a file is still what it was when it was found: its size, times, inode and content."""

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

# A file system's clock may stand still for so long: what was written then shows in no time.
CLOCK_NS = 2_000_000_000
VERSION_FIELDS = ("ETag", "etag", "VersionId", "version_id", "generation", "md5Hash", "content_md5")
TIME_FIELDS = ("LastModified", "last_modified", "Last-Modified", "updated", "mtime", "created")


@dataclass(frozen=True)
class FileState:
    """What a file system says of a file; ``None`` where it does not say.

    Of a file here ``modified`` and ``changed`` are nanoseconds since 1970 and ``version`` is the
    inode's number; of one behind a URL they are what the server sends.
    """

    size: int | None = None
    modified: int | str | None = None
    version: int | str | None = None
    changed: int | None = None

    def difference(self, now: "FileState") -> str | None:
        """What of the file is another, in words; ``changed`` alone is no difference."""
        if now.size != self.size:
            return f"its size went from {_bytes(self.size)} to {_bytes(now.size)}"
        if now.version != self.version:
            return "another file took its place"
        if now.modified != self.modified:
            return f"it was written at {_time(now.modified)}"
        return None


class FileWatch:
    """A file from the first look at it on: its first state, and the hash of its content.

    ``name`` is what messages call it; ``look`` tells its state, and ``open_file`` opens it for
    bytes, unpacked. The hash is of all bytes of a reading, so each complete one is compared.
    """

    def __init__(
        self, name: str, look: Callable[[], FileState], open_file: Callable[[], Any]
    ) -> None:
        self.name, self.look, self.open_file = name, look, open_file
        self.first = look()
        times = [one for one in (self.first.modified, self.first.changed) if isinstance(one, int)]
        self.young = bool(times) and time.time_ns() - max(times) < CLOCK_NS
        self.digests: set[str] = set()
        self.hashed_before = False  # the hash is that of the content at the first look

    def sha256(self) -> str:
        """SHA-256 (hex) of the content, unpacked; read for it once, if no reading has seen it."""
        if not self.digests:
            self.require_unchanged()
            self._record(self._read_digest())
        return min(self.digests)

    def open_whole(self) -> "HashedStream":
        """Open for a reading from start to end, whose hash counts."""
        return HashedStream(self.open_file(), self._record)

    def require_unchanged(self, content: bool = False) -> None:
        """Raise ``TableError`` where the file is not what it was.

        The content is read again where the times cannot vouch for it: an attribute has changed, or,
        with ``content``, the file was written just before the first look.
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
        """Yield the batches of one reading, during which the file must stay as it is."""
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
    """Bytes of a file, hashed as they are read; at the end ``seen`` gets the SHA-256 (hex)."""

    def __init__(self, file: Any, seen: Callable[[str], None]) -> None:
        super().__init__()
        self.file, self.seen, self.hash = file, seen, hashlib.sha256()

    def readable(self) -> bool:
        """It can be read, and nothing else."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read up to ``size`` bytes; none at the end."""
        found: bytes = self.file.read(size)
        self.hash.update(found)
        if not found:
            self.seen(self.hash.hexdigest())
        return found

    def close(self) -> None:
        """Close the file as well."""
        with closing(self.file):
            super().close()


def local_state(path: str | Path) -> FileState:
    """State of a file here."""
    stat = Path(path).stat()
    return FileState(stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_ctime_ns)


def remote_state(filesystem: Any, path: str) -> FileState:
    """State of a file that fsspec reads: what its server says."""
    filesystem.invalidate_cache()
    info = filesystem.info(path)
    version = next((str(info[name]) for name in VERSION_FIELDS if info.get(name)), None)
    modified = next((str(info[name]) for name in TIME_FIELDS if info.get(name)), None)
    return FileState(info.get("size"), modified, version)


def watch_stored(path: Path) -> FileWatch:
    """Watch a Parquet file here, whose content nobody has hashed."""
    return FileWatch(str(path), lambda: local_state(path), lambda: path.open("rb"))


def _bytes(size: int | None) -> str:
    return "an unknown number of bytes" if size is None else f"{size:,} bytes"


def _time(modified: int | str | None) -> str:
    if isinstance(modified, int):
        return f"{datetime.fromtimestamp(modified / 1e9, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return str(modified)
