"""Gradient descent, on the tutorial's parabola and on tables."""

import numpy as np
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.solvers import GradientDescent, Status
from lr_pipeline.core.solvers.gradient_descent import normal_start
from lr_pipeline.core.solvers.step_size import StepDecay
from lr_pipeline.engines.memory import ArrayRows
from tests.core.tables import overlapping


class Parabola:
    """(θ − 2.5)² − 1 (tutorial, "梯度下降法的模拟与可视化")."""

    def value(self, w):
        """f(θ)."""
        return self.value_gradient(w)[0]

    def value_gradient(self, w):
        """f(θ) and 2 (θ − 2.5)."""
        return float((w[0] - 2.5) ** 2 - 1.0), 2.0 * (w - 2.5)


@pytest.mark.parametrize(("rate", "points"), [(0.1, 46), (0.01, 424), (0.001, 3682), (0.8, 22)])
def test_the_tutorials_paths_have_the_tutorials_lengths(rate, points):
    """They count the points from θ = 0, included, until the loss changes by less than 1e-8."""
    result = GradientDescent(rate, 10_000, tolerance=1e-8).minimize(Parabola(), np.zeros(1))
    assert len(result.trace) == points
    assert result.status is Status.SMALL_CHANGE
    assert result.iterations == points - 1


def test_the_tutorials_end_point_is_met_to_the_last_digit():
    """η = 0.1 ends at θ = 2.499891109642585 with loss −0.99999998814289."""
    result = GradientDescent(0.1, 10_000, tolerance=1e-8).minimize(Parabola(), np.zeros(1))
    assert result.parameters[0] == 2.499891109642585
    assert result.value == -0.99999998814289


def test_too_large_a_rate_runs_all_iterations_and_is_called_divergence():
    """η = 1.1 overflows, which counts as infinite, and gives 10,001 points."""
    result = GradientDescent(1.1, 10_000, tolerance=1e-8).minimize(Parabola(), np.zeros(1))
    assert len(result.trace) == 10_001
    assert result.status is Status.DIVERGED
    assert result.value == np.inf
    assert "learning rate" in result.status.remedy


def test_parameters_are_kept_on_request():
    """With η = 1.1 the first points are 0, 5.5, −1.1, 6.82: outwards, from side to side."""
    solver = GradientDescent(1.1, 3, record_parameters=True)
    path = [point.parameters[0] for point in solver.minimize(Parabola(), np.zeros(1)).trace]
    np.testing.assert_allclose(path, [0.0, 5.5, -1.1, 6.82], rtol=1e-14)


def table_objective():
    """The mean log loss of the overlapping table."""
    X, y = overlapping()
    return LogisticObjective(ArrayRows(X, y, block_rows=100), NumpyKernel(), NoPenalty())


def test_it_follows_the_tutorials_loop_on_a_table():
    """Two hundred epochs equal the tutorial's loop with the gradient of its formula."""
    X, y = overlapping()
    theta, bias, rate = normal_start(4, seed=3)[1:], 0.0, 0.1
    for _ in range(200):
        y_hat = 1 / (1 + np.exp(-(X @ theta + bias)))
        theta = theta - rate * (y_hat - y) @ X / len(y)
        bias = bias - rate * np.mean(y_hat - y)
    result = GradientDescent(rate, 200).minimize(table_objective(), normal_start(4, seed=3))
    np.testing.assert_allclose(result.parameters, [bias, *theta], rtol=1e-12)
    assert result.status is Status.ITERATION_LIMIT
    assert (result.iterations, result.evaluations) == (200, 201)


def test_the_trace_is_thinned_but_keeps_both_ends():
    """With record_every 30, iterations 0, 30, 60, 90 and the last are kept, and reported."""
    seen = []
    solver = GradientDescent(0.1, 100, record_every=30)
    result = solver.minimize(table_objective(), np.zeros(4), seen.append)
    assert [point.iteration for point in result.trace] == [0, 30, 60, 90, 100]
    assert tuple(seen) == result.trace


def test_a_decaying_rate_is_applied_by_iteration():
    """The steps recorded are those of the schedule."""
    result = GradientDescent(StepDecay(0.4, 0.5, every=2), 4).minimize(Parabola(), np.zeros(1))
    assert [point.step for point in result.trace] == [0.0, 0.4, 0.4, 0.2, 0.2]


def test_a_normal_start_is_seeded_and_has_no_intercept():
    """The same seed gives the same weights; the intercept is 0."""
    start = normal_start(11, seed=1)
    assert start[0] == 0.0
    np.testing.assert_array_equal(start, normal_start(11, seed=1))
    assert not np.array_equal(start, normal_start(11, seed=2))
