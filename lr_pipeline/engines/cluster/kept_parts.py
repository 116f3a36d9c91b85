"""Parts of a table that workers of a Dask cluster keep between passes, decoded."""

import weakref
from collections.abc import Iterator
from threading import RLock
from typing import Any

import numpy as np

from lr_pipeline.core.rows import Block
from lr_pipeline.engines.block_cache import LARGEST_SHARE, BlockCache, block_cache_for, cached_bytes
from lr_pipeline.engines.cluster.worker_process import settle_process
from lr_pipeline.engines.cluster.worker_tasks import (
    Named,
    PartReader,
    PartSum,
    Summing,
    stored_rows,
    sum_blocks,
)
from lr_pipeline.tables.table import Table

# What the workers keep takes at most this share of their memory where any of it is in files. Dask
# counts the files as memory, and would move kept blocks to a disk from 60 % on.
KEPT_SHARE = 0.5


def bytes_in_files(memory: float, cache: float) -> float:
    """Return the bytes of a design that may be in files, beside the share ``cache`` in memory.

    A quarter of the memory, or less, so that files and memory together take at most half of it.
    """
    return memory * min(LARGEST_SHARE, max(0.0, KEPT_SHARE - cache))


def hold_part(part: Named, reader: PartReader) -> list[Block]:
    """Read a part, to keep it in the worker's memory.

    All blocks share one array: the system finds memory for it in a part of the time, in large
    pages, while Dask's workers give small arrays back to the system at once.
    """
    settle_process()
    preparation = reader.preparation
    assert preparation is not None
    columns = preparation.block_columns
    blocks, room = [], np.zeros(columns * stored_rows(part.value))
    for batch in reader.batches(part.value):
        taken, room = np.split(room, [columns * batch.num_rows])
        blocks.append(preparation.block(batch, taken.reshape(columns, batch.num_rows)))
    return blocks


def sum_held(blocks: list[Block], rows: int, summing: Summing) -> PartSum:
    """Sum over a part of so many rows that is in some worker's memory."""
    return sum_blocks(map(aligned, blocks), rows, summing)


def aligned(block: Block) -> Block:
    """Return the block with arrays whose memory is aligned to their numbers.

    Arrays that came from another worker may not be, and products then have other bits.
    """
    X, y, weight = block
    X, y = np.require(X, requirements="A"), np.require(y, requirements="A")
    return Block(X, y, None if weight is None else np.require(weight, requirements="A"))


class FiledPart:
    """A part that its first pass leaves in a temporary file of this worker, where there is room.

    Sent to another worker, or spilled by this one, it is no more than the part's description,
    and read anew.
    """

    def __init__(self, part: Table, reader: PartReader) -> None:
        assert reader.preparation is not None
        self.part, self.reader = part, reader
        shape = stored_rows(part), len(reader.preparation.columns)
        self.num_bytes = cached_bytes(*shape)
        self.block_cache = FILES.cache(*shape)

    def __reduce__(self) -> tuple[Any, ...]:
        """What is sent."""
        return FiledPart, (self.part, self.reader)

    def __sizeof__(self) -> int:
        """As if the file were sent, so that Dask has the part summed by the worker that has it."""
        return self.num_bytes

    def blocks(self) -> Iterator[Block]:
        """Its blocks, from the file if that has them."""
        made = self.reader.blocks(self.part)
        return made if self.block_cache is None else self.block_cache.blocks(0, made)


def file_part(part: Named, reader: PartReader) -> FiledPart:
    """Make room for a part in a file; nothing is read yet."""
    return FiledPart(part.value, reader)


def sum_filed(filed: FiledPart, rows: int, summing: Summing) -> PartSum:
    """Sum over a part of so many rows that is in this worker's file, or read now."""
    return sum_blocks(filed.blocks(), rows, summing)


class _Files:
    """The temporary files of this worker, which together take no more than a single one may."""

    def __init__(self) -> None:
        self.bytes, self._lock = 0, RLock()

    def cache(self, num_rows: int, num_columns: int) -> BlockCache | None:
        """A file for so many rows and columns; None where there is too little room."""
        with self._lock:
            cache = block_cache_for(num_rows, num_columns, self.bytes)
            if cache is not None:
                size = cached_bytes(num_rows, num_columns)
                self.bytes += size
                weakref.finalize(cache, self._give_back, size)
        return cache

    def _give_back(self, size: int) -> None:
        with self._lock:
            self.bytes -= size


FILES = _Files()
