"""The sums over a block as docs/notation.md writes them."""

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.logistic.loss import log_loss, residual, sigmoid, variance
from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import ParameterMatrix, Parameters, RowVector


class TextbookKernel:
    """The equations of ``LogisticKernel``, where row x̃ᵢ = (1, xᵢ) counts ωᵢ times."""

    name = "textbook"

    def loss(self, block: Block, w: Parameters) -> float:
        """Σ ω (log(1 + exp(z)) − y z)."""
        _, z, weight = _terms(block, w)
        return float(weight @ log_loss(z, block.y))

    def loss_gradient(self, block: Block, w: Parameters) -> tuple[float, Parameters]:
        """The loss and X̃ᵀ (ω (p − y)): the derivative of a row's loss in z is p − y."""
        X, z, weight = _terms(block, w)
        loss = float(weight @ log_loss(z, block.y))
        return loss, X.T @ (weight * residual(z, block.y))

    def loss_gradient_information(
        self, block: Block, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """The loss, its gradient and X̃ᵀ diag(ω s) X̃: the derivative of p in z is s = p (1 − p)."""
        X, z, weight = _terms(block, w)
        loss = float(weight @ log_loss(z, block.y))
        gradient = X.T @ (weight * residual(z, block.y))
        return loss, gradient, X.T @ ((weight * variance(z))[:, None] * X)

    def information_trace_gradient(
        self, block: Block, w: Parameters, A: ParameterMatrix
    ) -> Parameters:
        """X̃ᵀ (ω s (1 − 2p) x̃ᵀA x̃): the derivative of s in z is s (1 − 2p)."""
        X, z, weight = _terms(block, w)
        slope = variance(z) * (sigmoid(-z) - sigmoid(z))
        return np.asarray(X.T @ (weight * slope * np.sum((X @ A) * X, axis=1)))


def _terms(block: Block, w: Parameters) -> tuple[Float64[np.ndarray, "n p"], RowVector, RowVector]:
    """X̃ = (1, X), z = X̃ w and ω, which is 1 where no weights are given."""
    ones = np.ones(len(block.y))
    X = np.column_stack([ones, block.X])
    return X, X @ w, ones if block.weight is None else block.weight
