"""Gradient and Hessian at a fit, and the lengths and units that the Hessian defines."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.cholesky import Factors
from lr_pipeline.core.objective import LogisticObjective
from lr_pipeline.core.types import ParameterMatrix, Parameters


@dataclass(frozen=True, eq=False)
class Curvature:
    """The objective's gradient at a fit and its Hessian at or near it, as sums over the rows.

    ``inverse_factor``: L⁻¹ of the lower triangular L with L Lᵀ = H; ``step`` (p,): from where H
    was evaluated to the fit, None where that is the same; ``reported`` (q, p): the linear map M to
    the parameters as reported; ``half_covariance`` (p, q): L⁻¹ Mᵀ.
    """

    gradient: Parameters
    factor: ParameterMatrix
    inverse_factor: ParameterMatrix
    step: Parameters | None
    reported: Float64[np.ndarray, "q p"]
    half_covariance: Float64[np.ndarray, "p q"]

    @classmethod
    def of(
        cls,
        gradient: Parameters,
        factors: Factors | None,
        step: Parameters | None,
        reported: Float64[np.ndarray, "q p"],
    ) -> "Curvature | None":
        """Return it, of a Hessian with these factors; None where that has none in float64."""
        if factors is None or not np.isfinite(gradient).all():
            return None
        L, inverse = factors.L, factors.inverse
        return cls(gradient, L, inverse, step, reported, _mapped(inverse, reported))

    @property
    def units(self) -> Float64[np.ndarray, " q"]:
        """√ of the diagonal of M H⁻¹ Mᵀ: standard errors, where H is the information."""
        half = self.half_covariance
        return np.asarray(np.sqrt(np.einsum("ij,ij->j", half, half)))

    @property
    def decrement(self) -> float:
        """λ = √(gᵀ H⁻¹ g)."""
        return length(self.inverse_factor @ self.gradient)

    @property
    def covariance(self) -> Float64[np.ndarray, "q q"]:
        """M H⁻¹ Mᵀ."""
        return np.asarray(self.half_covariance.T @ self.half_covariance)


def _mapped(inverse: ParameterMatrix, M: Float64[np.ndarray, "q p"]) -> Float64[np.ndarray, "p q"]:
    """L⁻¹ Mᵀ, where M only scales slopes without a product of matrices."""
    scale = M[1:, 1:].diagonal()
    if M.shape != inverse.shape or np.count_nonzero(M[1:, 1:]) > np.count_nonzero(scale):
        return np.asarray(inverse @ M.T)
    half = np.empty_like(inverse)
    half[:, 0] = inverse @ M[0]
    np.multiply(inverse[:, 1:], scale, out=half[:, 1:])
    return half


def curvature_at(
    objective: LogisticObjective, w: Parameters, reported: Float64[np.ndarray, "q p"]
) -> Curvature | None:
    """Evaluate gradient and Hessian at ``w``; None where H is not positive definite in float64."""
    _, gradient, hessian = objective.value_gradient_hessian(w)
    W = objective.total_weight
    return Curvature.of(gradient * W, Factors.of(hessian * W), None, reported)


def length(v: Parameters) -> float:
    """‖v‖."""
    return sqrt(v.dot(v))
