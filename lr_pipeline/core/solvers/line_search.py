"""Line search: the step length along a descent direction."""

from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

from lr_pipeline.core.types import Parameters

# Fraction of the decrease predicted by the slope that a step must achieve (Armijo).
SUFFICIENT_DECREASE = 1e-4
# Differences of values below this fraction of the value may be rounding.
VALUE_ROUNDING = 1e-13
MAX_TRIALS = 60


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

    Returns the point, or None after ``most_trials`` without success; t; the number of evaluations.
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


def sufficiently_lower(
    value: float, slope: float, t: float, new_value: float, new_slope: float
) -> bool:
    """Whether f(w + t d) ≤ f(w) + c₁ t m, with m = dᵀ∇f(w) < 0 (Armijo).

    Where the values agree to rounding, the condition is dᵀ∇f(w + t d) ≤ (2 c₁ − 1) m instead. It is
    equivalent on a parabola and needs no difference of values (Hager & Zhang, 2005, SIAM J. Optim.
    16).
    """
    if new_value <= value + SUFFICIENT_DECREASE * t * slope:
        return True
    agree = new_value <= value + VALUE_ROUNDING * abs(value)
    return agree and new_slope <= (2.0 * SUFFICIENT_DECREASE - 1.0) * slope
