"""A design in single precision: where a step comes from, never what a fit is judged by.

Products with float32 columns take a quarter of the time of those with float64 ones that do not
fit into the processor's cache. Their rounding, some 1e-6 of a gradient, is harmless in a direction
that is followed until the gradient in float64 vanishes. The columns are standardized in float64
first, so that neither a far mean nor a large scale costs digits.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from lr_pipeline.core.moments import Extremes, counted_rows
from lr_pipeline.core.objective import LogisticObjective
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters

# Scales beyond which a column's values, or their inverses, may leave the range of float32.
SMALLEST, LARGEST = 1e-30, 1e30
# More than the relative rounding error of three operations in float32.
ROUNDING = 2.0**-21

SingleDesign = Float32[np.ndarray, "n k"]
SingleVector = Float32[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class SingleRows:
    """The rows of positive weight of a design, as (x − center) / scale in float32.

    ``X`` (n, k) the columns; ``sign`` (n,), −1 for a label of 1 and 1 for one of 0; ``weight`` (n,)
    or None; ``extremes``: those of the columns as they were given.
    """

    X: SingleDesign
    sign: SingleVector
    weight: SingleVector | None
    extremes: Extremes

    @classmethod
    def of(cls, rows: Rows, center: Columns, scale: Columns) -> "SingleRows | None":
        """Copy the rows, in one pass; None where they are beyond the range of float32."""
        if not ((scale > SMALLEST) & (scale < LARGEST)).all():
            return None
        factor = (1.0 / scale).astype(np.float32)

        def convert(block: Block) -> tuple[list[SingleDesign], list[Block], Extremes]:
            X, y, weight = counted_rows(block)
            A = np.empty(X.shape, np.float32)
            np.subtract(X, center, out=A, casting="same_kind")
            A *= factor
            nothing = np.inf  # of a block without rows
            extremes = Extremes(
                A.min(axis=0, initial=nothing).astype(np.float64),
                A.max(axis=0, initial=-nothing).astype(np.float64),
            )
            return [A], [Block(X[:0], y, weight)], extremes

        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            designs, labels, extremes = rows.sum(convert)
        if not (extremes.upper - extremes.lower < np.inf).all():
            return None
        sign = np.concatenate([1.0 - 2.0 * y for _, y, _ in labels]).astype(np.float32)
        weights = [weight for _, _, weight in labels if weight is not None]
        weight = np.concatenate(weights).astype(np.float32) if weights else None
        return cls(np.concatenate(designs), sign, weight, _widened(extremes, center, scale))

    def predictor(self, w: Parameters) -> SingleVector:
        """Log-odds z = w[0] + X w[1:] of each row."""
        z: SingleVector = self.X @ w[1:].astype(np.float32)
        z += np.float32(w[0])
        return z

    def combine(self, r: SingleVector) -> Parameters:
        """Σ weight · r x̃ over the rows, with x̃ = (1, x)."""
        if self.weight is not None:
            r = r * self.weight
        return np.concatenate([[r.sum(dtype=np.float64)], r @ self.X], dtype=np.float64)


def _widened(extremes: Extremes, center: Columns, scale: Columns) -> Extremes:
    """Bounds in the table's units on values that are known in float32, standardized."""
    margin = ROUNDING * scale * np.maximum(np.abs(extremes.lower), np.abs(extremes.upper))
    margin += ROUNDING**2 * np.abs(center)
    lower, upper = center + scale * extremes.lower, center + scale * extremes.upper
    return Extremes(lower - margin, upper + margin)


@dataclass(frozen=True, eq=False)
class SingleObjective:
    """The mean log loss of ``rows``, about; ``sample``, the objective of some of them, in float64.

    Products are with the Hessian of all rows; the Hessian as a matrix is the sample's.
    """

    rows: SingleRows
    sample: LogisticObjective
    total_weight: float

    def value(self, w: Parameters) -> float:
        """f(w)."""
        return self.value_gradient(w)[0]

    def value_gradient(self, w: Parameters) -> tuple[float, Parameters]:
        """f(w) and ∇f(w): with m = ± z, Σ weight · log(1 + exp(m)) and Σ weight · (± σ(m)) x̃."""
        rows = self.rows
        m = rows.predictor(w)
        m *= rows.sign
        e = np.exp(-np.abs(m))
        loss = np.maximum(m, 0.0)
        loss += np.log1p(e)
        if rows.weight is not None:
            loss *= rows.weight
        r = np.where(m >= 0.0, np.float32(1.0), e)
        r /= 1.0 + e
        r *= rows.sign
        W = self.total_weight
        return float(loss.sum(dtype=np.float64)) / W, rows.combine(r) / W

    def sample_hessian(self, w: Parameters) -> ParameterMatrix:
        """Return the Hessian of the sample's mean."""
        return self.sample.value_gradient_hessian(w)[2]

    def variance(self, w: Parameters) -> SingleVector:
        """σ(z) σ(−z) of each row."""
        e = np.exp(-np.abs(self.rows.predictor(w)))
        return np.asarray(e / np.square(1.0 + e))

    def product(self, variance: SingleVector, v: Parameters) -> Parameters:
        """Σ weight · variance · x̃ (x̃ᵀ v) / Σ weight."""
        return self.rows.combine(variance * self.rows.predictor(v)) / self.total_weight
