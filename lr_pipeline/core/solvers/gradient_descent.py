"""Gradient descent: the direction of steepest descent and a step size (tutorial, "梯度下降法")."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lr_pipeline.core.limits import require_positive
from lr_pipeline.core.logistic.objective import SmoothFunction
from lr_pipeline.core.solvers.iterate import Iterate, iterate_of
from lr_pipeline.core.solvers.result import Progress, SolverResult, Status, TracePoint
from lr_pipeline.core.solvers.step_size import FixedStep, StepSize
from lr_pipeline.core.solvers.trace import Trace
from lr_pipeline.core.types import Parameters


@dataclass(frozen=True)
class GradientDescent:
    """w ← w − η ∇f(w), for a given number of iterations or until the value hardly changes.

    ``learning_rate``: η, or a function of the iteration (see ``step_size``).
    ``tolerance``: stop when |f(w_k) − f(w_{k−1})| is less; 0 runs all iterations. Such a stop is
    reported as ``SMALL_CHANGE``: it does not bound the distance to the optimum.
    ``record_every``: iterations between points of the trace, which always has the first and the
    last; ``record_parameters`` keeps the parameters in it.
    ``standardize``: work in standardized columns rather than the table's own.

    A value that overflows counts as infinite, and does not end the run.
    """

    learning_rate: float | StepSize = 1e-3
    iterations: int = 5000
    tolerance: float = 0.0
    record_every: int = 1
    record_parameters: bool = False
    standardize: bool = False
    name: ClassVar[str] = "gradient_descent"
    orthonormalize: ClassVar[bool] = False

    def __post_init__(self) -> None:
        """Refuse settings that describe no descent."""
        require_positive(iterations=self.iterations, record_every=self.record_every)
        if isinstance(self.learning_rate, int | float):
            require_positive(learning_rate=self.learning_rate)
        if not self.tolerance >= 0.0:
            raise ValueError(f"tolerance must be 0 or more, found {self.tolerance}")

    def minimize(
        self, objective: SmoothFunction, start: Parameters, progress: Progress | None = None
    ) -> SolverResult:
        """Minimise from ``start``; the trace begins with it."""
        rate = self.learning_rate
        step_size = FixedStep(float(rate)) if isinstance(rate, int | float) else rate
        trace = Trace(progress)
        with np.errstate(over="ignore", invalid="ignore"):
            iterate = self.iterate(objective, start)
            first = value, gradient = _evaluate(iterate)
            trace.record(self._point(0, value, gradient, 0.0, iterate))
            status, iteration = Status.ITERATION_LIMIT, 0
            while iteration < self.iterations and status is Status.ITERATION_LIMIT:
                until = self._next_look(iteration)
                for number in range(iteration, until):
                    step = step_size(number)
                    iterate.descend(step)
                iteration = until
                recorded = iteration % self.record_every == 0 or iteration == self.iterations
                previous, (value, gradient) = value, _evaluate(iterate)
                if abs(value - previous) < self.tolerance:
                    status, recorded = Status.SMALL_CHANGE, True
                if recorded:
                    trace.record(self._point(iteration, value, gradient, step, iterate))
        if not value <= first[0]:
            status = Status.DIVERGED
        w, norm = iterate.parameters, float(np.linalg.norm(gradient))
        return SolverResult(w, status, iteration, iteration + 1, value, norm, tuple(trace.points))

    def iterate(self, objective: SmoothFunction, start: Parameters) -> Iterate:
        """Return the point to move, at ``start``."""
        return iterate_of(objective, start)

    def _next_look(self, iteration: int) -> int:
        """The next iteration at which the value is asked for."""
        if self.tolerance > 0:
            return iteration + 1
        return min(iteration - iteration % self.record_every + self.record_every, self.iterations)

    def _point(
        self, iteration: int, value: float, gradient: Parameters, step: float, iterate: Iterate
    ) -> TracePoint:
        parameters = tuple(iterate.parameters.tolist()) if self.record_parameters else None
        return TracePoint(iteration, value, float(np.linalg.norm(gradient)), step, parameters)


def normal_start(num_parameters: int, seed: int) -> Parameters:
    """Return coefficients drawn from the standard normal, intercept 0 (tutorial, "数据准备")."""
    w = np.zeros(num_parameters)
    w[1:] = np.random.default_rng(seed).standard_normal(num_parameters - 1)
    return w


def _evaluate(iterate: Iterate) -> tuple[float, Parameters]:
    """Value and gradient; a value that is not a number because of overflow is infinite."""
    value, gradient = iterate.value_gradient()
    return (float(value) if np.isfinite(value) else np.inf), gradient
