"""Solving with a Hessian, and measuring gradients in standard errors."""

from functools import partial

import numpy as np

from lr_pipeline.core.linear_algebra.cholesky import cholesky, cholesky_solve
from lr_pipeline.core.linear_algebra.factors import shifted_factor
from lr_pipeline.core.solvers.secant import LinearSolve
from lr_pipeline.core.types import ParameterMatrix, Parameters

# A step larger than this fraction of the parameters is not the last one, however small the
# decrement: on a separated table the steps keep their length while the loss goes to zero.
SMALL_STEP = 1e-3


def curvature_solve(hessian: ParameterMatrix) -> LinearSolve:
    """Return g ↦ H⁻¹ g by Cholesky factors.

    Where H is not positive definite in float64, the least of 1e-15, 1e-13, … times its largest
    diagonal element that makes it so is added to the diagonal: the result is still a descent
    direction. Where H has entries that are not finite, ¼ of the identity stands in for it.
    """
    factor = cholesky(hessian)
    if factor is None:
        factor = shifted_factor(hessian)
    return partial(cholesky_solve, factor)


def decrement(solve: LinearSolve, gradient: Parameters, total_weight: float) -> float:
    """√(W gᵀ H⁻¹ g) for the mean objective: about the distance to the optimum in standard errors.

    It is the length of the Newton step in the metric of the Hessian of the sum, and bounds each
    of its components divided by that parameter's standard error.
    """
    return float(np.sqrt(max(total_weight * float(gradient @ solve(gradient)), 0.0)))


def is_last_step(step: Parameters, w: Parameters) -> bool:
    """Whether a step is small beside the parameters themselves."""
    if step.dot(step) <= SMALL_STEP**2:  # no element of it is longer
        return True
    return bool(np.max(np.abs(step)) <= SMALL_STEP * (1.0 + np.max(np.abs(w))))
