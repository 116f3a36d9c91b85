"""Block cache: decoded blocks of rows, kept in a temporary file between passes.

Decoding and converting a stored table takes several times as long as reading its numbers back from
the system's file cache. That cache does not count as resident memory of the process as long as the
file is read and not mapped.
"""

import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import FLOAT64_BYTES

# A file takes at most this share of the free memory and of the free disk. Beyond it the system
# makes the writer wait for the disk, and may have to read the file from there again.
LARGEST_SHARE = 0.25
# Linux reports the free memory and the limits of a container in these files.
MEMINFO, OWN_GROUPS = Path("/proc/meminfo"), Path("/proc/self/cgroup")
GROUPS = Path("/sys/fs/cgroup")


class BlockCache:
    """Keeps the blocks of each part of a table from its first whole pass for later passes.

    There is a file for each part, so that several threads can write. The files have no names: the
    system removes them with this object or when the process ends. When a file cannot grow, for
    example on a full disk, all files are given up, and every pass decodes the table.
    """

    def __init__(self) -> None:
        self.given_up = False
        self._whole: dict[int, _BlockFile] = {}

    def blocks(self, part: int, made: Iterator[Block]) -> Iterator[Block]:
        """Yield the blocks of a part from its file, or else from ``made``, and write these."""
        file = self._whole.get(part)
        return file.blocks() if file is not None else self._written(part, made)

    def _written(self, part: int, made: Iterator[Block]) -> Iterator[Block]:
        file: _BlockFile | None = None
        if not self.given_up:
            with self._or_given_up():
                file = _BlockFile()
        for block in made:
            with self._or_given_up():
                if file is not None:
                    file.append(block)
            if self.given_up:
                file = None  # this closes the file
            yield block
        if file is not None:
            self._whole[part] = file

    @contextmanager
    def _or_given_up(self) -> Iterator[None]:
        try:
            yield
        except OSError:  # most likely the disk is full
            self.given_up = True
            self._whole.clear()


class _Place(NamedTuple):
    """The position (byte) of a block in the file, and the block's shape."""

    start: int
    rows: int
    columns: int
    weighted: bool


class _BlockFile:
    """A file of float64 blocks one after the other: columns, then labels, then weights."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="lr_pipeline-", buffering=0)  # noqa: SIM115
        weakref.finalize(self, self._file.close)
        self._end = 0
        self._places: list[_Place] = []

    def append(self, block: Block) -> None:
        """Write a block at the end of the file."""
        X, y, weight = block
        self._places.append(_Place(self._end, len(y), X.shape[1], weight is not None))
        for array in (X.T, y) if weight is None else (X.T, y, weight):
            left = _bytes(array)
            while left:
                written = os.pwrite(self._file.fileno(), left, self._end)
                left, self._end = left[written:], self._end + written

    def blocks(self) -> Iterator[Block]:
        """Yield each block in new memory, laid out as when it was written."""
        for start, rows, columns, weighted in self._places:
            numbers = np.empty((columns + 1 + weighted, rows))
            self._fill(_bytes(numbers), start)
            weight = numbers[columns + 1] if weighted else None
            yield Block(numbers[:columns].T, numbers[columns], weight)

    def _fill(self, left: memoryview, start: int) -> None:
        while left:
            found = os.preadv(self._file.fileno(), [left], start)
            if not found:
                raise OSError("a temporary file of decoded rows ends early: something cut it off")
            left, start = left[found:], start + found


def _bytes(array: np.ndarray) -> memoryview:
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def block_cache_for(num_rows: int, num_columns: int, taken: int = 0) -> BlockCache | None:
    """Return a cache for a design of this size; None where disk or memory lack the room.

    ``taken`` is the number of bytes that other files of this process use.
    """
    needed = taken + cached_bytes(num_rows, num_columns)
    if not hasattr(os, "preadv"):  # Windows
        return None
    try:
        free = min(free_memory(), shutil.disk_usage(tempfile.gettempdir()).free + taken)
        return BlockCache() if needed <= LARGEST_SHARE * free else None
    except OSError:  # there is no writable folder for temporary files
        return None


def cached_bytes(num_rows: int, num_columns: int) -> int:
    """Return the size in bytes of a file with these rows, their labels and weights."""
    return num_rows * (num_columns + 2) * FLOAT64_BYTES


def free_memory() -> int:
    """Return how many bytes the system, or a container's limit, leaves for cached files."""
    if not MEMINFO.exists():
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    found = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines() if ":" in line)
    available = found.get("MemAvailable", found.get("MemFree", "0 kB"))
    return min([int(available.split()[0]) * 1024, *_limits_of_groups()])


def _limits_of_groups() -> Iterator[int]:
    """Yield the memory limits of this process's control groups and of their parents."""
    for line in OWN_GROUPS.read_text().splitlines() if OWN_GROUPS.exists() else ():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        limit = "memory.limit_in_bytes" if controllers else "memory.max"
        group = GROUPS / ("memory" if controllers else "") / path.lstrip("/")
        for file in (folder / limit for folder in (group, *group.parents)):
            if file.is_relative_to(GROUPS) and file.exists() and file.read_text().strip() != "max":
                yield int(file.read_text())
