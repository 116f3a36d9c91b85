"""Decoded parts of a table that workers of a Dask cluster keep between passes."""

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

# Kept parts take at most this share of the workers' memory where some of them are in files. Dask
# counts the files as memory, and would move kept blocks to disk from 60 % on.
KEPT_SHARE = 0.5


def bytes_in_files(memory: float, cache: float) -> float:
    """Return how many bytes of a design may be in files, beside the share ``cache`` in memory.

    This is at most a quarter of the memory, so that files and memory together take at most half of
    it.
    """
    return memory * min(LARGEST_SHARE, max(0.0, KEPT_SHARE - cache))


def hold_part(part: Named, reader: PartReader) -> list[Block]:
    """Read a part and return it, to be kept in the worker's memory.

    All blocks share one array: the system allocates it faster, in large pages, while Dask's workers
    give the memory of small arrays back to the system at once.
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
    """Sum over a part of ``rows`` rows that is in some worker's memory."""
    return sum_blocks(map(aligned, blocks), rows, summing)


def aligned(block: Block) -> Block:
    """Return the block with arrays whose memory is aligned to their numbers.

    Arrays from another worker may not be aligned, and then the last bits of products differ.
    """
    X, y, weight = block
    X, y = np.require(X, requirements="A"), np.require(y, requirements="A")
    return Block(X, y, None if weight is None else np.require(weight, requirements="A"))


class FiledPart:
    """A part that its first pass leaves in a temporary file of this worker, where there is room.

    When it is sent to another worker, or spilled by this one, only the part's description is
    pickled, and the part is read again.
    """

    def __init__(self, part: Table, reader: PartReader) -> None:
        assert reader.preparation is not None
        self.part, self.reader = part, reader
        shape = stored_rows(part), len(reader.preparation.columns)
        self.num_bytes = cached_bytes(*shape)
        self.block_cache = FILES.cache(*shape)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the part's description and its reader, not the file."""
        return FiledPart, (self.part, self.reader)

    def __sizeof__(self) -> int:
        """Report the file's size, so that Dask gives the sum to the worker that has the file."""
        return self.num_bytes

    def blocks(self) -> Iterator[Block]:
        """Yield the part's blocks, from the file if it has them."""
        made = self.reader.blocks(self.part)
        return made if self.block_cache is None else self.block_cache.blocks(0, made)


def file_part(part: Named, reader: PartReader) -> FiledPart:
    """Make room for a part in a file; nothing is read yet."""
    return FiledPart(part.value, reader)


def sum_filed(filed: FiledPart, rows: int, summing: Summing) -> PartSum:
    """Sum over a part of ``rows`` rows from this worker's file, or read the part now."""
    return sum_blocks(filed.blocks(), rows, summing)


class _Files:
    """The temporary files of this worker; the limit for one file holds for all together."""

    def __init__(self) -> None:
        self.bytes, self._lock = 0, RLock()

    def cache(self, num_rows: int, num_columns: int) -> BlockCache | None:
        """Return a file for a design of this size; None where there is too little room."""
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
