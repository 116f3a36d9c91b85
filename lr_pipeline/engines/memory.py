"""Rows that are arrays in memory."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lr_pipeline.core.rows import Block


class ArrayRows:
    """The rows of a design matrix in memory, visited in blocks that are views, first to last.

    ``X`` (n, d) without a column of ones, ``y`` (n,), ``weight`` (n,) or None, all float64 and
    finite; weights not negative. ``block_rows`` is how many rows a block has: few enough for a
    block to stay in the processor's cache.

    Raises
    ------
    TypeError
        An array that is not float64: digits lost in float32 cannot be given back silently.
    ValueError
        Wrong shapes or lengths, no row at all, a value that is not finite, a negative weight.
    """

    def __init__(
        self,
        X: np.ndarray,
        y: np.ndarray,
        weight: np.ndarray | None = None,
        block_rows: int = 16_384,
    ) -> None:
        _check_array("X", X, 2)
        _check_array("y", y, 1)
        if weight is not None:
            _check_array("weight", weight, 1)
            _check_weight(weight)
        _check_lengths(X, y, weight)
        if block_rows < 1:
            raise ValueError(f"block_rows must be at least 1, found {block_rows}")
        self.X, self.y, self.weight, self.block_rows = X, y, weight, block_rows

    @property
    def num_rows(self) -> int:
        """Number of rows n."""
        return len(self.y)

    @property
    def num_columns(self) -> int:
        """Number of columns d, not counting the intercept."""
        return int(self.X.shape[1])

    def sum(self, block_function: Callable[[Block], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Add ``block_function(block)`` over all blocks, item by item, first to last."""
        blocks = self._blocks()
        total = block_function(next(blocks))
        for block in blocks:
            total = tuple(a + b for a, b in zip(total, block_function(block), strict=True))
        return total

    def max(self, block_function: Callable[[Block], float]) -> float:
        """Return the largest ``block_function(block)``."""
        return max(block_function(block) for block in self._blocks())

    def _blocks(self) -> Iterator[Block]:
        for start in range(0, self.num_rows, self.block_rows):
            part = slice(start, start + self.block_rows)
            weight = None if self.weight is None else self.weight[part]
            yield Block(self.X[part], self.y[part], weight)


def _check_array(name: str, array: np.ndarray, dimensions: int) -> None:
    """Reject arrays that are not finite float64 of the given number of dimensions."""
    if array.dtype != np.float64:
        raise TypeError(
            f"{name} must be a float64 array, found {array.dtype}: "
            f"convert it with np.asarray({name}, dtype=np.float64)"
        )
    if array.ndim != dimensions:
        raise ValueError(
            f"{name} must have {dimensions} dimension(s), found shape {array.shape}"
            + (": use y.ravel()" if name == "y" else "")
        )
    finite = np.isfinite(array)
    if not finite.all():
        place = np.argwhere(~finite)[0]
        where = f"row {place[0]}" + (f", column {place[1]}" if dimensions == 2 else "")
        raise ValueError(
            f"{name} must be finite, found {array[tuple(place)]} at {where} (from 0): "
            "impute or drop it"
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
    lengths = {"X": len(X), "y": len(y)} | ({} if weight is None else {"weight": len(weight)})
    if len(set(lengths.values())) > 1:
        raise ValueError(f"X, y and weight must have as many rows each, found {lengths}")
