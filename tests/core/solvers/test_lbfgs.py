"""Limited-memory BFGS."""

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der, rosen_hess

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.solvers import Lbfgs, Newton, Status
from lr_pipeline.engines.memory import ArrayRows
from tests.core.tables import overlapping


class Rosenbrock:
    """A curved valley, not convex everywhere; minimum 0 at (1, …, 1)."""

    total_weight = 1.0
    hessian_is_exact = True

    def value(self, w):
        """f(w)."""
        return float(rosen(w))

    def value_gradient(self, w):
        """f(w) and ∇f(w)."""
        return float(rosen(w)), rosen_der(w)

    def value_gradient_hessian(self, w):
        """f(w), ∇f(w) and ∇²f(w)."""
        return float(rosen(w)), rosen_der(w), rosen_hess(w)


def ill_conditioned():
    """Columns of scale 1e4 to 1e-4, not standardized: condition number of the Hessian 1e16."""
    X, y = overlapping()
    return ArrayRows(X * [1e4, 1.0, 1e-4], y)


@pytest.mark.parametrize("penalty", [NoPenalty(), Firth()])
def test_it_agrees_with_newton(penalty):
    """Both end at the same optimum, within 1e-6 standard errors, as its tolerance promises."""
    f = LogisticObjective(ArrayRows(*overlapping()), NumpyKernel(), penalty)
    result, expected = (solver.minimize(f, np.zeros(4)) for solver in (Lbfgs(), Newton()))
    assert result.status is Status.CONVERGED
    hessian = f.value_gradient_hessian(expected.parameters)[2] * f.total_weight
    difference = result.parameters - expected.parameters
    assert np.sqrt(difference @ hessian @ difference) < 1e-6


def test_a_small_gradient_alone_is_not_taken_for_convergence():
    """On columns of scale 1e4 to 1e-4 it converges within 1e-6 standard errors."""
    f = LogisticObjective(ill_conditioned(), NumpyKernel(), NoPenalty())
    result = Lbfgs().minimize(f, np.zeros(4))
    _, gradient, hessian = f.value_gradient_hessian(result.parameters)
    decrement = np.sqrt(f.total_weight * gradient @ np.linalg.solve(hessian, gradient))
    assert result.status is Status.CONVERGED
    assert decrement < 1e-6


def test_it_finds_the_end_of_rosenbrocks_valley():
    """The function has five dimensions, and is not convex on the way."""
    result = Lbfgs(tolerance=1e-10).minimize(Rosenbrock(), np.array([-1.2, 1, -1.2, 1, 0.5]))
    assert result.status is Status.CONVERGED
    np.testing.assert_allclose(result.parameters, np.ones(5), atol=1e-9)


def test_a_limit_on_iterations_is_a_status():
    """Three iterations are not enough, and the result says so."""
    f = LogisticObjective(ArrayRows(*overlapping()), NumpyKernel(), NoPenalty())
    result = Lbfgs(max_iterations=3).minimize(f, np.zeros(4))
    assert result.status is Status.ITERATION_LIMIT
    assert (result.iterations, len(result.trace)) == (3, 4)


def test_a_separated_table_is_never_called_converged():
    """The gradient goes to zero although there is no optimum."""
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    f = LogisticObjective(ArrayRows(X, np.array([0.0, 0, 1, 1])), NumpyKernel(), NoPenalty())
    assert Lbfgs().minimize(f, np.zeros(2)).status is not Status.CONVERGED


class Rounded:
    """A minimum whose gradient never gets below its rounding."""

    total_weight = 1.0
    hessian_is_exact = True

    def value(self, w):
        """f(w)."""
        return 0.0

    def value_gradient(self, w):
        """f(w) and ∇f(w), with rounding."""
        return 0.0, np.full(len(w), 1e-12)

    def value_gradient_hessian(self, w):
        """The same, and ∇²f(w), the identity."""
        return *self.value_gradient(w), np.eye(len(w))


def test_a_last_step_leaves_no_more_than_rounding():
    """It starts 1e-8 standard errors away, where the tolerance alone would let it stop.

    A step with the Hessian at w leaves r λ² of a decrement λ, with r ≤ 1 here: 1e-16, and the
    gradient's own rounding, about 1e-16 √(W p) standard errors.
    """
    f = LogisticObjective(ArrayRows(*overlapping()), NumpyKernel(), NoPenalty())
    left = []
    for polish in (False, True):
        result = Lbfgs(polish=polish).minimize(f, np.zeros(4))
        _, gradient, hessian = f.value_gradient_hessian(result.parameters)
        left.append(np.sqrt(f.total_weight * gradient @ np.linalg.solve(hessian, gradient)))
        np.testing.assert_array_equal(result.gradient, gradient)
    assert left[1] < 1e-13
    assert left[1] <= left[0] <= Lbfgs.tolerance


def test_a_last_step_that_leads_nowhere_is_not_taken():
    """Where rounding dominates, the point stays where it was."""
    result = Lbfgs().minimize(Rounded(), np.zeros(2))
    assert result.status is Status.CONVERGED
    np.testing.assert_array_equal(result.parameters, np.zeros(2))
