"""What is added to the sum of log losses: nothing, squared coefficients, log-F or Firth's."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from lr_pipeline.core.linear_algebra.cholesky import cholesky, cholesky_solve
from lr_pipeline.core.logistic.loss import log_loss, variance
from lr_pipeline.core.logistic.sums import LogisticSums
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters


class Addition(NamedTuple):
    """A penalty that depends on the parameters alone: its value, gradient and second derivatives.

    ``diagonal`` (p,): its Hessian has no others, since each coefficient is penalised by itself.
    """

    value: float
    gradient: Parameters
    diagonal: Parameters


class Separable:
    """Σ loss plus a penalty of each coefficient by itself, none of the intercept."""

    hessian_is_exact: ClassVar[bool] = True

    def addition(self, w: Parameters) -> Addition:
        """The penalty and its derivatives at ``w``."""
        raise NotImplementedError

    def row_sizes(self, p: int) -> Parameters:
        """Sizes u (p,) of the rows (0, …, u_j, …, 0) whose logistic loss the penalty is, else 0.

        Its third derivative in w_j is at most u_j times the second (see ``certificate``).
        """
        return np.zeros(p)

    def value(self, sums: LogisticSums, w: Parameters) -> float:
        """Σ loss + penalty."""
        return sums.loss(w) + self.addition(w).value

    def value_gradient(self, sums: LogisticSums, w: Parameters) -> tuple[float, Parameters]:
        """The value and Σ (p − y) x̃ + the penalty's gradient."""
        loss, gradient = sums.loss_gradient(w)
        added = self.addition(w)
        return loss + added.value, gradient + added.gradient

    def value_gradient_hessian(
        self, sums: LogisticSums, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """The value, its gradient and I(w) + the penalty's second derivatives."""
        loss, gradient, information = sums.loss_gradient_information(w)
        added = self.addition(w)
        hessian = information + np.diag(added.diagonal)
        return loss + added.value, gradient + added.gradient, hessian

    def hessian_product(self, sums: LogisticSums, w: Parameters, v: Parameters) -> Parameters:
        """The Hessian times v."""
        return np.asarray(sums.information_product(w, v) + self.addition(w).diagonal * v)


@dataclass(frozen=True, eq=False)
class L2(Separable):
    """Half the strength times the squared coefficients, ½ Σ_j strength_j w_j²; not the intercept.

    ``strength`` is one number or one a column (d,), in the units of the coefficients that the
    objective sees, and belongs to the *sum* over rows.
    """

    strength: float | Columns

    def addition(self, w: Parameters) -> Addition:
        """½ Σ strength w² and its derivatives, strength w and strength."""
        diagonal = np.zeros_like(w)
        diagonal[1:] = self.strength
        pull = diagonal * w
        return Addition(0.5 * float(pull @ w), pull, diagonal)


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


@dataclass(frozen=True, eq=False)
class LogF(Separable):
    """Minus the log density of log-F(m, m), Σ_j m log(1 + exp γ_j) − ½ m γ_j, of γ = units w[1:].

    γ_j is the coefficient of column j in standard deviations: ``units`` (d,) is what one of w_j is
    of them, 1 where the objective's columns are standardized. So much as m / 2 rows of each label
    add in which column j is one deviation above its mean, all others are at their means, and the
    intercept counts for nothing (Greenland & Mansournia, 2015, Statistics in Medicine 34). Convex
    and growing to both sides: there is one minimum, and it is finite for every table.
    """

    m: float
    units: float | Columns = 1.0

    def addition(self, w: Parameters) -> Addition:
        """The loss of m rows of label ½, with derivatives m (σ(γ) − ½) and m σ(γ) σ(−γ) in γ."""
        units = self.row_sizes(len(w))
        gamma = units * w
        value = self.m * float(log_loss(gamma[1:], np.full(len(w) - 1, 0.5)).sum())
        gradient = units * (0.5 * self.m * np.tanh(0.5 * gamma))  # σ(γ) − ½, without cancellation
        return Addition(value, gradient, units**2 * (self.m * variance(gamma)))

    def row_sizes(self, p: int) -> Parameters:
        """The units: rows in which one column is one deviation above its mean."""
        units = np.zeros(p)
        units[1:] = self.units
        return units


# Far out on a separated table I(w) vanishes; beyond this its inverse has no usable products.
LARGEST_INVERSE = 1e150


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
        if not np.abs(A).max() < LARGEST_INVERSE:
            return np.inf, gradient, information
        change = sums.information_trace_gradient(w, (A + A.T) / 2.0)
        value = loss - self.strength * _log_determinant(factor)
        return value, gradient - self.strength * change, information

    def hessian_product(self, sums: LogisticSums, w: Parameters, v: Parameters) -> Parameters:
        """I(w) v."""
        return sums.information_product(w, v)


Penalty = Separable | Firth
ONE_OPTIMUM = ("l2", "log-f")  # penalties that are strictly convex, whatever the columns


def named_penalty(name: str, l2: float, log_f: float, scale: Columns, units: Columns) -> Penalty:
    """Return the penalty of that name for an objective whose parameters are w = β scale.

    ``l2``, ``log_f``: strength of the penalty of that name, per β² and as m; ``units`` (d,): the
    columns' standard deviations, of which one w_j makes units_j / scale_j.
    """
    if name == "l2":
        return L2(l2 / scale**2)
    if name == "log-f":
        return LogF(log_f, units / scale)
    return Firth() if name == "firth" else NoPenalty()


def _log_determinant(factor: ParameterMatrix) -> float:
    """Log det I = 2 Σ log L_jj."""
    return 2.0 * float(np.sum(np.log(np.diag(factor))))
