"""Blocks of rows, and what an engine must offer to have them summed."""

from collections.abc import Callable
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

    def sum(self, block_function: Callable[[Block], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Add ``block_function(block)`` over all blocks, item by item, in a fixed order.

        The items are added to the first block's with ``+``: numbers, arrays, anything that adds.
        Lists are concatenated, which is how rows are gathered.
        """

    def max(self, block_function: Callable[[Block], float]) -> float:
        """Return the largest ``block_function(block)`` over all blocks."""


def gather(rows: Rows) -> Block:
    """Copy all rows of positive weight into one block in memory, in the engine's order."""

    def copy_counted(block: Block) -> tuple[list[Block]]:
        X, y, weight = block
        weight = np.ones(len(y)) if weight is None else weight
        counted = weight > 0
        return ([Block(X[counted], y[counted], weight[counted])],)

    (parts,) = rows.sum(copy_counted)
    return Block(
        np.concatenate([part.X for part in parts]),
        np.concatenate([part.y for part in parts]),
        np.concatenate([part.weight for part in parts]),
    )
