"""Blocks of rows, and the contract for sums over them: a function of a block, whose values add.

The engine applies the function to every block and adds the values. A function that computes
several things from the same rows returns a tuple or a dictionary of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add as plus
from typing import Any, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np

from lr_pipeline.core.types import Design, RowVector

Value = TypeVar("Value")


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

    An engine knows where the blocks are and how to add a function's values for all of them, in a
    fixed order; it does not know what is being computed.
    """

    @property
    def num_rows(self) -> int:
        """Number of rows."""

    @property
    def num_columns(self) -> int:
        """Number of columns d of the design, not counting the intercept."""

    @property
    def block_rows(self) -> int:
        """Largest number of rows in a block."""

    def sum(self, block_function: Callable[[Block], Value]) -> Value:
        """Add ``block_function(block)`` over all blocks with ``add``, in a fixed order."""

    def hold(self, *blocks: Block) -> "Rows":
        """Return blocks in memory, which hold some of these rows, as ``Rows`` of this engine."""


def add(a: Any, b: Any, plus: Callable[[Any, Any], Any] = plus) -> Any:
    """Return the sum of two values: tuples item by item, dictionaries key by key, others a + b.

    Numbers, arrays and everything else that can be added are added with ``plus``. Lists are
    joined: this is how rows are gathered.
    """
    if isinstance(a, dict):
        if a.keys() != b.keys():
            raise ValueError(f"expected the same keys from every block, found {[*a]} and {[*b]}")
        return {key: add(one, b[key], plus) for key, one in a.items()}
    if isinstance(a, tuple):
        items = [add(one, other, plus) for one, other in zip(a, b, strict=True)]
        return type(a)(*items) if hasattr(a, "_fields") else tuple(items)
    return plus(a, b)


def added(values: Iterable[Value]) -> Value:
    """Add values, first to last."""
    return reduce(add, values)


def largest(rows: Rows, block_function: Callable[[Block], float]) -> float:
    """Return the largest ``block_function(block)`` over all blocks."""
    return float(rows.sum(lambda block: _Largest(block_function(block))).value)


@dataclass(frozen=True)
class _Largest:
    """A number whose sum with another is the larger of the two."""

    value: float

    def __add__(self, other: "_Largest") -> "_Largest":
        return _Largest(max(self.value, other.value))


def counted_rows(block: Block) -> Block:
    """Return the block without its rows of zero weight."""
    if block.weight is None or block.weight.all():
        return block
    counted = block.weight > 0
    return Block(block.X[counted], block.y[counted], block.weight[counted])


def gather(rows: Rows) -> Block:
    """Copy all rows of positive weight into one block in memory, in the engine's order."""
    return concatenate(rows.sum(lambda block: [counted_rows(block)]))


def in_one_block(rows: Rows) -> Block:
    """Return all rows in one block, copied only where the engine has several blocks."""
    blocks = rows.sum(lambda block: [block])
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
    """One block held in memory, summed a few rows at a time in this thread."""

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

    def sum(self, block_function: Callable[[Block], Value]) -> Value:
        """Add ``block_function(block)`` over all blocks, first to last."""
        return added(map(block_function, row_slices(self.block, self.block_rows)))

    def hold(self, *blocks: Block) -> "HeldRows":
        """Return blocks in memory as rows like these."""
        return HeldRows(blocks[0] if len(blocks) == 1 else concatenate(blocks), self.block_rows)


def row_slices(block: Block, rows: int) -> Iterator[Block]:
    """Yield views of at most ``rows`` rows; the block itself where it has no more."""
    X, y, weight = block
    if len(y) <= rows:
        yield block
        return
    for start in range(0, len(y), rows):
        part = slice(start, start + rows)
        yield Block(X[part], y[part], None if weight is None else weight[part])
