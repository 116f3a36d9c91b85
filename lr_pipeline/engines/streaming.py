"""Rows read again from their table at every pass, a few blocks in memory at a time."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import Any

from lr_pipeline.core.rows import Block
from lr_pipeline.engines.memory import ArrayRows, held_by_threads
from lr_pipeline.tables.parquet import rows_within
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import Table

BUDGET_BYTES = 512e6
# Of the budget, a block's design may take this share: several are alive, with what is computed
# from them and the reader's pages.
BLOCK_SHARE = 1 / 32
# More rows gain nothing, and leave the processor's cache.
MOST_ROWS = 16_384

PassReport = Callable[[int, int], None]


class TableRows:
    """The design that ``preparation`` makes of ``table``, as ``Rows``.

    The blocks have ``block_rows`` rows each but for the last and are added in their order, so
    the same ``block_rows`` gives the same bits, whatever the table's chunks or row groups. Unless
    given, it follows from ``memory_budget`` (bytes) and the number of columns. Another thread
    reads and converts the next blocks meanwhile. ``progress`` is told, after each block, how many
    rows of the pass are done and how many there are.
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
        self.progress = progress

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.table.num_rows

    @property
    def num_columns(self) -> int:
        """Number of columns d of the design, not counting the intercept."""
        return len(self.preparation.columns)

    def blocks(self) -> Generator[Block]:
        """Yield the design block by block; each ``X`` is stored column by column."""
        batches = self.table.blocks(self.block_rows, self.preparation.source_columns)
        done = 0
        for block in prefetched(self.preparation.block(batch) for batch in batches):
            yield block
            done += len(block.y)
            if self.progress is not None:
                self.progress(done, self.num_rows)

    def sum(self, block_function: Callable[[Block], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Add ``block_function(block)`` over all blocks, in order; not for a table without rows."""
        with closing(self.blocks()) as blocks:
            total = block_function(next(blocks))
            for block in blocks:
                total = tuple(a + b for a, b in zip(total, block_function(block), strict=True))
        return total

    def max(self, block_function: Callable[[Block], float]) -> float:
        """Return the largest ``block_function(block)`` over all blocks."""
        with closing(self.blocks()) as blocks:
            return max(block_function(block) for block in blocks)

    def hold(self, block: Block) -> ArrayRows:
        """Offer some of these rows, in memory."""
        return held_by_threads(block)
