"""The logistic curve p = σ(a + b x) of one variable, fitted to targets between 0 and 1."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.logistic.loss import log_loss, residual, variance
from lr_pipeline.core.solvers import Newton, Status
from lr_pipeline.core.types import RowVector

NEWTON = Newton(polish=False)

Pair = Float64[np.ndarray, "2"]
Square = Float64[np.ndarray, "2 2"]


@dataclass(frozen=True, eq=False)
class LogisticCurve:
    """The minimum (a, b) of Σ weight [log(1 + exp(a + b x)) − t (a + b x)].

    ``information`` (2, 2) is the Hessian there and ``loss`` the value. ``converged`` is False where
    x separates targets of 0 and 1, or x is constant, so that there is no unique minimum.
    """

    intercept: float
    slope: float
    information: Square
    loss: float
    converged: bool


def fit_curve(x: RowVector, t: RowVector, weight: RowVector) -> LogisticCurve:
    """Fit by Newton's method, in standardized x; sums do not depend on threads.

    ``t`` (n,) from 0 to 1, ``weight`` (n,) positive.
    """
    total = float(weight.sum())
    centre = float((weight * x).sum()) / total
    scale = float(np.sqrt((weight * (x - centre) ** 2).sum() / total))
    share = float((weight * t).sum()) / total
    if not (scale > 0.0 and 0.0 < share < 1.0):
        constant = float(np.log(share / (1.0 - share))) if 0.0 < share < 1.0 else np.nan
        return LogisticCurve(constant, 0.0, np.zeros((2, 2)), np.nan, False)
    objective = _MeanLoss((x - centre) / scale, t, weight)
    found = NEWTON.minimize(objective, np.array([np.log(share / (1.0 - share)), 0.0]))
    w, H = found.parameters, np.zeros((2, 2)) if found.hessian is None else found.hessian * total
    a, b = w[0] - w[1] * centre / scale, w[1] / scale
    # (a, b) of x are A times those of u, and the information transforms with A⁻¹.
    back = np.array([[1.0, centre], [0.0, scale]])
    converged = found.status is Status.CONVERGED
    return LogisticCurve(float(a), float(b), back.T @ H @ back, found.value * total, converged)


class _MeanLoss:
    """Σ weight loss / Σ weight at w = (a, b), its gradient (2,) and Hessian (2, 2)."""

    hessian_is_exact = True

    def __init__(self, x: RowVector, t: RowVector, weight: RowVector) -> None:
        self.rows, self.total_weight = (x, t, weight), float(weight.sum())

    def value(self, w: Pair) -> float:
        """Return the value."""
        return self.value_gradient_hessian(w)[0]

    def value_gradient(self, w: Pair) -> tuple[float, Pair]:
        """Return the value and its gradient."""
        return self.value_gradient_hessian(w)[:2]

    def value_gradient_hessian(self, w: Pair) -> tuple[float, Pair, Square]:
        """Return the value, its gradient and its Hessian."""
        loss, gradient, hessian = curve_sums(w, *self.rows)
        return loss / self.total_weight, gradient / self.total_weight, hessian / self.total_weight


def curve_sums(
    w: Pair, x: RowVector, t: RowVector, weight: RowVector
) -> tuple[float, Pair, Square]:
    """Return Σ weight loss, its gradient (2,) and Hessian (2, 2) at w = (a, b)."""
    z = w[0] + w[1] * x
    first, second = weight * residual(z, t), weight * variance(z)
    loss = float((weight * log_loss(z, t)).sum())
    cross = float((second * x).sum())
    hessian = [[float(second.sum()), cross], [cross, float((second * x * x).sum())]]
    return loss, np.array([first.sum(), (first * x).sum()]), np.array(hessian)
