"""What is added to the sum of log losses: nothing, squared coefficients, or Firth's penalty."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lr_pipeline.core.cholesky import cholesky, cholesky_solve
from lr_pipeline.core.logistic_sums import LogisticSums
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters


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


def _log_determinant(factor: ParameterMatrix) -> float:
    """Log det I = 2 Σ log L_jj."""
    return 2.0 * float(np.sum(np.log(np.diag(factor))))
