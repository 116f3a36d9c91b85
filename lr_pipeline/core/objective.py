"""The penalised mean log loss as a function of the parameters alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.cholesky import cholesky, cholesky_solve
from lr_pipeline.core.fold import Fold
from lr_pipeline.core.logistic import linear_predictor
from lr_pipeline.core.moments import Extremes, require_finite
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters


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


@runtime_checkable
class SmoothFunction(Protocol):
    """What gradient descent needs of a function to minimise."""

    def value(self, w: Parameters) -> float:
        """f(w)."""

    def value_gradient(self, w: Parameters) -> tuple[float, Parameters]:
        """f(w) and ∇f(w)."""


@runtime_checkable
class Objective(SmoothFunction, Protocol):
    """A function to minimise, as the second-order solvers see it.

    ``total_weight``: what the sums over rows were divided by, so that
    √(total_weight · gᵀ H⁻¹ g) is a length in standard errors.
    ``hessian_is_exact``: whether ``value_gradient_hessian`` returns ∇²f itself.
    """

    total_weight: float
    hessian_is_exact: bool

    def value_gradient_hessian(self, w: Parameters) -> tuple[float, Parameters, ParameterMatrix]:
        """f(w), ∇f(w) and ∇²f(w), or a positive definite stand-in for it."""

    def hessian_product(self, w: Parameters, v: Parameters) -> Parameters:
        """∇²f(w) v without forming the matrix."""


class LogisticSums:
    """The kernel's sums over all rows, and how many passes they took.

    With ``fold``, standardized rows are not computed where folding the standardization into the
    parameters does nearly as well. Where ``watches`` is set, the first pass also finds the
    extremes of the columns that it sees.
    """

    def __init__(self, rows: Rows, kernel: LogisticKernel, fold: bool = True) -> None:
        self.rows = rows
        self.kernel = kernel
        self.passes = 0
        self.fold = Fold.of(rows) if fold else None
        self.watches = False
        self.extremes: Extremes | None = None

    def loss(self, w: Parameters) -> float:
        """Σ loss over all rows."""
        raw = self._folded(w, self.fold)
        return float(self._sum(lambda block: (self.kernel.loss(block, raw),), self.fold)[0])

    def loss_gradient(self, w: Parameters) -> tuple[float, Parameters]:
        """Σ loss and its gradient."""
        raw, fold = self._folded(w, self.fold), self.fold
        loss, gradient = self._sum(lambda block: self.kernel.loss_gradient(block, raw), fold)
        return float(loss), gradient if fold is None else fold.gradient(gradient)

    def loss_gradient_information(self, w: Parameters) -> tuple[float, Parameters, ParameterMatrix]:
        """Σ loss, its gradient and the Fisher information."""
        fold = self.fold if self.fold is not None and self.fold.keeps_hessians else None
        raw = self._folded(w, fold)
        loss, gradient, information = self._sum(
            lambda block: self.kernel.loss_gradient_information(block, raw), fold
        )
        if fold is None:
            return float(loss), gradient, information
        return float(loss), fold.gradient(gradient), fold.hessian(information)

    def information_product(self, w: Parameters, v: Parameters) -> Parameters:
        """The Fisher information times v."""
        fold = self.fold
        raw_w, raw_v = self._folded(w, fold), self._folded(v, fold)
        (product,) = self._sum(
            lambda block: (self.kernel.information_product(block, raw_w, raw_v),), fold
        )
        return np.asarray(product if fold is None else fold.gradient(product))

    def information_trace_gradient(self, w: Parameters, A: ParameterMatrix) -> Parameters:
        """∇_w tr(A I(w)) for a fixed symmetric A, on the rows as they are given."""
        (gradient,) = self._sum(
            lambda block: (self.kernel.information_trace_gradient(block, w, A),), None
        )
        return np.asarray(gradient)

    def largest_predictor(self, v: Parameters) -> float:
        """Return max |x̃ᵀ v| over all rows."""
        raw, rows = self._folded(v, self.fold), self.rows if self.fold is None else self.fold.rows
        return rows.max(lambda block: float(np.abs(linear_predictor(block, raw)).max(initial=0.0)))

    def largest(self) -> Columns | None:
        """Return bounds (k,) on the columns' absolute values, where they have been watched."""
        if self.extremes is None or self.fold is None:
            return None
        return self.fold.largest(self.extremes)

    def _sum(
        self, block_function: Callable[[Block], tuple[Any, ...]], fold: Fold | None
    ) -> tuple[Any, ...]:
        """One pass, over the rows as they are where a fold stands for their standardization."""
        self.passes += 1
        rows = self.rows if fold is None else fold.rows
        if fold is None or not self.watches or self.extremes is not None:
            return rows.sum(block_function)

        def watch(block: Block) -> tuple[Any, ...]:
            with np.errstate(over="ignore", invalid="ignore"):  # refused below
                return *block_function(block), Extremes.of(block.X)

        *sums, extremes = rows.sum(watch)
        require_finite(rows, extremes.finite)
        self.extremes = extremes
        return tuple(sums)

    def _folded(self, w: Parameters, fold: Fold | None) -> Float64[np.ndarray, " q"]:
        return w if fold is None else fold.parameters(w)


