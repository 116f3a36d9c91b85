"""Gradient descent: the direction of steepest descent and a step size (tutorial, "梯度下降法")."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from math import inf, isfinite
from typing import ClassVar

import numpy as np

from lr_pipeline.core.limits import require_positive
from lr_pipeline.core.logistic.objective import SmoothFunction
from lr_pipeline.core.solvers.result import Progress, SolverResult, Status, TracePoint
from lr_pipeline.core.solvers.step_size import StepSize
from lr_pipeline.core.solvers.trace import Trace
from lr_pipeline.core.types import Parameters


@dataclass(frozen=True)
class GradientDescent:
    """w ← w − η ∇f(w), for a given number of iterations or until the value hardly changes.

    ``learning_rate``: η, or a function of the iteration (see ``step_size``).
    ``tolerance``: stop when |f(w_k) − f(w_{k−1})| is less; 0 runs all iterations. Such a stop is
    reported as ``SMALL_CHANGE``: it does not bound the distance to the optimum.
    ``record_every``: iterations between points of the trace, which always has the first and last
    point; ``record_parameters``: whether points keep the parameters.
    ``standardize``: work in standardized columns instead of the table's own.

    A value that overflows counts as infinite, and does not end the iteration.
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
        """Raise ``ValueError`` for settings with which there is no descent."""
        require_positive(iterations=self.iterations, record_every=self.record_every)
        if isinstance(self.learning_rate, int | float):
            require_positive(learning_rate=self.learning_rate)
        if not self.tolerance >= 0.0:
            raise ValueError(f"tolerance must be 0 or more, found {self.tolerance}")

    def minimize(
        self, objective: SmoothFunction, start: Parameters, progress: Progress | None = None
    ) -> SolverResult:
        """Minimise from ``start``; the trace begins with it."""
        trace, path, step = Trace(progress), self.path(objective, start), 0.0
        status = Status.ITERATION_LIMIT
        with np.errstate(over="ignore", invalid="ignore"):
            for iteration, (w, found, gradient) in enumerate(path):
                value = found if isfinite(found) else inf
                if iteration == 0:
                    first = previous = value
                elif abs(value - previous) < self.tolerance:
                    status = Status.SMALL_CHANGE
                last = status is Status.SMALL_CHANGE or iteration == self.iterations
                if last or iteration % self.record_every == 0:
                    trace.record(self._point(iteration, value, gradient, step, w))
                if last:
                    break
                previous, step = value, self.step_size(iteration)
        if not value <= first:
            status = Status.DIVERGED
        norm = float(np.linalg.norm(gradient))
        return SolverResult(w, status, iteration, iteration + 1, value, norm, tuple(trace.points))

    def path(
        self, objective: SmoothFunction, start: Parameters
    ) -> Iterator[tuple[Parameters, float, Parameters]]:
        """Yield w, f(w) and ∇f(w) at the start and after each step, without end."""
        w = start.copy()
        for iteration in count():
            value, gradient = objective.value_gradient(w)
            yield w, value, gradient
            w = w - self.step_size(iteration) * gradient

    def step_size(self, iteration: int) -> float:
        """η of the step from this iteration to the next."""
        rate = self.learning_rate
        return float(rate) if isinstance(rate, int | float) else rate(iteration)

    def _point(
        self, iteration: int, value: float, gradient: Parameters, step: float, w: Parameters
    ) -> TracePoint:
        parameters = tuple(w.tolist()) if self.record_parameters else None
        return TracePoint(iteration, value, float(np.linalg.norm(gradient)), step, parameters)


def normal_start(num_parameters: int, seed: int) -> Parameters:
    """Return coefficients drawn from the standard normal, intercept 0 (tutorial, "数据准备")."""
    w = np.zeros(num_parameters)
    w[1:] = np.random.default_rng(seed).standard_normal(num_parameters - 1)
    return w
