"""Blocks of rows, and what an engine must offer to have them summed."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from lr_pipeline.core.types import Design, RowVector


class Block(NamedTuple):
    """Some rows of a table, ready for arithmetic.

    ``X`` (n, d) the design without a column of ones; ``y`` (n,) the label, 0 or 1;
    ``weight`` (n,) how often each row counts, or ``None`` for once each.
    """

    X: Design
    y: RowVector
    weight: RowVector | None = None


@runtime_checkable
class Rows(Protocol):
    """All the rows of one design matrix, wherever they are kept.

    An engine knows how to visit the blocks and combine what a function returns for each of them,
    in a fixed order; it does not know what is being computed.
    """

    @property
    def num_rows(self) -> int:
        """Number of rows."""

    @property
    def num_columns(self) -> int:
        """Number of columns d of the design, not counting the intercept."""

    @property
    def block_rows(self) -> int:
        """Most rows that a block has."""

    def sum(self, block_function: Callable[[Block], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Add ``block_function(block)`` over all blocks, item by item, in a fixed order.

        The items are added to the first block's with ``+``: numbers, arrays, anything that adds.
        Lists are concatenated, which is how rows are gathered.
        """

    def max(self, block_function: Callable[[Block], float]) -> float:
        """Return the largest ``block_function(block)`` over all blocks."""

    def hold(self, *blocks: Block) -> "Rows":
        """Offer some of these rows, held in memory, in the way that suits this engine."""


def gather(rows: Rows) -> Block:
    """Copy all rows of positive weight into one block in memory, in the engine's order."""

    def copy_counted(block: Block) -> tuple[list[Block]]:
        X, y, weight = block
        if weight is None:
            return ([block],)
        counted = weight > 0
        return ([Block(X[counted], y[counted], weight[counted])],)

    (parts,) = rows.sum(copy_counted)
    return concatenate(parts)


def in_one_block(rows: Rows) -> Block:
    """All rows in one block, copied only where the engine visits them in several."""
    (blocks,) = rows.sum(lambda block: ([block],))
    return blocks[0] if len(blocks) == 1 else concatenate(blocks)


def concatenate(blocks: Sequence[Block]) -> Block:
    """Copy the rows of all blocks into one."""
    weights = [block.weight for block in blocks if block.weight is not None]
    return Block(
        np.concatenate([block.X for block in blocks]),
        np.concatenate([block.y for block in blocks]),
        np.concatenate(weights) if weights else None,
    )


@dataclass(frozen=True)
class HeldRows:
    """One block held in memory, visited a few rows at a time in this thread."""

    block: Block
    block_rows: int = 8192

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return len(self.block.y)

    @property
    def num_columns(self) -> int:
        """Number of columns d of the design, not counting the intercept."""
        return int(self.block.X.shape[1])

    def sum(self, block_function: Callable[[Block], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Add ``block_function(block)`` over all blocks, item by item, first to last."""
        return added(map(block_function, row_slices(self.block, self.block_rows)))

    def max(self, block_function: Callable[[Block], float]) -> float:
        """Return the largest ``block_function(block)`` over all blocks."""
        return max(map(block_function, row_slices(self.block, self.block_rows)))

    def hold(self, *blocks: Block) -> "HeldRows":
        """Offer some of these rows."""
        return HeldRows(blocks[0] if len(blocks) == 1 else concatenate(blocks), self.block_rows)


def row_slices(block: Block, rows: int) -> Iterator[Block]:
    """Yield views of at most so many rows; the block itself where it has no more."""
    X, y, weight = block
    if len(y) <= rows:
        yield block
        return
    for start in range(0, len(y), rows):
        part = slice(start, start + rows)
        yield Block(X[part], y[part], None if weight is None else weight[part])


def added(parts: Iterable[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Add tuples item by item, first to last."""
    return reduce(lambda a, b: tuple(x + y for x, y in zip(a, b, strict=True)), parts)
