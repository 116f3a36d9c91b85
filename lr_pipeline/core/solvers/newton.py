"""Newton's method, damped so that it converges from anywhere."""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar, NamedTuple

import numpy as np

from lr_pipeline.core.logistic.objective import Objective
from lr_pipeline.core.solvers.hessian_solve import curvature_solve, decrement, is_last_step
from lr_pipeline.core.solvers.line_search import (
    MAX_TRIALS,
    VALUE_ROUNDING,
    sufficiently_lower,
)
from lr_pipeline.core.solvers.result import FitResult, Progress, Status, Trace, TracePoint
from lr_pipeline.core.solvers.secant import LinearSolve, SecantPairs
from lr_pipeline.core.solvers.solver import require_positive
from lr_pipeline.core.types import ParameterMatrix, Parameters

# Iterations that may pass without getting nearer, once only rounding is left to gain.
PATIENCE = 4
MAX_POLISH = 10


class _Point(NamedTuple):
    """An iterate with the objective's value, gradient and Hessian."""

    w: Parameters
    value: float
    gradient: Parameters
    hessian: ParameterMatrix


@dataclass(frozen=True)
class Newton:
    """w ← w − t H⁻¹ g, with t halved from 1 until the objective falls enough (Armijo).

    On a strictly convex objective this converges from every start, where the undamped iteration
    may diverge although the optimum is finite. Where the objective only has a stand-in for its
    Hessian (Firth), secant pairs of the gradient correct it.

    ``tolerance``: on √(W gᵀ H⁻¹ g), the remaining distance in standard errors. Once it is met,
    ``polish`` goes on, by steps with the same factors, to the rounding floor.
    """

    tolerance: float = 1e-9
    max_iterations: int = 100
    polish: bool = True
    name: ClassVar[str] = "newton"
    standardize: ClassVar[bool] = True
    orthonormalize: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse settings with which no iteration could end."""
        require_positive(tolerance=self.tolerance, max_iterations=self.max_iterations)

    def minimize(
        self, objective: Objective, start: Parameters, progress: Progress | None = None
    ) -> FitResult:
        """Minimise from ``start``."""
        trace = Trace(progress)
        pairs = SecantPairs(0 if objective.hessian_is_exact else 10)
        point = _Point(start, *objective.value_gradient_hessian(start))
        evaluations, iteration, length, nearest, barren = 1, 0, 0.0, np.inf, 0
        lowest = np.inf
        while True:
            norm = float(np.linalg.norm(point.gradient))
            trace.record(TracePoint(iteration, point.value, norm, length))
            solve = curvature_solve(point.hessian)
            step = solve(point.gradient)
            distance = sqrt(max(objective.total_weight * float(point.gradient @ step), 0.0))
            direction = -(pairs.solve(solve, point.gradient) if pairs.pairs else step)
            still = not point.value < lowest  # the last step has not lowered the value
            barren = 0 if distance < 0.9 * nearest else barren + 1
            nearest, lowest = min(distance, nearest), min(point.value, lowest)
            if distance <= self.tolerance and is_last_step(direction, point.w):
                status = Status.CONVERGED
            elif iteration == self.max_iterations:
                status = Status.ITERATION_LIMIT
            elif barren >= PATIENCE and (still or _only_rounding_to_gain(point, direction)):
                status = Status.STALLED
            else:
                trial, length, tried = _backtrack(objective, point, direction)
                evaluations += tried
                if trial is not None:
                    if not objective.hessian_is_exact:
                        pairs.add(trial.w - point.w, trial.gradient - point.gradient)
                    point, iteration = trial, iteration + 1
                    continue
                status = Status.STALLED
            break
        hessian_at = point.w
        if self.polish and status is Status.CONVERGED:
            point, polished = _polish(objective, point, solve, pairs)
            evaluations += polished
        return FitResult(
            point.w,
            status,
            iteration,
            evaluations,
            point.value,
            float(np.linalg.norm(point.gradient)),
            tuple(trace.points),
            point.gradient,
            point.hessian,
            hessian_at,
        )


def _only_rounding_to_gain(point: _Point, direction: Parameters) -> bool:
    """Whether the fall that the slope predicts is lost in the rounding of the value."""
    return -float(point.gradient @ direction) <= VALUE_ROUNDING * abs(point.value)


def _backtrack(
    objective: Objective, point: _Point, direction: Parameters
) -> tuple[_Point | None, float, int]:
    """Halve the step until the objective falls enough: the point, the step, the evaluations."""
    slope = float(point.gradient @ direction)
    t = 1.0
    for tried in range(1, MAX_TRIALS + 1):
        w = point.w + t * direction
        trial = _Point(w, *objective.value_gradient_hessian(w))
        new_slope = float(trial.gradient @ direction)
        if sufficiently_lower(point.value, slope, t, trial.value, new_slope):
            return trial, t, tried
        t /= 2.0
    return None, 0.0, MAX_TRIALS


def _polish(
    objective: Objective, point: _Point, solve: LinearSolve, pairs: SecantPairs
) -> tuple[_Point, int]:
    """Take full steps with the same factors while they at least halve the gradient."""
    before = decrement(solve, point.gradient, 1.0)
    for tried in range(1, MAX_POLISH + 1):
        w = point.w - pairs.solve(solve, point.gradient)
        value, gradient = objective.value_gradient(w)
        after = decrement(solve, gradient, 1.0)
        if not after < 0.5 * before:
            return point, tried
        pairs.add(w - point.w, gradient - point.gradient)
        point, before = _Point(w, value, gradient, point.hessian), after
    return point, MAX_POLISH
