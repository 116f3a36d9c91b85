"""Weighted least squares solved in 80-digit arithmetic: the oracle of the linear tests."""

from typing import NamedTuple

import mpmath
import numpy as np


class ExactSolution(NamedTuple):
    """Parameters and standard errors (p,), the intercept first, and the residual variance."""

    parameters: list[mpmath.mpf]
    standard_errors: list[mpmath.mpf]
    residual_variance: mpmath.mpf


def solve_exactly(X: np.ndarray, y: np.ndarray, weight: np.ndarray) -> ExactSolution:
    """Solve the normal equations of (1, X); 40 of 80 digits are right at a condition of 1e20."""
    with mpmath.workdps(80):
        A = mpmath.matrix(np.column_stack([np.ones(len(X)), X]).tolist())
        W = mpmath.diag(weight.tolist())
        b = mpmath.matrix(y.tolist())
        inverse = (A.T * W * A) ** -1
        parameters = inverse * (A.T * W * b)
        r = b - A * parameters
        variance = (r.T * W * r)[0] / (mpmath.fsum(weight.tolist()) - A.cols)
        errors = [mpmath.sqrt(variance * inverse[j, j]) for j in range(A.cols)]
        return ExactSolution(list(parameters), errors, variance)


def relative_error(found: float, exact: mpmath.mpf) -> float:
    """|found − exact| / |exact|."""
    with mpmath.workdps(80):
        return float(abs((mpmath.mpf(float(found)) - exact) / exact))
