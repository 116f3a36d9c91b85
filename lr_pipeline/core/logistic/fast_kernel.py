"""The logistic sums of a block in numpy, arranged for speed: one exponential for each row."""

from collections.abc import Callable
from functools import reduce
from itertools import pairwise
from math import isfinite
from operator import iadd
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.logistic.loss import log_loss, residual, sigmoid, variance
from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import Design, ParameterMatrix, Parameters, RowVector

# One logarithm is taken of the product of the odds of this many rows.
ROWS_PER_LOGARITHM = 64
# With this many columns or more, a product by the BLAS is faster than numpy's dot products of rows,
# and SᵀS with S = √s X is faster than Xᵀ(s X).
BLAS_COLUMNS = 40
# A design of more numbers than this is read from memory, not from the processor's caches.
NUMBERS_IN_CACHE = 2**18
# Squares are formed from parts of this many numbers, and at least this many rows: a part then stays
# in the processor's nearest cache.
NUMBERS_PER_SQUARE = 2**15
LEAST_ROWS_PER_SQUARE = 1024

Predictor = Callable[[Block, Parameters], RowVector]


def linear_predictor(block: Block, w: Parameters) -> RowVector:
    """Log-odds z = w[0] + X w[1:] of each row (n,)."""
    X = block.X
    # With few columns that are read from memory, dot products of rows are faster.
    by_rows = X.shape[1] < BLAS_COLUMNS and X.size > NUMBERS_IN_CACHE and X.flags.c_contiguous
    z: RowVector = np.vecdot(X, w[1:]) if by_rows else X @ w[1:]
    z += w[0]
    return z


def combine_rows(block: Block, r: RowVector) -> Parameters:
    """Σ r x̃ over the rows, with x̃ = (1, x)."""
    total = np.empty(block.X.shape[1] + 1)
    total[0] = r.sum()
    np.matmul(r, block.X, out=total[1:])
    return total


