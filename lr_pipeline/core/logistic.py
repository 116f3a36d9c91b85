"""The Bernoulli likelihood of a 0/1 label whose log-odds z are linear: values and derivatives.

The pointwise functions below hold for any z, however large, because every exponential is taken of
−|z| and no difference of nearly equal numbers is formed (tutorial, "逻辑回归" and "损失函数").
"""

import numpy as np

from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import ParameterMatrix, Parameters, RowVector


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
    z: RowVector = w[0] + block.X @ w[1:]
    return z


def combine_rows(block: Block, r: RowVector) -> Parameters:
    """Σ r x̃ over the rows, with x̃ = (1, x)."""
    total: Parameters = np.concatenate([[r.sum()], block.X.T @ r])
    return total


class NumpyKernel:
    """Sums over a block's rows in numpy; each method is an equation of ``LogisticKernel``."""

    name = "numpy"

    def loss(self, block: Block, w: Parameters) -> float:
        """Σ weight · log_loss."""
        return float(np.sum(_weighted(block, log_loss(linear_predictor(block, w), block.y))))

    def loss_gradient(self, block: Block, w: Parameters) -> tuple[float, Parameters]:
        """Return the loss and Σ weight · (σ(z) − y) x̃."""
        z = linear_predictor(block, w)
        loss = float(np.sum(_weighted(block, log_loss(z, block.y))))
        return loss, combine_rows(block, _weighted(block, residual(z, block.y)))

    def loss_gradient_information(
        self, block: Block, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """Return the loss, its gradient and Σ weight · σ(z) (1 − σ(z)) x̃ x̃ᵀ."""
        loss, gradient = self.loss_gradient(block, w)
        s = _weighted(block, variance(linear_predictor(block, w)))
        root = np.sqrt(s)
        half = np.column_stack([root, root[:, None] * block.X])
        return loss, gradient, half.T @ half

    def information_product(self, block: Block, w: Parameters, v: Parameters) -> Parameters:
        """Σ weight · σ(z) (1 − σ(z)) x̃ (x̃ᵀ v)."""
        s = _weighted(block, variance(linear_predictor(block, w)))
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


def _weighted(block: Block, values: RowVector) -> RowVector:
    """Each row's value times its weight."""
    return values if block.weight is None else block.weight * values
