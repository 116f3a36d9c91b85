"""Likelihood of a least-squares solution, and an estimate of its error."""

from math import inf, log, pi, sqrt

import numpy as np

from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.limits import UNIT_ROUNDOFF
from lr_pipeline.core.types import Parameters


def gaussian_log_likelihood(residual_squares: float, total_weight: float) -> float:
    """Return −n/2 (log(2π RSS / n) + 1), n = Σ w: the likelihood at σ² = RSS / n, its maximum.

    Infinite where RSS = 0: the likelihood then grows without bound as σ² goes to zero.
    """
    if residual_squares == 0.0:
        return inf
    return -0.5 * total_weight * (log(2.0 * pi * residual_squares / total_weight) + 1.0)


def fitted_value_error(
    method: str, num_parameters: int, condition: float, response: float, residual: float
) -> float:
    """Estimate the root mean square of X(β − β*) from the error of the method's arithmetic.

    ``response`` and ``residual`` are the root mean squares of y and of y − ŷ; p, κ, u = 2⁻⁵³ as in
    ``solve_least_squares``: p u κ rms(y) in float64, p u² κ (rms(y) + κ rms(y − ŷ)) in
    double-double. On orthonormal columns this is also the norm of the gradient of
    Σ w (y − ŷ)² / 2 Σ w.
    """
    u = UNIT_ROUNDOFF
    if method == "float64":
        return num_parameters * u * condition * response
    return num_parameters * u * u * condition * (response + condition * residual)


def linear_certificate(
    error: float,
    total_weight: float,
    variance: float | None,
    parameters: Parameters,
    standard_errors: Parameters | None,
) -> Certificate:
    """Turn the error of the fitted values into distances; they are estimates, so not rigorous.

    ``loss``: Σ w (y − ŷ)² / Σ w is above its minimum by error². In standard errors:
    √(Σ w) error / σ, plus the rounding of the reported parameters, max u |β_j| / se_j; infinite
    where standard errors are missing or zero.
    """
    distance = inf
    if variance and standard_errors is not None and standard_errors.all():
        rounding = UNIT_ROUNDOFF * float(np.max(np.abs(parameters) / standard_errors, initial=0.0))
        distance = error * sqrt(total_weight / variance) + rounding
    return Certificate(error**2, distance, rigorous=False)
