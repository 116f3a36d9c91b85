"""The log loss in single precision: it gives steps, and float64 decides where a fit ends.

Products with columns in float32 take half the time or less. Their rounding, about 1e-6 of a
gradient, does no harm to a search direction, since the fit ends only where the gradient in float64
vanishes. The columns are standardized in float64, so that neither a large mean nor a large scale
costs digits.
"""

from dataclasses import dataclass
from math import inf, isfinite
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from lr_pipeline.core.columns.moments import Extremes
from lr_pipeline.core.logistic.fast_kernel import row_terms
from lr_pipeline.core.rows import Block, Rows, counted_rows
from lr_pipeline.core.types import Columns, LinearMap, Parameters, RowVector

# Outside these scales a column's values, or their inverses, may leave the range of float32.
SMALLEST, LARGEST = 1e-30, 1e30
# More than the relative rounding error of three operations in float32.
ROUNDING = 2.0**-21
# Where all variances vanish, rows still have weights.
TINY = 1e-300

SingleDesign = Float32[np.ndarray, "n k"]


class SingleCopy(NamedTuple):
    """Rows of positive weight, their columns as (x − center) / scale in float32.

    ``blocks``: these columns with labels and weights; ``extremes``: bounds on the original columns.
    """

    blocks: list[Block]
    extremes: Extremes


def standardized_single(rows: Rows, center: Columns, scale: Columns) -> SingleCopy | None:
    """Copy the rows, in one pass; None where they are beyond the range of float32."""
    if not ((scale > SMALLEST) & (scale < LARGEST)).all():
        return None
    factor = (1.0 / scale).astype(np.float32)

    def convert(block: Block) -> tuple[list[Block], Extremes]:
        X, y, weight = counted_rows(block)
        A = np.empty(X.shape, np.float32)
        with np.errstate(over="ignore", invalid="ignore"):  # checked below
            np.subtract(X, center, out=A, casting="same_kind")
            A *= factor
        return [Block(A, y, weight)], _extremes(A)

    blocks, found = rows.sum(convert)
    if not (found.upper - found.lower < np.inf).all():
        return None
    margin = ROUNDING * scale * np.maximum(np.abs(found.lower), np.abs(found.upper))
    margin += ROUNDING**2 * np.abs(center)
    lower, upper = center + scale * found.lower, center + scale * found.upper
    return SingleCopy(blocks, Extremes(lower - margin, upper + margin))


def _extremes(A: SingleDesign) -> Extremes:
    """Extremes of float32 columns whose rows are contiguous in memory; numpy is fast on them."""
    lower, upper = A.min(axis=0, initial=np.inf), A.max(axis=0, initial=-np.inf)
    return Extremes(lower.astype(np.float64), upper.astype(np.float64))


class Expansion(NamedTuple):
    """Second-order expansion of a function at a point: w, f(w), ∇f(w), and v ↦ ∇²f(w) v."""

    w: Parameters
    value: float
    gradient: Parameters
    product: LinearMap


@dataclass(frozen=True, eq=False)
class SingleObjective:
    """The approximate mean log loss of ``blocks``. ``engine``: rows whose engine holds them."""

    blocks: list[Block]
    engine: Rows
    total_weight: float

    def expand(self, w: Parameters) -> Expansion:
        """Evaluate at ``w``: one pass, and one per product. The value is infinite on overflow."""

        def sums(block: Block) -> tuple[float, Parameters, list[Block]]:
            with np.errstate(invalid="ignore"):
                terms = row_terms(block, w, _predictor)
            gradient = 2.0 * _combined(block, _weighted(block, terms.half_residual()))
            weight = _weighted(block, np.maximum(terms.variance(), TINY))
            return terms.loss, gradient, [block._replace(weight=weight)]

        loss, gradient, weighted = self.engine.hold(*self.blocks).sum(sums)
        if not isfinite(loss):
            return Expansion(w, inf, gradient, lambda v: v)
        held = self.engine.hold(*weighted)

        def product(v: Parameters) -> Parameters:
            total = held.sum(lambda block: _combined(block, _weighted(block, _predictor(block, v))))
            return np.asarray(total / self.total_weight)

        return Expansion(w, loss / self.total_weight, gradient / self.total_weight, product)


def _predictor(block: Block, w: Parameters) -> RowVector:
    """Log-odds z = w[0] + X w[1:] of each row, the product in float32."""
    with np.errstate(over="ignore", invalid="ignore"):
        z = (block.X @ w[1:].astype(np.float32)).astype(np.float64)
    return np.asarray(z + w[0])


def _combined(block: Block, r: RowVector) -> Parameters:
    """Σ r x̃ over the rows, the product in float32."""
    return np.concatenate([[r.sum()], r.astype(np.float32) @ block.X], dtype=np.float64)


def _weighted(block: Block, values: RowVector) -> RowVector:
    """Each row's value times its weight."""
    return values if block.weight is None else block.weight * values
