"""Weighted means and sums of squares of columns, mergeable over blocks (Chan et al., 1983)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.double_double import two_sum
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.types import Columns, Design, RowVector


@dataclass(frozen=True)
class Moments:
    """Count, mean and squares about the mean of each column, of some rows.

    ``num_rows`` rows of positive weight; ``weight`` = Σ w; ``mean + mean_tail`` (d,) the mean to
    about twice the precision of float64, so that merging loses nothing when the mean is much
    larger than the deviation; ``squares`` (d,) = Σ w (x − mean)².
    """

    num_rows: int
    weight: float
    mean: Columns
    mean_tail: Columns
    squares: Columns

    def __add__(self, other: "Moments") -> "Moments":
        """Return the moments of both sets of rows."""
        if other.num_rows == 0:
            return self
        if self.num_rows == 0:
            return other
        weight = self.weight + other.weight
        fraction = other.weight / weight
        difference = (other.mean - self.mean) + (other.mean_tail - self.mean_tail)
        mean, mean_tail = two_sum(self.mean, self.mean_tail + difference * fraction)
        between = self.weight * fraction * difference**2
        squares = self.squares + other.squares + between
        return Moments(self.num_rows + other.num_rows, weight, mean, mean_tail, squares)


def moments_of(X: Design, weight: RowVector | None = None) -> Moments:
    """Return the moments of the columns of ``X``; rows of zero weight do not count.

    Two passes: the squares are taken about the mean, and so lose nothing to a large mean.
    """
    X, _, weight = counted_rows(Block(X, np.empty(len(X)), weight))
    if len(X) == 0:
        zero = np.zeros(X.shape[1])
        return Moments(0, 0.0, zero, zero, zero)
    w = np.ones(len(X)) if weight is None else weight
    total = float(w.sum())
    near = (w / total) @ X
    deviations = X - near
    rest = (w / total) @ deviations
    deviations *= deviations
    squares = w @ deviations - total * rest**2
    mean, mean_tail = two_sum(near, rest)
    return Moments(len(X), total, mean, mean_tail, np.maximum(squares, 0.0))


def column_moments(rows: Rows) -> Moments:
    """Return the moments of all design columns, in one pass.

    Raises
    ------
    ValueError
        No row has a positive weight, or a column has a value that is not finite (or so large
        that its square is not).
    """
    moments: Moments = rows.sum(lambda block: (moments_of(block.X, block.weight),))[0]
    if moments.num_rows == 0:
        raise ValueError(
            f"expected at least one row of positive weight, found {rows.num_rows} rows and none"
        )
    finite = np.isfinite(moments.mean) & np.isfinite(moments.squares)
    if not finite.all():
        raise ValueError(
            f"expected finite columns, found a value in column {int(np.argmin(finite))} (from 0) "
            "that is missing, infinite or beyond 1e150: impute, drop or rescale it"
        )
    return moments


def counted_rows(block: Block) -> Block:
    """Return the block without its rows of zero weight."""
    if block.weight is None or block.weight.all():
        return block
    counted = block.weight > 0
    return Block(block.X[counted], block.y[counted], block.weight[counted])


def standard_deviation(moments: Moments) -> Float64[np.ndarray, " d"]:
    """Return √(Σ w (x − mean)² / Σ w) of each column."""
    return np.sqrt(moments.squares / moments.weight)