@dataclass(frozen=True, eq=False)
class L2:
    """Half the strength times the squared coefficients, ½ Σ_j strength_j w_j²; not the intercept.

    ``strength`` is one number or one a column (d,), in the units of the coefficients that the
    objective sees, and belongs to the *sum* over rows.
    """

    strength: float | Columns
    hessian_is_exact: ClassVar[bool] = True

    def value(self, sums: LogisticSums, w: Parameters) -> float:
        """Σ loss + ½ Σ strength w²."""
        return sums.loss(w) + 0.5 * float(self.diagonal(w) @ w**2)

    def value_gradient(self, sums: LogisticSums, w: Parameters) -> tuple[float, Parameters]:
        """The value and Σ (p − y) x̃ + strength w."""
        loss, gradient = sums.loss_gradient(w)
        pull = self.diagonal(w) * w
        return loss + 0.5 * float(pull @ w), gradient + pull

    def value_gradient_hessian(
        self, sums: LogisticSums, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """The value, its gradient and I(w) + diag(0, strength)."""
        loss, gradient, information = sums.loss_gradient_information(w)
        diagonal = self.diagonal(w)
        pull = diagonal * w
        return loss + 0.5 * float(pull @ w), gradient + pull, information + np.diag(diagonal)

    def hessian_product(self, sums: LogisticSums, w: Parameters, v: Parameters) -> Parameters:
        """(I(w) + diag(0, strength)) v."""
        return np.asarray(sums.information_product(w, v) + self.diagonal(w) * v)

    def diagonal(self, w: Parameters) -> Parameters:
        """Second derivatives of the penalty, (0, strength…)."""
        diagonal = np.zeros_like(w)
        diagonal[1:] = self.strength
        return diagonal


@dataclass(frozen=True, eq=False)
class NoPenalty(L2):
    """Maximum likelihood: the sums themselves."""

    strength: float | Columns = 0.0

    def value(self, sums: LogisticSums, w: Parameters) -> float:
        """Σ loss."""
        return sums.loss(w)

    def value_gradient(self, sums: LogisticSums, w: Parameters) -> tuple[float, Parameters]:
        """Σ loss and its gradient."""
        return sums.loss_gradient(w)

    def value_gradient_hessian(
        self, sums: LogisticSums, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """Σ loss, its gradient and I(w)."""
        return sums.loss_gradient_information(w)

    def hessian_product(self, sums: LogisticSums, w: Parameters, v: Parameters) -> Parameters:
        """I(w) v."""
        return sums.information_product(w, v)


@dataclass(frozen=True)
class Firth:
    """Minus the log determinant of the information times a strength, −strength · log det I(w).

    With strength ½, Jeffreys' prior: its minimum is finite for every table, separated ones
    included, and lacks the first-order bias of maximum likelihood (Firth, 1993, Biometrika 80;
    Heinze & Schemper, 2002, Statistics in Medicine 21). Two passes an evaluation of the gradient.
    The Hessian is stood in for by I(w).
    """

    strength: float = 0.5
    hessian_is_exact: ClassVar[bool] = False

    def value(self, sums: LogisticSums, w: Parameters) -> float:
        """Σ loss − strength · log det I(w); infinite where I(w) is singular in float64."""
        loss, _, information = sums.loss_gradient_information(w)
        factor = cholesky(information)
        return np.inf if factor is None else loss - self.strength * _log_determinant(factor)

    def value_gradient(self, sums: LogisticSums, w: Parameters) -> tuple[float, Parameters]:
        """The value and the modified score Σ (p − y) x̃ − strength ∇ tr(A I(w)), A = I(w)⁻¹."""
        value, gradient, _ = self.value_gradient_hessian(sums, w)
        return value, gradient

    def value_gradient_hessian(
        self, sums: LogisticSums, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """The value, the modified score and I(w)."""
        loss, gradient, information = sums.loss_gradient_information(w)
        factor = cholesky(information)
        if factor is None:
            return np.inf, gradient, information
        A = cholesky_solve(factor, np.eye(len(w)))
        change = sums.information_trace_gradient(w, (A + A.T) / 2.0)
        value = loss - self.strength * _log_determinant(factor)
        return value, gradient - self.strength * change, information

    def hessian_product(self, sums: LogisticSums, w: Parameters, v: Parameters) -> Parameters:
        """I(w) v."""
        return sums.information_product(w, v)


Penalty = L2 | Firth


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
        # Firth's penalty takes logarithms of the Hessian's smallest eigenvalues.
        self.sums = LogisticSums(rows, kernel, fold=not isinstance(penalty, Firth))
        self.penalty = penalty
        self.hessian_is_exact = penalty.hessian_is_exact
        if total_weight is None:
            total_weight = float(rows.sum(_block_weight)[0])
        self.total_weight = total_weight

    @property
    def passes(self) -> int:
        """Passes over the rows so far, but for the one that summed the weights."""
        return self.sums.passes

    def value(self, w: Parameters) -> float:
        """f(w)."""
        return self.penalty.value(self.sums, w) / self.total_weight

    def value_gradient(self, w: Parameters) -> tuple[float, Parameters]:
        """f(w) and ∇f(w)."""
        value, gradient = self.penalty.value_gradient(self.sums, w)
        return value / self.total_weight, gradient / self.total_weight

    def value_gradient_hessian(self, w: Parameters) -> tuple[float, Parameters, ParameterMatrix]:
        """f(w), ∇f(w) and ∇²f(w), or for Firth the information in its place."""
        value, gradient, hessian = self.penalty.value_gradient_hessian(self.sums, w)
        W = self.total_weight
        return value / W, gradient / W, hessian / W

    def hessian_product(self, w: Parameters, v: Parameters) -> Parameters:
        """∇²f(w) v, or I(w) v / Σ weight for Firth."""
        return np.asarray(self.penalty.hessian_product(self.sums, w, v) / self.total_weight)

    def log_likelihood(self, w: Parameters, value: float) -> float:
        """Minus Σ loss without the penalty, from f(w); one pass more for Firth."""
        if isinstance(self.penalty, Firth):
            return -self.sums.loss(w)
        return 0.5 * float(self.penalty.diagonal(w) @ w**2) - value * self.total_weight


def _block_weight(block: Block) -> tuple[float]:
    """Total weight of a block."""
    return (float(len(block.y)) if block.weight is None else float(block.weight.sum()),)


def _log_determinant(factor: ParameterMatrix) -> float:
    """Log det I = 2 Σ log L_jj."""
    return 2.0 * float(np.sum(np.log(np.diag(factor))))
