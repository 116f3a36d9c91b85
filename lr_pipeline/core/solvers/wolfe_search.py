"""Line search along a direction of unknown curvature, by the weak Wolfe conditions."""

from typing import NamedTuple

import numpy as np

from lr_pipeline.core.logistic.objective import SmoothFunction
from lr_pipeline.core.solvers.line_search import MAX_TRIALS, sufficiently_lower
from lr_pipeline.core.types import Parameters

# A step must leave at most this fraction of the slope (Wolfe).
CURVATURE = 0.9


class Step(NamedTuple):
    """The point at which a line search ended, and the number of its evaluations."""

    length: float
    w: Parameters
    value: float
    gradient: Parameters
    evaluations: int


def wolfe_search(
    function: SmoothFunction,
    w: Parameters,
    value: float,
    gradient: Parameters,
    direction: Parameters,
) -> Step | None:
    """Find a step t that satisfies the weak Wolfe conditions, by bracketing and interpolation.

    The first is ``sufficiently_lower``; the second dᵀ∇f(w + t d) ≥ c₂ dᵀ∇f(w).
    ``None`` when no step satisfies them in float64.
    """
    slope = float(gradient @ direction)
    low, low_slope, high, high_slope = 0.0, slope, np.inf, np.nan
    t = 1.0
    for trial in range(1, MAX_TRIALS + 1):
        point = w + t * direction
        new_value, new_gradient = function.value_gradient(point)
        new_slope = float(new_gradient @ direction)
        if not sufficiently_lower(value, slope, t, new_value, new_slope):
            high, high_slope = t, new_slope
        elif new_slope < CURVATURE * slope:
            low, low_slope = t, new_slope
        else:
            return Step(t, point, new_value, new_gradient, trial)
        t = 4.0 * t if np.isinf(high) else _between(low, low_slope, high, high_slope)
    return None


def _between(low: float, low_slope: float, high: float, high_slope: float) -> float:
    """The zero of the slope if it were linear, kept away from the ends; else the middle."""
    width = high - low
    if not high_slope > 0:
        return low + width / 2.0
    zero = low_slope / (low_slope - high_slope)
    return low + width * min(max(zero, 0.1), 0.9)
