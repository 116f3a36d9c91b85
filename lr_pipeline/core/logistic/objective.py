"""The penalised mean log loss as a function of the parameters alone."""

from typing import Protocol, runtime_checkable

from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.logistic.sums import LogisticSums
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.types import ParameterMatrix, Parameters


@runtime_checkable
class SmoothFunction(Protocol):
    """What gradient descent needs of a function to minimise."""

    def value(self, w: Parameters) -> float:
        """f(w)."""

    def value_gradient(self, w: Parameters) -> tuple[float, Parameters]:
        """f(w) and ∇f(w)."""


@runtime_checkable
class Objective(SmoothFunction, Protocol):
    """What second-order solvers need of a function to minimise.

    ``total_weight``: what the sums over rows were divided by, so that
    √(total_weight · gᵀ H⁻¹ g) is a length in standard errors.
    ``hessian_is_exact``: whether ``value_gradient_hessian`` returns ∇²f itself.
    """

    total_weight: float
    hessian_is_exact: bool

    def value_gradient_hessian(self, w: Parameters) -> tuple[float, Parameters, ParameterMatrix]:
        """f(w), ∇f(w) and ∇²f(w), or a positive definite stand-in for it."""


class LogisticObjective:
    """The mean per unit of weight, (Σ weight · log loss + penalty) / Σ weight.

    ``passes`` counts the passes over the rows. ``total_weight`` = Σ weight, where known.
    """

    def __init__(
        self,
        rows: Rows,
        kernel: LogisticKernel,
        penalty: Penalty,
        total_weight: float | None = None,
    ) -> None:
        self.sums = LogisticSums(rows, kernel, penalty.may_reparametrize)
        self.penalty = penalty
        self.hessian_is_exact = penalty.hessian_is_exact
        if total_weight is None:
            total_weight = rows.sum(_block_weight)
        self.total_weight = total_weight

    @property
    def passes(self) -> int:
        """Passes over the rows so far, except the one that summed the weights."""
        return self.sums.passes

    def value(self, w: Parameters) -> float:
        """f(w)."""
        return self.penalty.value(self.sums, w) / self.total_weight

    def value_gradient(self, w: Parameters) -> tuple[float, Parameters]:
        """f(w) and ∇f(w)."""
        value, gradient = self.penalty.value_gradient(self.sums, w)
        return value / self.total_weight, gradient / self.total_weight

    def value_gradient_hessian(self, w: Parameters) -> tuple[float, Parameters, ParameterMatrix]:
        """f(w), ∇f(w) and ∇²f(w), or for Firth I(w) / Σ weight in place of the Hessian."""
        value, gradient, hessian = self.penalty.value_gradient_hessian(self.sums, w)
        W = self.total_weight
        return value / W, gradient / W, hessian / W

    def log_likelihood(self, w: Parameters, value: float) -> float:
        """Minus Σ loss without the penalty, from f(w); for Firth one more pass."""
        added = self.penalty.addition(w)
        return -self.sums.loss(w) if added is None else added.value - value * self.total_weight


def _block_weight(block: Block) -> float:
    """Total weight of a block."""
    return float(len(block.y)) if block.weight is None else float(block.weight.sum())
