"""Gradient and Hessian at a fit, and the lengths and units that the Hessian defines."""

from dataclasses import dataclass
from functools import cached_property
from math import sqrt

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.columns.standardize import Reported
from lr_pipeline.core.linear_algebra.factors import Factors
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.types import ParameterMatrix, Parameters


@dataclass(frozen=True, eq=False)
class Curvature:
    """The objective's gradient at a fit and its Hessian at or near it, as sums over the rows.

    ``inverse_factor``: L⁻¹ of the lower triangular L with L Lᵀ = H; ``step`` (p,): from the point
    where H was evaluated to the fit, None where both are the same; ``reported``: the linear map
    M (q, p) to the reported parameters.
    """

    gradient: Parameters
    factor: ParameterMatrix
    inverse_factor: ParameterMatrix
    step: Parameters | None
    reported: Reported

    @classmethod
    def of(
        cls,
        gradient: Parameters,
        factors: Factors | None,
        step: Parameters | None,
        reported: Reported,
    ) -> "Curvature | None":
        """Return the curvature with these factors of H; None where there are none."""
        if factors is None or not np.isfinite(gradient).all():
            return None
        return cls(gradient, factors.L, factors.inverse, step, reported)

    @cached_property
    def half_covariance(self) -> Float64[np.ndarray, "p q"]:
        """L⁻¹ Mᵀ."""
        inverse, (intercept, slopes) = self.inverse_factor, self.reported
        half = np.empty((len(inverse), len(slopes) + 1))
        half[:, 0] = inverse @ intercept
        multiply = np.multiply if slopes.ndim == 1 else np.matmul
        multiply(inverse[:, 1:], slopes.T, out=half[:, 1:])
        return half

    @cached_property
    def units(self) -> Float64[np.ndarray, " q"]:
        """Square roots of the diagonal of M H⁻¹ Mᵀ: standard errors, where H is the information."""
        if self.reported.slopes.ndim == 2:
            return _lengths(self.half_covariance)
        units = _lengths(self.inverse_factor)
        units[1:] *= np.abs(self.reported.slopes)
        units[0] = length(self.inverse_factor @ self.reported.intercept)
        return units

    @property
    def decrement(self) -> float:
        """λ = √(gᵀ H⁻¹ g)."""
        return length(self.inverse_factor @ self.gradient)

    @property
    def covariance(self) -> Float64[np.ndarray, "q q"]:
        """M H⁻¹ Mᵀ."""
        return np.asarray(self.half_covariance.T @ self.half_covariance)


def curvature_at(
    objective: LogisticObjective, w: Parameters, reported: Reported
) -> Curvature | None:
    """Evaluate gradient and Hessian at ``w``; None where H is not positive definite in float64."""
    _, gradient, hessian = objective.value_gradient_hessian(w)
    W = objective.total_weight
    return Curvature.of(gradient * W, Factors.of(hessian * W), None, reported)


def length(v: Parameters) -> float:
    """‖v‖."""
    return sqrt(v.dot(v))


def _lengths(A: Float64[np.ndarray, "n k"]) -> Float64[np.ndarray, " k"]:
    """‖a‖ of each column a."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->j", A, A)))
