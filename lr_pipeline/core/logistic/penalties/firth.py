"""Firth's penalty, minus half the log determinant of the Fisher information."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.certificate.firth_certificate import certify_minimum, estimated
from lr_pipeline.core.columns.standardize import Coordinates
from lr_pipeline.core.linear_algebra.cholesky import cholesky, cholesky_solve
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.logistic.sums import LogisticSums
from lr_pipeline.core.types import ParameterMatrix, Parameters

# Far out on a separated table I(w) vanishes; above this limit products with I(w)⁻¹ overflow.
LARGEST_INVERSE = 1e150


@dataclass(frozen=True)
class Firth(Penalty):
    """Minus the log determinant of the information times a strength, −strength · log det I(w).

    With strength ½ it is Jeffreys' prior: the minimum of Σ loss + penalty is finite for every
    table, also separated ones, and has no first-order bias, unlike maximum likelihood (Firth, 1993,
    Biometrika 80; Heinze & Schemper, 2002, Statistics in Medicine 21). The objective is not convex,
    and may have several minima. An evaluation of the gradient takes two passes. I(w) takes the
    place of the Hessian. It is formed from standardized rows, since the log determinant needs
    its smallest eigenvalues.
    """

    strength: float = 0.5
    name: ClassVar[str] = "firth"
    formula: ClassVar[str] = (
        "− ½·log det(Σ weight·p(1 − p)·x̃x̃ᵀ), Firth's penalty, x̃ = (1, x) of the standardized "
        "columns"
    )
    may_have_several_minima: ClassVar[bool] = True
    hessian_is_exact: ClassVar[bool] = False
    may_reparametrize: ClassVar[bool] = False
    as_stand_in: ClassVar[str] = "Firth's penalised likelihood stands in."

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

    def weight_added_to_null(self, p: int) -> float:
        """Strength · p, since with one variance s for all rows det I = s^p · constant."""
        return self.strength * p

    def own_certificate(
        self, objective: LogisticObjective, w: Parameters, coordinates: Coordinates
    ) -> Certificate | None:
        """Prove that there is a minimum near ``w``; None where that takes long or fails."""
        return certify_minimum(objective, self.strength, w, coordinates)

    def widened(self, certificate: Certificate) -> Certificate:
        """Return the certificate for a convex objective as an estimate for this one."""
        return estimated(certificate)


def _log_determinant(factor: ParameterMatrix) -> float:
    """Log det I = 2 Σ log L_jj."""
    return 2.0 * float(np.sum(np.log(np.diag(factor))))
