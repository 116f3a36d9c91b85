"""Rows that are read from their table at every pass, with few blocks in memory at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from functools import cached_property, partial
from itertools import tee
from pathlib import Path
from threading import Lock
from typing import TypeVar

import pyarrow as pa

from lr_pipeline.core.rows import Block, Value, added
from lr_pipeline.engines.block_cache import BlockCache
from lr_pipeline.engines.held_blocks import HeldBlocks, held_by_threads
from lr_pipeline.engines.parallel import in_order, usable_processors
from lr_pipeline.tables.aggregate import (
    BatchFunction,
    added_batches,
    aggregate_here,
    no_rows,
    rows_before_part,
)
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.files.parquet import read_footer, rows_within
from lr_pipeline.tables.freed_memory import release_freed_memory
from lr_pipeline.tables.parts import parts_of
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table

BUDGET_BYTES = 512e6
# A block's design may take this share of the budget, since several blocks are in memory at once,
# with what is computed from them and the reader's pages.
BLOCK_SHARE = 1 / 32
# More rows gain nothing, and do not fit in the processor's cache.
MOST_ROWS = 16_384
# Several threads read a file with more numbers than this, each some parts of it.
MANY_NUMBERS = 2**22
PARTS = 16
PART_BYTES = 128e6  # memory that the reading of a part takes

PassReport = Callable[[int, int], None]
Part = TypeVar("Part")


class TableRows:
    """The design that ``preparation`` makes of ``table``, as ``Rows``.

    All blocks but the last have ``block_rows`` rows and are added in order, so the same
    ``block_rows`` gives the same bits, whatever the table's chunks or row groups. Unless given,
    ``block_rows`` follows from ``memory_budget`` (bytes) and the number of columns. Another thread
    reads and converts the next blocks meanwhile. A Parquet file of more than ``many_numbers`` is
    cut at row groups into up to 16 parts. Each part is read in the same way by a thread of its own,
    then the sums of the parts are added; here the same file gives the same bits. After each block
    ``progress`` receives how many rows of the pass are done and how many there are. The first pass
    writes the blocks to the ``block_cache``, if there is one, and later passes read them from
    there: the same bits in less time. Where the table's own ``numbers`` (NaN where missing) are cut
    into the same blocks, these blocks are imputed instead of reading the table.
    """

    def __init__(
        self,
        table: Table,
        preparation: Preparation,
        block_rows: int | None = None,
        memory_budget: float = BUDGET_BYTES,
        progress: PassReport | None = None,
        block_cache: BlockCache | None = None,
        numbers: "TableRows | None" = None,
        many_numbers: int = MANY_NUMBERS,
    ) -> None:
        self.table, self.preparation, self.many_numbers = table, preparation, many_numbers
        share = int(memory_budget * BLOCK_SHARE)
        self.block_rows = block_rows or rows_within(share, self.num_columns, MOST_ROWS)
        self.threads = threads_within(memory_budget)
        self.progress, self.block_cache = progress, block_cache
        self.numbers = numbers if numbers is not None and self._is_cut_like(numbers) else None

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.table.num_rows

    @property
    def num_columns(self) -> int:
        """Number of columns d of the design, not counting the intercept."""
        return len(self.preparation.columns)

    def sum(self, block_function: Callable[[Block], Value]) -> Value:
        """Add ``block_function(block)`` over all blocks, in order; not for a table without rows."""
        progress = _Progress(self)

        def count(block: Block) -> Value:
            value = block_function(block)
            progress.add(len(block.y))
            return value

        if not self.in_parts:
            with closing(prefetched(self._blocks(0))) as blocks:
                return added(map(count, blocks))

        def add_part(part: int) -> Value:
            return added(map(count, self._blocks(part)))

        return _added_parts(add_part, range(len(self._parts)), self.threads)

    def hold(self, *blocks: Block) -> HeldBlocks:
        """Hold some of these rows in memory."""
        return held_by_threads(*blocks)

    def aggregate(self, function: BatchFunction[Value]) -> Value:
        """Add ``function`` over the table's own batches, and write these to the block cache."""
        columns = self.preparation.source_columns
        empty = no_rows(self.table, columns)

        def add_part(part: int) -> Value:
            before = rows_before_part(self._parts[part])
            return added_batches(self._batches(part), function, empty, before)

        return _added_parts(add_part, range(len(self._parts)), self.threads)

    @property
    def in_parts(self) -> bool:
        """Whether several threads go over the rows."""
        return len(self._parts) > 1

    def _is_cut_like(self, other: "TableRows") -> bool:
        """Tell whether other rows of the same table come in the same blocks."""
        same_parts = len(self._parts) == len(other._parts)
        return same_parts and self.block_rows == other.block_rows

    @cached_property
    def _parts(self) -> list[Table]:
        return threaded_parts(self.table, self.num_columns, self.many_numbers)

    def _blocks(self, part: int) -> Iterator[Block]:
        """Yield the design of a part's rows; each ``X`` is stored column by column."""
        if self.numbers is not None:
            return map(self.preparation.imputed, self.numbers._blocks(part))
        return self._cached(part, self._stored_batches(part))

    def _batches(self, part: int) -> Iterator[pa.RecordBatch]:
        """Yield a part's rows as they are stored, and write their design to the block cache."""
        batches, copies = tee(self._stored_batches(part))
        decoded = self._cached(part, copies)
        for batch in batches:
            yield batch
            next(decoded)
        next(decoded, None)  # tells the cache that the part is complete

    def _stored_batches(self, part: int) -> Iterator[pa.RecordBatch]:
        return self._parts[part].blocks(self.block_rows, self.preparation.source_columns)

    def _cached(self, part: int, batches: Iterable[pa.RecordBatch]) -> Iterator[Block]:
        made = map(self.preparation.block, batches)
        return made if self.block_cache is None else self.block_cache.blocks(part, made)


