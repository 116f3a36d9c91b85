"""Rows read again from their table at every pass, one block in memory at a time."""

from collections.abc import Callable, Iterator
from typing import Any

from lr_pipeline.core.rows import Block
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import BLOCK_ROWS, Table


class TableRows:
    """The design that ``preparation`` makes of ``table``, as ``Rows``.

    The blocks have ``block_rows`` rows each but for the last and are added in their order, so
    the same ``block_rows`` gives the same bits, whatever the table's chunks or row groups.
    """

    def __init__(
        self, table: Table, preparation: Preparation, block_rows: int = BLOCK_ROWS
    ) -> None:
        self.table = table
        self.preparation = preparation
        self.block_rows = block_rows

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.table.num_rows

    @property
    def num_columns(self) -> int:
        """Number of columns d of the design, not counting the intercept."""
        return len(self.preparation.columns)

    def blocks(self) -> Iterator[Block]:
        """Yield the design block by block."""
        for batch in self.table.blocks(self.block_rows):
            yield self.preparation.block(batch)

    def sum(self, block_function: Callable[[Block], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Add ``block_function(block)`` over all blocks, in order; not for a table without rows."""
        parts = (block_function(block) for block in self.blocks())
        total = next(parts)
        for part in parts:
            total = tuple(a + b for a, b in zip(total, part, strict=True))
        return total

    def max(self, block_function: Callable[[Block], float]) -> float:
        """Return the largest ``block_function(block)`` over all blocks."""
        return max(block_function(block) for block in self.blocks())