class NumpyKernel:
    """Sums over a block's rows in numpy; each method is an equation of ``LogisticKernel``."""

    name = "numpy"

    def loss(self, block: Block, w: Parameters) -> float:
        """Σ weight · log(1 + exp(m))."""
        return row_terms(block, w).loss

    def loss_gradient(self, block: Block, w: Parameters) -> tuple[float, Parameters]:
        """Return the loss and Σ weight · (σ(z) − y) x̃."""
        terms = row_terms(block, w)
        gradient = combine_rows(block, _weighted(block, terms.half_residual()))
        gradient *= 2.0
        return terms.loss, gradient

    def loss_gradient_information(
        self, block: Block, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """Return the loss, its gradient and Σ weight · σ(z) (1 − σ(z)) x̃ x̃ᵀ."""
        terms = row_terms(block, w)
        information = combine_squares(block, _weighted(block, terms.variance()))
        gradient = combine_rows(block, _weighted(block, terms.half_residual()))
        gradient *= 2.0
        return terms.loss, gradient, information

    def information_trace_gradient(
        self, block: Block, w: Parameters, A: ParameterMatrix
    ) -> Parameters:
        """Σ weight · σ(z) (1 − σ(z)) (1 − 2 σ(z)) (x̃ᵀ A x̃) x̃."""
        z = linear_predictor(block, w)
        slope = variance(z) * (sigmoid(-z) - sigmoid(z))
        quadratic = (
            A[0, 0] + 2.0 * (block.X @ A[1:, 0]) + np.sum((block.X @ A[1:, 1:]) * block.X, axis=1)
        )
        return combine_rows(block, _weighted(block, slope * quadratic))


class _Odds(NamedTuple):
    """Each row's odds e of the other label, from which all terms follow with one exponential.

    With ±½ = ½ − y and m = ±z, e = exp(m), u = 1 + e: the loss is log u, the residual ±e / u, and
    the variance e / u². ``loss`` is the sum over the rows; it is not finite where an e, or a
    product of several u, exceeds the largest float64.
    """

    loss: float
    half: RowVector
    e: RowVector
    u: RowVector

    @classmethod
    def of(cls, block: Block, w: Parameters, predictor: Predictor) -> "_Odds":
        half = np.subtract(0.5, block.y)
        e = predictor(block, 2.0 * w)
        e *= half
        with np.errstate(over="ignore", invalid="ignore"):
            np.exp(e, out=e)
            u = e + 1.0
            loss = _sum_log(u, e) if block.weight is None else float(block.weight @ np.log1p(e))
        return cls(loss, half, e, u)

    def half_residual(self) -> RowVector:
        """Half of ±σ(m), exact in both tails."""
        r: RowVector = self.e / self.u
        r *= self.half
        return r

    def variance(self) -> RowVector:
        """σ(m) σ(−m)."""
        s: RowVector = self.e / self.u
        s /= self.u
        return s


class _LogOdds(NamedTuple):
    """The same terms for log-odds z of any size, with a few more operations for each row."""

    loss: float
    z: RowVector
    y: RowVector

    @classmethod
    def of(cls, block: Block, w: Parameters, predictor: Predictor) -> "_LogOdds":
        z = predictor(block, w)
        return cls(float(_weighted(block, log_loss(z, block.y)).sum()), z, block.y)

    def half_residual(self) -> RowVector:
        return residual(self.z, self.y) / 2.0

    def variance(self) -> RowVector:
        return variance(self.z)


def row_terms(
    block: Block, w: Parameters, predictor: Predictor = linear_predictor
) -> _Odds | _LogOdds:
    """Terms for Σ weight · loss, residuals and variances; z is computed by ``predictor``."""
    odds = _Odds.of(block, w, predictor)
    return odds if isfinite(odds.loss) else _LogOdds.of(block, w, predictor)


def _sum_log(u: RowVector, e: RowVector) -> float:
    """Σ log(1 + e), with u = 1 + e, by one logarithm for 64 rows where that is accurate enough.

    Rounding u to float64 costs each term about 2⁻⁵³. Where the mean loss is below 0.01 that is too
    much, and log1p is taken of each row.
    """
    rows = len(u) // ROWS_PER_LOGARITHM * ROWS_PER_LOGARITHM
    products = np.multiply.reduce(u[:rows].reshape(ROWS_PER_LOGARITHM, -1), axis=0)
    total = float(np.log(products).sum() + np.log(u[rows:]).sum())
    return total if total > 0.01 * len(u) else float(np.log1p(e).sum())


def combine_squares(block: Block, s: RowVector) -> ParameterMatrix:
    """Σ s x̃ x̃ᵀ over the rows, with x̃ = (1, x)."""
    X, d = block.X, block.X.shape[1]
    parts = max(len(s) // max(NUMBERS_PER_SQUARE // max(d, 1), LEAST_ROWS_PER_SQUARE), 1)
    edges = [len(s) * part // parts for part in range(parts + 1)]
    cached = [(X[start:end], s[start:end, None]) for start, end in pairwise(edges)]
    if d >= BLAS_COLUMNS:
        return reduce(iadd, (_square(part, variances) for part, variances in cached))
    total = np.empty((d + 1, d + 1))
    total[0, 0] = s.sum()
    total[0, 1:] = total[1:, 0] = s @ X
    squares = reduce(iadd, (part.T @ (variances * part) for part, variances in cached))
    total[1:, 1:] = (squares + squares.T) / 2.0
    return total


def _square(X: Design, s: Float64[np.ndarray, "n 1"]) -> ParameterMatrix:
    """SᵀS of S = √s (1, X): half the operations of Xᵀ(s X), but twice the time for few columns."""
    S, root = np.empty((len(X), X.shape[1] + 1)), np.sqrt(s)
    S[:, :1] = root
    np.multiply(root, X, out=S[:, 1:])
    return S.T @ S


def _weighted(block: Block, values: RowVector) -> RowVector:
    """Each row's value times its weight."""
    return values if block.weight is None else block.weight * values