def threads_within(memory_budget: float) -> int:
    """Return how many parts are read at once: one by each processor, if there is the memory."""
    return min(usable_processors(), max(1, int(memory_budget / PART_BYTES)))


def aggregate_by_threads(
    table: Table,
    columns: Sequence[str],
    function: BatchFunction[Value],
    threads: int,
    many_numbers: int = MANY_NUMBERS,
) -> Value:
    """Add the values of a large file's parts by ``threads`` threads (``Aggregate``)."""
    parts = threaded_parts(table, len(columns), many_numbers)
    add_part = partial(aggregate_here, columns=columns, function=function)
    return _added_parts(add_part, parts, threads)


def _added_parts(add_part: Callable[[Part], Value], parts: Sequence[Part], threads: int) -> Value:
    """Add the values of the parts, and give the system back what decoding them has freed."""
    total = added(in_order(add_part, parts, threads))
    release_freed_memory()
    return total


def threaded_parts(table: Table, columns: int, many_numbers: int = MANY_NUMBERS) -> list[Table]:
    """Cut a file of more than ``many_numbers`` at row groups; else return the table alone.

    The parts depend on the file and the number of columns alone.
    """
    if not isinstance(table.data, Path):
        return [table]
    rows = read_footer(table.data).num_rows
    if rows * columns <= many_numbers:
        return [table]
    try:
        parts = parts_of(table, -(-rows // PARTS))
    except TableError:  # rows chosen by number: only one reader can count them
        return [table]
    return [part for part in parts if part.num_rows] or [table]


class _Progress:
    """Counts the rows that several threads have read in a pass, and reports them."""

    def __init__(self, rows: TableRows) -> None:
        self.rows, self.done, self.lock = rows, 0, Lock()

    def add(self, rows: int) -> None:
        """Add to the rows that are done, and report them."""
        if self.rows.progress is not None:
            with self.lock:
                self.done += rows
                self.rows.progress(self.done, self.rows.num_rows)
