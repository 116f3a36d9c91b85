"""Limited-memory BFGS that claims convergence only after measuring it with a Hessian."""

from dataclasses import dataclass
from math import log
from typing import ClassVar, NamedTuple

import numpy as np

from lr_pipeline.core.limits import require_positive
from lr_pipeline.core.logistic.objective import Objective
from lr_pipeline.core.solvers.hessian_solve import curvature_solve, decrement, is_last_step
from lr_pipeline.core.solvers.result import Progress, SolverResult, Status, TracePoint
from lr_pipeline.core.solvers.secant import SecantPairs
from lr_pipeline.core.solvers.trace import Trace
from lr_pipeline.core.solvers.wolfe_search import wolfe_search
from lr_pipeline.core.types import LinearMap, ParameterMatrix, Parameters

# Cost in gradients of a Hessian with d columns, and of the two or three gradients after which the
# iteration then ends: PASSES_WITH_HESSIAN + d / COLUMNS_PER_PASS.
COLUMNS_PER_PASS = 15
PASSES_WITH_HESSIAN = 4


@dataclass(frozen=True)
class Lbfgs:
    """w ← w − t B g, with B from the last steps (Nocedal & Wright, 2006, algorithm 7.5).

    A small gradient says little on an ill-conditioned table. So a Hessian is formed where B's own
    estimate of the distance, √(W gᵀ B g), meets the tolerance, where the line search fails, or
    after ``refresh_every`` iterations. The Hessian's decrement decides whether this is the optimum;
    if not, its factors precondition the next iterations.

    ``tolerance``: on √(W gᵀ H⁻¹ g), the remaining distance in standard errors. Where a Hessian
    shows that it is met, ``polish`` takes one more full step with its factors, which leaves little
    more than rounding: from every point within the tolerance the result is nearly the same, for
    every order of the additions.
    ``preconditioner``: v ↦ H⁻¹ v for a first guess at the Hessian of the mean.
    ``confirm``: if False, B's own estimate of the distance is accepted without a Hessian.
    """

    memory: int = 10
    tolerance: float = 1e-8
    max_iterations: int = 500
    refresh_every: int = 50
    preconditioner: LinearMap | None = None
    confirm: bool = True
    polish: bool = True
    name: ClassVar[str] = "lbfgs"
    standardize: ClassVar[bool] = True
    orthonormalize: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for settings with which the iteration could not end."""
        require_positive(
            memory=self.memory,
            tolerance=self.tolerance,
            max_iterations=self.max_iterations,
            refresh_every=self.refresh_every,
        )

    def minimize(
        self, objective: Objective, start: Parameters, progress: Progress | None = None
    ) -> SolverResult:
        """Minimise from ``start``."""
        trace, pairs = Trace(progress), SecantPairs(self.memory)
        point = _Point(start, *objective.value_gradient(start))
        trace.record(point.traced(0, 0.0))
        factors, measured, preliminary = self.preconditioner, None, self.preconditioner is not None
        evaluations, iteration, since_refresh, failed, before = 1, 0, 0, False, np.inf
        while True:
            direction = -pairs.solve(factors or _scaled(pairs), point.gradient)
            slope = float(point.gradient @ direction)
            estimate = np.sqrt(max(-objective.total_weight * slope, 0.0))
            due = iteration == self.max_iterations or since_refresh == self.refresh_every
            slow = preliminary and self._is_slow(iteration, estimate, before, len(start))
            near, before = estimate <= self.tolerance, estimate
            if near and not self.confirm and is_last_step(direction, point.w):
                status = Status.CONVERGED
                break
            if near or failed or due or slow:
                measured, evaluations = _measure(objective, point), evaluations + 1
                factors, direction = measured.factors, measured.direction
                preliminary, since_refresh = False, 0
                pairs.clear()
                if measured.distance <= self.tolerance and is_last_step(direction, point.w):
                    status = Status.CONVERGED
                    if self.polish:
                        point, evaluations = _polished(objective, point, factors), evaluations + 1
                    break
                if iteration == self.max_iterations:
                    status = Status.ITERATION_LIMIT
                    break
            step = wolfe_search(objective, *point, direction)
            if step is None and failed:
                status = Status.STALLED
                break
            failed = step is None
            if step is not None:
                pairs.add(step.w - point.w, step.gradient - point.gradient)
                point = _Point(step.w, step.value, step.gradient)
                evaluations, iteration = evaluations + step.evaluations, iteration + 1
                since_refresh += 1
                trace.record(point.traced(iteration, step.length))
        return _result(point, status, iteration, evaluations, trace, measured)

    def _is_slow(self, iteration: int, estimate: float, before: float, p: int) -> bool:
        """Whether the iterations still needed would take longer than a Hessian."""
        if iteration == 0 or estimate <= self.tolerance:
            return False
        if estimate >= before:
            return True
        needed = log(estimate / self.tolerance) / log(before / estimate)
        return needed > PASSES_WITH_HESSIAN + p / COLUMNS_PER_PASS


class _Point(NamedTuple):
    """An iterate with the objective's value and gradient."""

    w: Parameters
    value: float
    gradient: Parameters

    def traced(self, iteration: int, length: float) -> TracePoint:
        """Return this point's record in a trace; ``length``: that of the step to it."""
        return TracePoint(iteration, self.value, float(np.linalg.norm(self.gradient)), length)


class _Measured(NamedTuple):
    """The Hessian at ``w``, g ↦ H⁻¹ g, Newton's direction and the distance to the optimum."""

    w: Parameters
    hessian: ParameterMatrix
    factors: LinearMap
    direction: Parameters
    distance: float


def _measure(objective: Objective, point: _Point) -> _Measured:
    """Form the Hessian, and measure the distance with it."""
    hessian = objective.value_gradient_hessian(point.w)[2]
    solve = curvature_solve(hessian)
    distance = decrement(solve, point.gradient, objective.total_weight)
    return _Measured(point.w, hessian, solve, -solve(point.gradient), distance)


def _result(
    point: _Point,
    status: Status,
    iteration: int,
    evaluations: int,
    trace: Trace,
    measured: _Measured | None,
) -> SolverResult:
    """The solver's result."""
    norm, points = float(np.linalg.norm(point.gradient)), tuple(trace.points)
    hessian, at = (None, None) if measured is None else (measured.hessian, measured.w)
    return SolverResult(
        point.w,
        status,
        iteration,
        evaluations,
        point.value,
        norm,
        points,
        point.gradient,
        hessian,
        at,
    )


def _polished(objective: Objective, point: _Point, factors: LinearMap) -> _Point:
    """Take one full step, unless rounding keeps it from halving the distance."""
    w = point.w - factors(point.gradient)
    value, gradient = objective.value_gradient(w)
    if decrement(factors, gradient, 1.0) < 0.5 * decrement(factors, point.gradient, 1.0):
        return _Point(w, value, gradient)
    return point


def _scaled(pairs: SecantPairs) -> LinearMap:
    """Return the product with the pairs' scalar estimate of the inverse curvature."""
    scale = pairs.scale()

    def solve(gradient: Parameters) -> Parameters:
        return scale * gradient

    return solve
