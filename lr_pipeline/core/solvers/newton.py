"""Newton's method, damped so that it converges from anywhere.

*Step.* Near w the objective is f(w + d) ≈ f(w) + gᵀd + ½ dᵀH d, with g = ∇f(w) and H = ∇²f(w). H is
positive definite where the columns are independent. Then the right-hand side has one minimum, where
its derivative g + H d is zero:

    d = −H⁻¹ g,    w ← w + d.

*Damping.* Far from the optimum the expansion may be poor, and a full step may raise f. But gᵀd < 0,
so that f falls along d at first: t = 1, ½, ¼, … are tried until f(w + t d) is low enough
(``backtrack``). Near the optimum t = 1 is enough, and each step doubles the number of right digits.

*Stop.* λ = √(W gᵀH⁻¹g), the decrement, is the length of d in standard errors, and about the
distance to the optimum: the iteration has converged at λ ≤ ``tolerance``. It stalls where rounding
keeps λ from getting so small (``_Nearing``).
"""

from dataclasses import dataclass
from math import inf, sqrt
from typing import ClassVar, NamedTuple

import numpy as np

from lr_pipeline.core.limits import require_positive
from lr_pipeline.core.logistic.objective import Objective
from lr_pipeline.core.solvers.hessian_solve import curvature_solve, decrement, is_last_step
from lr_pipeline.core.solvers.line_search import VALUE_ROUNDING, backtrack
from lr_pipeline.core.solvers.result import Progress, SolverResult, Status, TracePoint
from lr_pipeline.core.solvers.secant import SecantPairs
from lr_pipeline.core.solvers.trace import Trace
from lr_pipeline.core.types import LinearMap, ParameterMatrix, Parameters

# Iterations without getting nearer after which the solver stalls, if the value falls only by
# rounding.
PATIENCE = 4
# A step gets nearer if it leaves less than this share of the smallest distance so far.
NEARER = 0.9
MAX_POLISH = 10
# The number of steps that are remembered where the objective's Hessian is not exact.
MEMORY = 10


@dataclass(frozen=True)
class Newton:
    """w ← w − t H⁻¹ g, with t halved from 1 until the objective falls enough (Armijo).

    On a strictly convex objective this converges from every start, while the undamped iteration
    may diverge even where the optimum is finite. Where the objective returns another matrix in
    place of its Hessian (Firth), secant pairs of the gradient correct it.

    ``tolerance``: on √(W gᵀ H⁻¹ g), the remaining distance in standard errors. Once it is met,
    ``polish`` continues with the same factors to the rounding floor.
    """

    tolerance: float = 1e-9
    max_iterations: int = 100
    polish: bool = True
    name: ClassVar[str] = "newton"
    standardize: ClassVar[bool] = True
    orthonormalize: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for settings with which the iteration could not end."""
        require_positive(tolerance=self.tolerance, max_iterations=self.max_iterations)

    def minimize(
        self, objective: Objective, start: Parameters, progress: Progress | None = None
    ) -> SolverResult:
        """Minimise from ``start``."""

        def evaluate(w: Parameters) -> _Point:
            return _Point(w, *objective.value_gradient_hessian(w))

        trace, nearing = Trace(progress), _Nearing()
        pairs = None if objective.hessian_is_exact else SecantPairs(MEMORY)
        point, length, iteration, evaluations = evaluate(start), 0.0, 0, 1
        while True:
            trace.record(TracePoint(iteration, point.value, point.gradient_norm, length))
            step = _Step.at(point, objective.total_weight, pairs)
            nearing.observe(step.distance, point.value)
            status = self._ending(point, step, nearing, iteration)
            if status is not None:
                break
            trial, length, tried = backtrack(evaluate, point, step.direction)
            evaluations += tried
            if trial is None:
                status = Status.STALLED
                break
            if pairs is not None:
                pairs.add(trial.w - point.w, trial.gradient - point.gradient)
            point, iteration = trial, iteration + 1
        end = point
        if self.polish and status is Status.CONVERGED:
            end, polished = _polish(objective, point, step.solve, pairs)
            evaluations += polished
        return SolverResult(
            end.w,
            status,
            iteration,
            evaluations,
            end.value,
            end.gradient_norm,
            tuple(trace.points),
            end.gradient,
            end.hessian,
            hessian_at=point.w,
        )

    def _ending(
        self, point: "_Point", step: "_Step", nearing: "_Nearing", iteration: int
    ) -> Status | None:
        """How the iteration ends at this point; None where another step follows."""
        converged = step.distance <= self.tolerance and is_last_step(step.direction, point.w)
        only_rounding_left = nearing.barren >= PATIENCE and (
            not nearing.value_fell or step.fall <= VALUE_ROUNDING * abs(point.value)
        )
        if converged:
            return Status.CONVERGED
        if iteration == self.max_iterations:
            return Status.ITERATION_LIMIT
        return Status.STALLED if only_rounding_left else None


class _Point(NamedTuple):
    """An iterate with the objective's value, gradient and Hessian."""

    w: Parameters
    value: float
    gradient: Parameters
    hessian: ParameterMatrix

    @property
    def gradient_norm(self) -> float:
        """‖g‖."""
        return float(np.linalg.norm(self.gradient))


class _Step(NamedTuple):
    """Newton's step from a point: g ↦ H⁻¹ g, the decrement λ, the direction d and −gᵀd."""

    solve: LinearMap
    distance: float
    direction: Parameters
    fall: float

    @classmethod
    def at(cls, point: _Point, total_weight: float, pairs: SecantPairs | None) -> "_Step":
        """Solve H d = −g, with H corrected by the secant pairs, if there are any."""
        solve, g = curvature_solve(point.hessian), point.gradient
        step = solve(g)
        distance = sqrt(max(total_weight * float(g @ step), 0.0))
        direction = -(pairs.solve(solve, g) if pairs else step)
        return cls(solve, distance, direction, -float(g @ direction))


@dataclass
class _Nearing:
    """The smallest distance of the iterates so far, and how long ago it became smaller.

    ``barren``: iterations since the last one that came nearer. ``value_fell``: whether the last
    value is below all before it.
    """

    nearest: float = inf
    lowest: float = inf
    barren: int = 0
    value_fell: bool = True

    def observe(self, distance: float, value: float) -> None:
        """Record the next iterate."""
        self.value_fell = value < self.lowest
        self.barren = 0 if distance < NEARER * self.nearest else self.barren + 1
        self.nearest, self.lowest = min(distance, self.nearest), min(value, self.lowest)


def _polish(
    objective: Objective, point: _Point, solve: LinearMap, pairs: SecantPairs | None
) -> tuple[_Point, int]:
    """Take full steps with the same factors while each at least halves the decrement."""
    before = decrement(solve, point.gradient, 1.0)
    for tried in range(1, MAX_POLISH + 1):
        step = pairs.solve(solve, point.gradient) if pairs else solve(point.gradient)
        w = point.w - step
        value, gradient = objective.value_gradient(w)
        after = decrement(solve, gradient, 1.0)
        if not after < 0.5 * before:
            return point, tried
        if pairs is not None:
            pairs.add(w - point.w, gradient - point.gradient)
        point, before = _Point(w, value, gradient, point.hessian), after
    return point, MAX_POLISH
