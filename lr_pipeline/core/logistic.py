"""The Bernoulli likelihood of a 0/1 label whose log-odds z are linear: values and derivatives.

The pointwise functions below hold for any z, however large, because every exponential is taken of
−|z| and no difference of nearly equal numbers is formed (tutorial, "逻辑回归" and "损失函数").
"""

from typing import NamedTuple

import numpy as np

from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import ParameterMatrix, Parameters, RowVector

# Rows whose losses are multiplied before one logarithm is taken of them.
PRODUCT = 64
MANY_COLUMNS = 40
CACHED_ROWS = 2048


def sigmoid(z: RowVector) -> RowVector:
    """Probability of the label 1 for log-odds z: σ(z) = 1 / (1 + exp(−z))."""
    e = np.exp(-np.abs(z))
    p: RowVector = np.where(z >= 0, 1.0, e) / (1.0 + e)
    return p


def log_loss(z: RowVector, y: RowVector) -> RowVector:
    """Minus the log-likelihood of each row: −y log σ(z) − (1 − y) log σ(−z), exact at |z| = 800.

    The same as log(1 + exp(z)) − y z. For y in {0, 1} the bracket is exactly 0 or |z|, so that
    the small loss of a well classified row keeps all its digits.
    """
    loss: RowVector = np.log1p(np.exp(-np.abs(z))) + (np.maximum(z, 0.0) - y * z)
    return loss


def residual(z: RowVector, y: RowVector) -> RowVector:
    """Derivative of the loss in z, σ(z) − y, as (1 − y) σ(z) − y σ(−z): 1 − σ(z) is not formed."""
    r: RowVector = (1.0 - y) * sigmoid(z) - y * sigmoid(-z)
    return r


def variance(z: RowVector) -> RowVector:
    """Second derivative of the loss in z, σ(z) (1 − σ(z)): the variance of the label."""
    s: RowVector = sigmoid(z) * sigmoid(-z)
    return s


def linear_predictor(block: Block, w: Parameters) -> RowVector:
    """Log-odds z = w[0] + X w[1:] of each row (n,)."""
    z: RowVector = block.X @ w[1:]
    z += w[0]
    return z


def combine_rows(block: Block, r: RowVector) -> Parameters:
    """Σ r x̃ over the rows, with x̃ = (1, x)."""
    total = np.empty(block.X.shape[1] + 1)
    total[0] = r.sum()
    np.matmul(r, block.X, out=total[1:])
    return total


class NumpyKernel:
    """Sums over a block's rows in numpy; each method is an equation of ``LogisticKernel``.

    With ±1 = 1 − 2y and m = ±z, a row's loss is log(1 + exp(m)), its residual ±σ(m), and its
    variance σ(m) σ(−m): one exponential exp(−|m|) serves all three.
    """

    name = "numpy"

    def loss(self, block: Block, w: Parameters) -> float:
        """Σ weight · log(1 + exp(m))."""
        return _loss(block, _Margins.of(block, w))

    def loss_gradient(self, block: Block, w: Parameters) -> tuple[float, Parameters]:
        """Return the loss and Σ weight · (σ(z) − y) x̃."""
        margins = _Margins.of(block, w)
        return _loss(block, margins), combine_rows(block, _weighted(block, margins.residual()))

    def loss_gradient_information(
        self, block: Block, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """Return the loss, its gradient and Σ weight · σ(z) (1 − σ(z)) x̃ x̃ᵀ."""
        margins = _Margins.of(block, w)
        gradient = combine_rows(block, _weighted(block, margins.residual()))
        information = combine_squares(block, _weighted(block, margins.variance()))
        return _loss(block, margins), gradient, information

    def information_product(self, block: Block, w: Parameters, v: Parameters) -> Parameters:
        """Σ weight · σ(z) (1 − σ(z)) x̃ (x̃ᵀ v)."""
        s = _weighted(block, _Margins.of(block, w).variance())
        return combine_rows(block, s * linear_predictor(block, v))

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


class _Margins(NamedTuple):
    """m, its sign ±1 = 1 − 2y, e = exp(−|m|) and q = 1 / (1 + e), each (n,)."""

    m: RowVector
    sign: RowVector
    e: RowVector
    q: RowVector

    @classmethod
    def of(cls, block: Block, w: Parameters) -> "_Margins":
        sign = 1.0 - 2.0 * block.y
        m = linear_predictor(block, w)
        m *= sign
        e = np.abs(m)
        np.negative(e, out=e)
        np.exp(e, out=e)
        q = e + 1.0
        np.divide(1.0, q, out=q)
        return cls(m, sign, e, q)

    def residual(self) -> RowVector:
        """±σ(m), with σ(m) = exp(min(m, 0)) q: exact in both tails."""
        r: RowVector = np.minimum(self.m, 0.0)
        np.exp(r, out=r)
        r *= self.q
        r *= self.sign
        return r

    def variance(self) -> RowVector:
        """σ(m) σ(−m) = e q²."""
        s: RowVector = self.e * self.q
        s *= self.q
        return s


def _loss(block: Block, margins: _Margins) -> float:
    """Σ weight · (max(m, 0) + log(1 + e))."""
    positive = np.maximum(margins.m, 0.0)
    if block.weight is not None:
        return float(block.weight @ (positive + np.log1p(margins.e)))
    return float(positive.sum()) + _sum_log1p(margins.e)


def _sum_log1p(e: RowVector) -> float:
    """Σ log(1 + e) for 0 ≤ e ≤ 1, with a logarithm for every 64 rows where that is exact enough.

    A product of 64 terms is at most 2⁶⁴. Each term's rounding costs the sum 2⁻⁵³, which only
    matters where the terms are tiny: then each has its own logarithm.
    """
    rows = len(e) // PRODUCT * PRODUCT
    products = np.multiply.reduce((e[:rows] + 1.0).reshape(PRODUCT, -1), axis=0)
    total = float(np.log(products).sum() + np.log1p(e[rows:]).sum())
    return total if total > 0.01 * len(e) else float(np.log1p(e).sum())


def combine_squares(block: Block, s: RowVector) -> ParameterMatrix:
    """Σ s x̃ x̃ᵀ over the rows, with x̃ = (1, x)."""
    X, d = block.X, block.X.shape[1]
    total = np.zeros((d + 1, d + 1))
    total[0, 0] = s.sum()
    total[0, 1:] = total[1:, 0] = s @ X
    squares = total[1:, 1:]
    # SᵀS of S = √s X takes half the operations of Xᵀ(s X), but on few columns twice the time.
    symmetric = d >= MANY_COLUMNS
    factor = np.sqrt(s) if symmetric else s
    for start in range(0, len(s), CACHED_ROWS):
        part = slice(start, start + CACHED_ROWS)
        scaled = factor[part, None] * X[part]
        squares += (scaled if symmetric else X[part]).T @ scaled
    squares += squares.T.copy()
    squares /= 2.0
    return total


def _weighted(block: Block, values: RowVector) -> RowVector:
    """Each row's value times its weight."""
    return values if block.weight is None else block.weight * values
