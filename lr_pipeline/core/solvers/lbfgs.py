"""Limited-memory BFGS that claims convergence only after measuring it with a Hessian."""

from dataclasses import dataclass
from math import log
from typing import ClassVar

import numpy as np

from lr_pipeline.core.limits import require_positive
from lr_pipeline.core.logistic.objective import Objective
from lr_pipeline.core.solvers.hessian_solve import curvature_solve, decrement, is_last_step
from lr_pipeline.core.solvers.result import Progress, SolverResult, Status, TracePoint
from lr_pipeline.core.solvers.secant import LinearSolve, SecantPairs
from lr_pipeline.core.solvers.trace import Trace
from lr_pipeline.core.solvers.wolfe_search import wolfe_search
from lr_pipeline.core.types import Parameters

# A Hessian takes the time of one gradient and one more for every so many columns, and after it
# two or three gradients are enough.
COLUMNS_PER_PASS = 15
PASSES_WITH_HESSIAN = 4


@dataclass(frozen=True)
class Lbfgs:
    """w ← w − t B g, with B from the last steps (Nocedal & Wright, 2006, algorithm 7.5).

    A small gradient says little on an ill-conditioned table. So where B's own estimate of the
    distance √(W gᵀ B g) meets the tolerance, or the line search fails, or ``refresh_every``
    iterations have passed, one Hessian is formed: its decrement decides whether this is the
    optimum, and otherwise its factors precondition what follows.

    ``tolerance``: on √(W gᵀ H⁻¹ g), the remaining distance in standard errors. Where a Hessian says
    that it is met, ``polish`` takes one full step more by its factors, which leaves about rounding:
    any point within the tolerance ends there, whichever way the sums were added up.
    ``preconditioner``: v ↦ H⁻¹ v for a first guess at the Hessian of the mean.
    ``confirm``: without it, B's own estimate of the distance is believed, and no Hessian formed
    for that.
    """

    memory: int = 10
    tolerance: float = 1e-8
    max_iterations: int = 500
    refresh_every: int = 50
    preconditioner: LinearSolve | None = None
    confirm: bool = True
    polish: bool = True
    name: ClassVar[str] = "lbfgs"
    standardize: ClassVar[bool] = True
    orthonormalize: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse settings with which no iteration could end."""
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
        trace = Trace(progress)
        pairs = SecantPairs(self.memory)
        factors, hessian, hessian_at = self.preconditioner, None, None
        preliminary, before = factors is not None, np.inf
        w, (value, gradient) = start, objective.value_gradient(start)
        evaluations, iteration, length, since_refresh, failed = 1, 0, 0.0, 0, False
        trace.record(TracePoint(0, value, float(np.linalg.norm(gradient)), 0.0))
        while True:
            direction = -pairs.solve(factors or _scaled(pairs), gradient)
            estimate = np.sqrt(max(-objective.total_weight * float(gradient @ direction), 0.0))
            due = iteration == self.max_iterations or since_refresh == self.refresh_every
            slow = preliminary and self._is_slow(iteration, estimate, before, len(w))
            before = estimate
            if estimate <= self.tolerance and not self.confirm and is_last_step(direction, w):
                status = Status.CONVERGED
                break
            if estimate <= self.tolerance or failed or due or slow:
                preliminary = False
                hessian, hessian_at = objective.value_gradient_hessian(w)[2], w
                factors = curvature_solve(hessian)
                evaluations, since_refresh = evaluations + 1, 0
                pairs.clear()
                direction = -factors(gradient)
                distance = decrement(factors, gradient, objective.total_weight)
                if distance <= self.tolerance and is_last_step(direction, w):
                    status = Status.CONVERGED
                    if self.polish:
                        w, value, gradient = _polished(objective, w, value, gradient, factors)
                        evaluations += 1
                    break
                if iteration == self.max_iterations:
                    status = Status.ITERATION_LIMIT
                    break
            step = wolfe_search(objective, w, value, gradient, direction)
            if step is None:
                if failed:
                    status = Status.STALLED
                    break
                failed = True
                continue
            failed = False
            pairs.add(step.w - w, step.gradient - gradient)
            length, w, value, gradient, tried = step
            evaluations += tried
            iteration, since_refresh = iteration + 1, since_refresh + 1
            norm = float(np.linalg.norm(gradient))
            trace.record(TracePoint(iteration, value, norm, length))
        norm = float(np.linalg.norm(gradient))
        points = tuple(trace.points)
        return SolverResult(
            w, status, iteration, evaluations, value, norm, points, gradient, hessian, hessian_at
        )

    def _is_slow(self, iteration: int, estimate: float, before: float, p: int) -> bool:
        """Whether a Hessian would take less time than the iterations still needed without it."""
        if iteration == 0 or estimate <= self.tolerance:
            return False
        if estimate >= before:
            return True
        needed = log(estimate / self.tolerance) / log(before / estimate)
        return needed > PASSES_WITH_HESSIAN + p / COLUMNS_PER_PASS


def _polished(
    objective: Objective, w: Parameters, value: float, gradient: Parameters, factors: LinearSolve
) -> tuple[Parameters, float, Parameters]:
    """One full step, unless rounding keeps it from halving the distance."""
    step = factors(gradient)
    new_value, new_gradient = objective.value_gradient(w - step)
    if decrement(factors, new_gradient, 1.0) < 0.5 * decrement(factors, gradient, 1.0):
        return w - step, new_value, new_gradient
    return w, value, gradient


def _scaled(pairs: SecantPairs) -> LinearSolve:
    """The identity times the pairs' guess at the inverse curvature."""
    scale = pairs.scale()

    def solve(gradient: Parameters) -> Parameters:
        return scale * gradient

    return solve
