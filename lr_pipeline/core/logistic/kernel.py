"""The sums over rows that every kernel computes: loss, gradient and Hessian.

``TextbookKernel`` has the equations one by one. Fits use kernels arranged for speed or for torch;
tests compare these with the textbook's.
"""

from typing import Protocol, runtime_checkable

from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import ParameterMatrix, Parameters


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

    def information_trace_gradient(
        self, block: Block, w: Parameters, A: ParameterMatrix
    ) -> Parameters:
        """∇_w tr(A Σ s x̃ x̃ᵀ) = Σ s (1 − 2p) (x̃ᵀ A x̃) x̃ for a fixed symmetric A."""
