"""Newton's method on objectives with a known optimum."""

import numpy as np
import pytest
import scipy.special
from scipy.optimize import minimize

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.solvers import Newton, Status
from lr_pipeline.engines.memory import ArrayRows
from tests.core.tables import overlapping, undamped_newton_diverges


def objective(table, penalty=None):
    """The mean log loss of a table, unstandardized."""
    return LogisticObjective(ArrayRows(*table), NumpyKernel(), penalty or NoPenalty())


def undamped(X, y, iterations):
    """Iteratively reweighted least squares from zero, without step control."""
    A, w = np.column_stack([np.ones(len(X)), X]), np.zeros(X.shape[1] + 1)
    for _ in range(iterations):
        p = scipy.special.expit(A @ w)
        w = w - np.linalg.solve((A * (p * (1 - p))[:, None]).T @ A, A.T @ (p - y))
    return w


def test_it_converges_where_the_undamped_iteration_runs_away():
    """The estimate is finite (its coefficients below 10), yet undamped Newton passes 1e12."""
    X, y = undamped_newton_diverges()
    assert np.abs(undamped(X, y, 8)).max() > 1e12
    f = objective((X, y))
    result = Newton().minimize(f, np.zeros(4))
    assert result.status is Status.CONVERGED
    assert np.abs(result.parameters).max() < 10
    best = minimize(f.value, result.parameters, method="Nelder-Mead", options={"xatol": 1e-9})
    assert result.value <= best.fun + 1e-14


@pytest.mark.parametrize("scale", [0.0, 1.0, 100.0])
def test_the_optimum_does_not_depend_on_the_start(scale):
    """It starts from zero, from a near point and from where all probabilities are 0 or 1."""
    start = scale * np.array([1.0, -2.0, 3.0, 1.0])
    f = objective(overlapping())
    result = Newton().minimize(f, start)
    expected = Newton().minimize(f, np.array([0.3, 1.0, -1.0, 0.5])).parameters
    assert result.status is Status.CONVERGED
    np.testing.assert_allclose(result.parameters, expected, rtol=1e-13)


def test_it_goes_on_to_the_rounding_floor():
    """The remaining gradient is a few roundings of its terms, far below the tolerance."""
    result = Newton(tolerance=1e-4).minimize(objective(overlapping()), np.zeros(4))
    assert result.gradient_norm < 1e-15


def test_a_strong_penalty_leads_to_its_closed_form_limit():
    """For l2 → ∞ the coefficients tend to −∇loss(logit ȳ, 0) / l2."""
    X, y = overlapping()
    strength = 1e9
    w = Newton().minimize(objective((X, y), Ridge(strength)), np.zeros(4)).parameters
    assert w[0] == pytest.approx(np.log(y.mean() / (1 - y.mean())), rel=1e-6)
    np.testing.assert_allclose(w[1:], X.T @ (y - y.mean()) / strength, rtol=1e-5)


def test_secant_pairs_make_firth_converge():
    """With another matrix for the Hessian, the gradient still goes to the rounding floor."""
    result = Newton().minimize(objective(overlapping(), Firth()), np.zeros(4))
    assert result.status is Status.CONVERGED
    assert result.gradient_norm < 1e-14
    assert result.iterations <= 15


def test_a_limit_on_iterations_is_a_status():
    """Two iterations are not enough, and the result says so."""
    result = Newton(max_iterations=2).minimize(objective(overlapping()), np.zeros(4))
    assert result.status is Status.ITERATION_LIMIT
    assert (result.iterations, len(result.trace)) == (2, 3)


def test_a_separated_table_is_never_called_converged():
    """The loss goes to zero, and the decrement with it, but the steps do not shrink."""
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    result = Newton().minimize(objective((X, np.array([0.0, 0, 1, 1]))), np.zeros(2))
    assert result.status is not Status.CONVERGED
