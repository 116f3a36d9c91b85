"""How far to go along a descent direction."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np

from lr_pipeline.core.logistic.objective import SmoothFunction
from lr_pipeline.core.types import Parameters

# Fraction of the decrease predicted by the slope that a step must achieve (Armijo).
SUFFICIENT_DECREASE = 1e-4
# A step must leave at most this fraction of the slope (Wolfe).
CURVATURE = 0.9
# Differences of values below this fraction of the value may be rounding.
VALUE_ROUNDING = 1e-13
MAX_TRIALS = 60


class Step(NamedTuple):
    """The point that a search along a direction ended at, and how many evaluations it took."""

    length: float
    w: Parameters
    value: float
    gradient: Parameters
    evaluations: int


@runtime_checkable
class Evaluated(Protocol):
    """A point at which a function and its gradient are known."""

    @property
    def w(self) -> Parameters:
        """The parameters."""

    @property
    def value(self) -> float:
        """The function there."""

    @property
    def gradient(self) -> Parameters:
        """Its gradient there."""


Point = TypeVar("Point", bound=Evaluated)


def backtrack(
    evaluate: Callable[[Parameters], Point],
    begin: Point,
    direction: Parameters,
    most_trials: int = MAX_TRIALS,
) -> tuple[Point | None, float, int]:
    """Halve the step t from 1 until the point w + t d is ``sufficiently_lower`` (Armijo).

    Returns the point, or None where none of ``most_trials`` is low enough; t; the evaluations.
    """
    slope = float(begin.gradient @ direction)
    t = 1.0
    for tried in range(1, most_trials + 1):
        trial = evaluate(begin.w + t * direction)
        new_slope = float(trial.gradient @ direction)
        if sufficiently_lower(begin.value, slope, t, trial.value, new_slope):
            return trial, t, tried
        t /= 2.0
    return None, 0.0, most_trials


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


def sufficiently_lower(
    value: float, slope: float, t: float, new_value: float, new_slope: float
) -> bool:
    """Whether f(w + t d) ≤ f(w) + c₁ t m, with m = dᵀ∇f(w) < 0 (Armijo).

    Where the values agree to rounding, dᵀ∇f(w + t d) ≤ (2 c₁ − 1) m is asked for instead, which
    is the same on a parabola and needs no difference of values (Hager & Zhang, 2005, SIAM J.
    Optim. 16).
    """
    if new_value <= value + SUFFICIENT_DECREASE * t * slope:
        return True
    agree = new_value <= value + VALUE_ROUNDING * abs(value)
    return agree and new_slope <= (2.0 * SUFFICIENT_DECREASE - 1.0) * slope


def _between(low: float, low_slope: float, high: float, high_slope: float) -> float:
    """Where the slope would vanish if it were linear, kept off the ends; else the middle."""
    width = high - low
    if not high_slope > 0:
        return low + width / 2.0
    zero = low_slope / (low_slope - high_slope)
    return low + width * min(max(zero, 0.1), 0.9)
