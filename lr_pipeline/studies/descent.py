"""Gradient descent on a parabola, one path a learning rate (tutorial, "梯度下降法的模拟与可视化")."""

from collections.abc import Sequence

from lr_pipeline.studies.study import Study

LEARNING_RATES = (0.1, 0.01, 0.001, 0.8, 1.1)


def gradient_descent_study(
    learning_rates: Sequence[float] = LEARNING_RATES,
    iterations: int = 10_000,
    tolerance: float = 1e-8,
    diverging_steps: int = 10,
) -> Study:
    """Descend f(θ) = (θ − 2.5)² − 1 from θ = 0 with each learning rate.

    A path stops when f changes by less than ``tolerance``, or after ``iterations`` steps. A rate
    that diverges is run a second time, for ``diverging_steps``, at the end of the list.

    ``numbers["paths"]``: learning_rate, points, theta, loss, factor (1 − 2η), verdict, reason.
    Pictures: ``paths`` (each on the curve), ``loss`` (f above its minimum by step).
    """
    raise NotImplementedError
