"""Solving with a Hessian, and measuring gradients in standard errors."""

from functools import partial

import numpy as np

from lr_pipeline.core.linear_algebra.cholesky import cholesky, cholesky_solve
from lr_pipeline.core.linear_algebra.factors import shifted_factor
from lr_pipeline.core.types import LinearMap, ParameterMatrix, Parameters

# A step larger than this fraction of the parameters is not the last one, even where the decrement
# is small: on a separated table the steps keep their length while the loss goes to zero.
SMALL_STEP = 1e-3


def curvature_solve(hessian: ParameterMatrix) -> LinearMap:
    """Return g ↦ H⁻¹ g by Cholesky factors.

    Where H is not positive definite in float64, 1e-15, 1e-13, … times its largest diagonal element
    is added to the diagonal until it is: the result is still a descent direction. Where H has
    entries that are not finite, ¼ of the identity takes its place.
    """
    factor = cholesky(hessian)
    if factor is None:
        factor = shifted_factor(hessian)
    return partial(cholesky_solve, factor)


def decrement(solve: LinearMap, gradient: Parameters, total_weight: float) -> float:
    """√(W gᵀ H⁻¹ g) for the mean objective: about the distance to the optimum in standard errors.

    It is the length of the Newton step in the metric of the Hessian of the sum. Each component of
    the step, divided by its parameter's standard error, is at most this.
    """
    return float(np.sqrt(max(total_weight * float(gradient @ solve(gradient)), 0.0)))


def is_last_step(step: Parameters, w: Parameters) -> bool:
    """Whether a step is small relative to the parameters."""
    if step.dot(step) <= SMALL_STEP**2:  # no element exceeds the step's length
        return True
    return bool(np.max(np.abs(step)) <= SMALL_STEP * (1.0 + np.max(np.abs(w))))
