"""Rows held as arrays in memory."""

from collections.abc import Callable

import numpy as np

from lr_pipeline.core.rows import Block, Value
from lr_pipeline.engines.held_blocks import LEAST_ROWS, HeldBlocks, held_by_threads, sum_in_groups

# Numbers in a block, and its least and most rows. With long blocks, threads rarely wait for the
# interpreter between short operations; this saves more time than the processor's cache would. With
# 1,000 columns, blocks of 1,280 rows take a tenth less time than blocks of 1,024 or 2,500.
BLOCK_NUMBERS = 2**19
MOST_ROWS = 2**17


class ArrayRows:
    """The rows of a design matrix in memory; a pass goes over blocks that are views.

    ``X`` (n, d) without a column of ones, ``y`` (n,), ``weight`` (n,) or None, all float64; y and
    weights finite, weights not negative. X is checked by the caller's first pass. ``block_rows`` is
    the length of a block; unless given, it follows from the number of columns. Several threads sum
    the blocks, in an order that depends only on the number of rows and ``block_rows``.

    Raises
    ------
    TypeError
        An array is not float64: digits lost in float32 cannot be restored.
    ValueError
        Shapes or lengths are wrong, there is no row, a value is not finite, or a weight is
        negative.
    """

    def __init__(
        self,
        X: np.ndarray,
        y: np.ndarray,
        weight: np.ndarray | None = None,
        block_rows: int | None = None,
    ) -> None:
        _check_array("X", X, 2)
        _check_array("y", y, 1)
        _check_finite("y", y)
        if weight is not None:
            _check_array("weight", weight, 1)
            _check_finite("weight", weight)
            _check_weight(weight)
        _check_lengths(X, y, weight)
        if block_rows is None:
            block_rows = min(max(BLOCK_NUMBERS // max(X.shape[1], 1), LEAST_ROWS), MOST_ROWS)
        if block_rows < 1:
            raise ValueError(f"block_rows must be at least 1, found {block_rows}")
        self.X, self.y, self.weight, self.block_rows = X, y, weight, block_rows

    @property
    def num_rows(self) -> int:
        """Number of rows n."""
        return len(self.y)

    @property
    def num_columns(self) -> int:
        """Number of columns d of the design, not counting the intercept."""
        return int(self.X.shape[1])

    def sum(self, block_function: Callable[[Block], Value]) -> Value:
        """Add ``block_function(block)`` over all blocks, in a fixed order."""
        starts = range(0, self.num_rows, self.block_rows)
        if len(starts) == 1:
            return block_function(Block(self.X, self.y, self.weight))
        return sum_in_groups(lambda start: block_function(self._block(start)), starts, self.X.size)

    def hold(self, *blocks: Block) -> "HeldBlocks":
        """Hold some of these rows, in as many blocks as several threads need."""
        return held_by_threads(*blocks)

    def _block(self, start: int) -> Block:
        part = slice(start, start + self.block_rows)
        weight = None if self.weight is None else self.weight[part]
        return Block(self.X[part], self.y[part], weight)


def _check_array(name: str, array: np.ndarray, dimensions: int) -> None:
    """Reject arrays that are not float64 or have another number of dimensions."""
    if array.dtype.type is not np.float64 or not array.dtype.isnative:
        raise TypeError(
            f"{name} must be a float64 array, found {array.dtype}: "
            f"convert it with np.asarray({name}, dtype=np.float64)"
        )
    if array.ndim != dimensions:
        raise ValueError(
            f"{name} must have {dimensions} dimension(s), found shape {array.shape}"
            + (": use y.ravel()" if name == "y" else "")
        )


def _check_finite(name: str, array: np.ndarray) -> None:
    finite = np.isfinite(array)
    if np.count_nonzero(finite) < array.size:
        row = int(np.argmin(finite))
        raise ValueError(
            f"{name} must be finite, found {array[row]} at row {row} (from 0): impute or drop it"
        )


def _check_weight(weight: np.ndarray) -> None:
    """Reject negative weights and weights that are all zero."""
    if weight.size and weight.min() < 0:
        row = int(np.argmin(weight))
        raise ValueError(
            f"weights must not be negative, found {weight[row]} at row {row} (from 0): "
            "use 0 for a row that is not to count"
        )
    if not weight.any():
        raise ValueError(f"at least one weight must be positive, found {weight.size} zeros")


def _check_lengths(X: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> None:
    """Reject empty tables and lengths that differ."""
    if len(y) == 0:
        raise ValueError("expected at least one row, found none")
    if len(X) == len(y) and (weight is None or len(weight) == len(y)):
        return
    lengths = {"X": len(X), "y": len(y)} | ({} if weight is None else {"weight": len(weight)})
    raise ValueError(f"X, y and weight must have as many rows each, found {lengths}")
