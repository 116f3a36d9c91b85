"""Rows read again from their table at every pass, a few blocks in memory at a time."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

from lr_pipeline.core.rows import Block, added
from lr_pipeline.engines.memory import ArrayRows, held_by_threads
from lr_pipeline.engines.parallel import in_order
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.parquet import read_footer, rows_within
from lr_pipeline.tables.parts import parts_of
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import Table

BUDGET_BYTES = 512e6
# Of the budget, a block's design may take this share: several are alive, with what is computed
# from them and the reader's pages.
BLOCK_SHARE = 1 / 32
# More rows gain nothing, and leave the processor's cache.
MOST_ROWS = 16_384
# A file of many numbers is read by several threads, each a part of it, which takes so much.
MANY_NUMBERS = 2**22
PARTS = 8
PART_BYTES = 128e6

PassReport = Callable[[int, int], None]


class TableRows:
    """The design that ``preparation`` makes of ``table``, as ``Rows``.

    The blocks have ``block_rows`` rows each but for the last and are added in their order, so
    the same ``block_rows`` gives the same bits, whatever the table's chunks or row groups. Unless
    given, it follows from ``memory_budget`` (bytes) and the number of columns. Another thread
    reads and converts the next blocks meanwhile. Parquet files of more than 4 million numbers are
    cut into up to eight parts at row groups, each visited in the same way by a thread of its own,
    and then the parts are added: there the same file gives the same bits. ``progress`` is told,
    after each block, how many rows of the pass are done and how many there are.
    """

    def __init__(
        self,
        table: Table,
        preparation: Preparation,
        block_rows: int | None = None,
        memory_budget: float = BUDGET_BYTES,
        progress: PassReport | None = None,
    ) -> None:
        self.table = table
        self.preparation = preparation
        share = int(memory_budget * BLOCK_SHARE)
        self.block_rows = block_rows or rows_within(share, self.num_columns, MOST_ROWS)
        self.threads = max(1, int(memory_budget / PART_BYTES))
        self.progress = progress

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.table.num_rows

    @property
    def num_columns(self) -> int:
        """Number of columns d of the design, not counting the intercept."""
        return len(self.preparation.columns)

    def sum(self, block_function: Callable[[Block], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Add ``block_function(block)`` over all blocks, in order; not for a table without rows."""
        visited = _Visited(self)

        def count(block: Block) -> tuple[Any, ...]:
            sums = block_function(block)
            visited.add(len(block.y))
            return sums

        if len(self._parts) == 1:
            with closing(prefetched(self._blocks(self.table))) as blocks:
                return added(map(count, blocks))

        def add_part(part: Table) -> tuple[Any, ...]:
            return added(map(count, self._blocks(part)))

        return added(in_order(add_part, self._parts, self.threads))

    def max(self, block_function: Callable[[Block], float]) -> float:
        """Return the largest ``block_function(block)`` over all blocks."""
        (values,) = self.sum(lambda block: ([block_function(block)],))
        return float(max(values))

    def hold(self, block: Block) -> ArrayRows:
        """Offer some of these rows, in memory."""
        return held_by_threads(block)

    @cached_property
    def _parts(self) -> list[Table]:
        """Parts of a large file, at row groups; otherwise the table."""
        if not isinstance(self.table.data, Path):
            return [self.table]
        rows = read_footer(self.table.data).num_rows
        if rows * self.num_columns <= MANY_NUMBERS:
            return [self.table]
        try:
            parts = parts_of(self.table, -(-rows // PARTS))
        except TableError:  # chosen by number: only one reader can count them
            return [self.table]
        return [part for part in parts if part.num_rows]

    def _blocks(self, table: Table) -> Iterator[Block]:
        """The design of some rows, block by block; each ``X`` is stored column by column."""
        batches = table.blocks(self.block_rows, self.preparation.source_columns)
        return map(self.preparation.block, batches)


class _Visited:
    """Counts the rows of a pass, by several threads, and tells of them."""

    def __init__(self, rows: TableRows) -> None:
        self.rows, self.done, self.lock = rows, 0, Lock()

    def add(self, rows: int) -> None:
        """Take note of so many more rows."""
        if self.rows.progress is not None:
            with self.lock:
                self.done += rows
                self.rows.progress(self.done, self.rows.num_rows)
