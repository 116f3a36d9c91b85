"""The logistic curve p = σ(a + b x) of one variable, fitted to targets between 0 and 1."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.types import RowVector

STEPS = 60
CONVERGED = 1e-9  # Newton decrement, in standard errors
ROUNDING = 1e-13  # of a loss

Pair = Float64[np.ndarray, "2"]


@dataclass(frozen=True, eq=False)
class LogisticCurve:
    """The minimum (a, b) of Σ weight [log(1 + exp(a + b x)) − t (a + b x)].

    ``information`` (2, 2) is the Hessian there and ``loss`` the value. ``converged`` is False where
    x separates targets of 0 and 1, or x is constant, so that there is no unique minimum.
    """

    intercept: float
    slope: float
    information: Float64[np.ndarray, "2 2"]
    loss: float
    converged: bool


def fit_curve(x: RowVector, t: RowVector, weight: RowVector) -> LogisticCurve:
    """Fit by Newton's method with halved steps, in standardized x; sums do not depend on threads.

    ``t`` (n,) from 0 to 1, ``weight`` (n,) positive.
    """
    total = float(weight.sum())
    centre = float((weight * x).sum()) / total
    scale = float(np.sqrt((weight * (x - centre) ** 2).sum() / total))
    share = float((weight * t).sum()) / total
    if not (scale > 0.0 and 0.0 < share < 1.0):
        constant = float(np.log(share / (1.0 - share))) if 0.0 < share < 1.0 else np.nan
        return LogisticCurve(constant, 0.0, np.zeros((2, 2)), np.nan, False)
    u = (x - centre) / scale
    w, converged = np.array([np.log(share / (1.0 - share)), 0.0]), False
    value, gradient, H = curve_sums(w, u, t, weight)
    for _ in range(STEPS):
        if not np.linalg.cond(H) < 1e15:
            break
        step = np.linalg.solve(H, gradient)
        converged = float(gradient @ step) < CONVERGED**2
        if converged:
            break
        size = 1.0
        while True:
            found = curve_sums(w - size * step, u, t, weight)
            if found[0] <= value + ROUNDING * abs(value) or size < 1e-9:
                break
            size /= 2.0
        w = w - size * step
        value, gradient, H = found
    a, b = w[0] - w[1] * centre / scale, w[1] / scale
    # (a, b) of x are A times those of u, and the information transforms with A⁻¹.
    back = np.array([[1.0, centre], [0.0, scale]])
    return LogisticCurve(float(a), float(b), back.T @ H @ back, value, bool(converged))


def curve_sums(
    w: Pair, x: RowVector, t: RowVector, weight: RowVector
) -> tuple[float, Pair, Float64[np.ndarray, "2 2"]]:
    """Return Σ weight loss, its gradient (2,) and Hessian (2, 2) at w = (a, b)."""
    z = w[0] + w[1] * x
    p = sigmoid(z)
    residual, variance = weight * (p - t), weight * p * (1.0 - p)
    loss = float((weight * (np.logaddexp(0.0, z) - t * z)).sum())
    cross = float((variance * x).sum())
    hessian = [[float(variance.sum()), cross], [cross, float((variance * x * x).sum())]]
    return loss, np.array([residual.sum(), (residual * x).sum()]), np.array(hessian)
