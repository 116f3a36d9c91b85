"""Gradient descent on a parabola, one path a learning rate (tutorial, "梯度下降法的模拟与可视化").

With f(θ) = (θ − 2.5)² − 1 a step multiplies the distance to the minimum by 1 − 2η:
θ − η f′(θ) − 2.5 = (1 − 2η)(θ − 2.5). So a path converges if |1 − 2η| < 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.core.types import Parameters
from lr_pipeline.report.canvas import picture
from lr_pipeline.studies.descent_figures import draw_distances, draw_paths
from lr_pipeline.studies.study import Study

LEARNING_RATES = (0.1, 0.01, 0.001, 0.8, 1.1)
START = 0.0
TOLERANCE = 1e-8
MINIMUM = 2.5
# A path that ends with more than this share of its distance left has not reached the minimum.
ARRIVED = 0.01


class Parabola:
    """f(θ) = (θ − 2.5)² − 1, a loss with one parameter; f′(θ) = 2 (θ − 2.5)."""

    def value(self, w: Parameters) -> float:
        """f(θ)."""
        return self.value_gradient(w)[0]

    def value_gradient(self, w: Parameters) -> tuple[float, Parameters]:
        """f(θ) and f′(θ)."""
        return float((w[0] - MINIMUM) ** 2 - 1.0), 2.0 * (w - MINIMUM)


@dataclass(frozen=True, eq=False)
class Path:
    """The path of gradient descent: ``theta`` and ``loss`` (points,), with the start.

    An overflowing loss counts as infinite. ``stopped``: the loss changed by less than the
    tolerance, possibly only at the last permitted step.
    """

    learning_rate: float
    theta: Float64[np.ndarray, " points"]
    loss: Float64[np.ndarray, " points"]
    stopped: bool

    @property
    def factor(self) -> float:
        """1 − 2η, by which a step multiplies the distance to the minimum; negative: overshoots."""
        return 1.0 - 2.0 * self.learning_rate

    @property
    def left(self) -> float:
        """|θ − 2.5| at the end, as a fraction of its value at the start."""
        return float(abs(self.theta[-1] - MINIMUM) / abs(START - MINIMUM))

    @property
    def overflow_step(self) -> int | None:
        """The first step whose loss is infinite, or None."""
        infinite = np.flatnonzero(np.isinf(self.loss))
        return int(infinite[0]) if len(infinite) else None


def gradient_descent_study(
    learning_rates: Sequence[float] = LEARNING_RATES,
    iterations: int = 10_000,
    tolerance: float = TOLERANCE,
    diverging_steps: int = 10,
) -> Study:
    """Descend f(θ) = (θ − 2.5)² − 1 from θ = 0 with each learning rate.

    A path stops when f changes by less than ``tolerance``, or after ``iterations`` steps. A rate
    that diverges is run a second time, for ``diverging_steps``, at the end of the list.

    ``numbers["paths"]``: learning_rate, points, theta, loss, factor (1 − 2η), verdict, reason,
    overflow_step; theta and loss are None where the loss has overflowed.
    Pictures: ``paths`` (each path on the curve), ``distances`` (to the minimum, by step).
    """
    paths = [descend(rate, iterations, tolerance) for rate in learning_rates]
    if diverging_steps < iterations:
        diverging = [path.learning_rate for path in paths if path.learning_rate > 1.0]
        paths += [descend(rate, diverging_steps, tolerance) for rate in diverging]
    rows = [path_numbers(path, tolerance) for path in paths]
    verdicts = [row["verdict"] for row in rows]
    pictures = {
        "paths": picture(draw_paths(paths, verdicts, Parabola(), MINIMUM)),
        "distances": picture(draw_distances(paths, verdicts, MINIMUM)),
    }
    return Study({"function": "(θ − 2.5)² − 1", "start": START, "paths": rows}, pictures)


def descend(learning_rate: float, iterations: int, tolerance: float) -> Path:
    """Iterate θ ← θ − η f′(θ) from 0, until |f(θ_k) − f(θ_{k−1})| < ``tolerance``."""
    solver = GradientDescent(learning_rate, iterations, tolerance, record_parameters=True)
    result = solver.minimize(Parabola(), np.array([START]))
    theta = [point.parameters[0] for point in result.trace if point.parameters]
    loss = [point.value for point in result.trace]
    stopped = result.status is Status.SMALL_CHANGE or result.iterations < iterations
    return Path(learning_rate, np.array(theta), np.array(loss), stopped)


def path_numbers(path: Path, tolerance: float) -> dict[str, Any]:
    """Return one row of the study's table."""
    verdict, reason = path_verdict(path, tolerance)
    finite = bool(np.isfinite(path.loss[-1]))
    return {
        "learning_rate": path.learning_rate,
        "points": len(path.theta),
        "theta": float(path.theta[-1]) if finite else None,
        "loss": float(path.loss[-1]) if finite else None,
        "factor": path.factor,
        "verdict": verdict,
        "reason": reason,
        "overflow_step": path.overflow_step,
    }


def path_verdict(path: Path, tolerance: float) -> tuple[str, str]:
    """Return verdict and reason; oscillating paths converge too, with alternating sides."""
    size = f"|1 − 2η| = {abs(path.factor):.6g}"
    if path.learning_rate > 1.0:
        overflow = path.overflow_step
        end = f"; the loss overflows at step {overflow:,}" if overflow else ""
        return "diverging", f"{size} > 1: each step lands farther away, on the other side{end}"
    if path.learning_rate == 1.0:
        fooled = ", and the unchanged loss looks like the end" if path.stopped else ""
        return "cycling", f"{size}: each step lands as far away, on the other side{fooled}"
    if path.left > ARRIVED:
        steps = f"{len(path.theta) - 1:,} steps"
        why = f"the loss changed by less than {tolerance:g}" if path.stopped else steps
        return "unfinished", f"{size} < 1, but {why} with {path.left:.0%} of the way left"
    if path.factor == 0.0:
        return "converged", f"{size}: one step lands on the minimum"
    if path.factor > 0.0:
        return "converged", f"{size} < 1: each step ends nearer, on the same side"
    return "oscillating", f"{size} < 1: each step ends nearer, on the other side"
