"""What is summed over the rows, as docs/notation.md writes it: loss, gradient and Hessian.

``TextbookKernel`` is the equations one by one. The kernels that fits use by default, arranged for
speed or for torch, are held equal to it by tests.
"""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.logistic.loss import log_loss, residual, sigmoid, variance
from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import ParameterMatrix, Parameters, RowVector


@runtime_checkable
class LogisticKernel(Protocol):
    """Sums over one block of rows, for parameters ``w = (intercept, coefficients…)``.

    Every method returns a *sum* over the block's rows, each row times its weight, in float64.
    With z = w[0] + X w[1:], p = σ(z), s = p (1 − p) and x̃ = (1, x):
    """

    @property
    def name(self) -> str:
        """The kernel's name in results."""

    def loss(self, block: Block, w: Parameters) -> float:
        """Σ log(1 + exp(z)) − y z."""

    def loss_gradient(self, block: Block, w: Parameters) -> tuple[float, Parameters]:
        """The loss and Σ (p − y) x̃."""

    def loss_gradient_information(
        self, block: Block, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """The loss, its gradient and its Hessian Σ s x̃ x̃ᵀ, the Fisher information."""

    def information_product(self, block: Block, w: Parameters, v: Parameters) -> Parameters:
        """Σ s x̃ (x̃ᵀ v)."""

    def information_trace_gradient(
        self, block: Block, w: Parameters, A: ParameterMatrix
    ) -> Parameters:
        """∇_w tr(A Σ s x̃ x̃ᵀ) = Σ s (1 − 2p) (x̃ᵀ A x̃) x̃ for a fixed symmetric A."""


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

    def information_product(self, block: Block, w: Parameters, v: Parameters) -> Parameters:
        """X̃ᵀ (ω s X̃ v): the information times v, without the matrix."""
        X, z, weight = _terms(block, w)
        return np.asarray(X.T @ (weight * variance(z) * (X @ v)))

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
