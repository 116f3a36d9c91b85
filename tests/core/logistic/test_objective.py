"""The penalised objective that solvers minimise."""

import numpy as np
import pytest

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.engines.memory import ArrayRows
from tests.core.tables import overlapping

W = np.array([0.3, 0.8, -0.5, 0.2])
EXACT = [
    NoPenalty(),
    Ridge(2.0),
    Ridge(2.0, np.array([3.0, 0.1, 20.0])),
    LogF(1.0),
    LogF(2.0, np.array([3.0, 0.1, 20.0])),
]
PENALTIES = [*EXACT, Firth(), Firth(2.0)]


def objective(penalty, weight=None):
    """The objective of the overlapping table with a penalty."""
    X, y = overlapping()
    return LogisticObjective(ArrayRows(X, y, weight, block_rows=64), NumpyKernel(), penalty)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_the_gradient_is_the_derivative_of_the_value(penalty):
    """Central differences of the value agree with the gradient, for every penalty."""
    f, h = objective(penalty), 1e-5
    difference = [(f.value(W + h * e) - f.value(W - h * e)) / (2 * h) for e in np.eye(4)]
    value, gradient = f.value_gradient(W)
    assert value == pytest.approx(f.value(W), rel=1e-14)
    np.testing.assert_allclose(gradient, difference, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("penalty", EXACT)
def test_an_exact_hessian_is_the_derivative_of_the_gradient(penalty):
    """Central differences of the gradient agree with the Hessian."""
    f, h = objective(penalty), 1e-5
    difference = [
        (f.value_gradient(W + h * e)[1] - f.value_gradient(W - h * e)[1]) / (2 * h)
        for e in np.eye(4)
    ]
    hessian = f.value_gradient_hessian(W)[2]
    assert f.hessian_is_exact
    np.testing.assert_allclose(hessian, difference, rtol=1e-6, atol=1e-10)


def test_firths_curvature_is_the_information_and_says_so():
    """With Firth, the Hessian of the unpenalised objective takes the place of its own."""
    f = objective(Firth())
    assert not f.hessian_is_exact
    np.testing.assert_array_equal(
        f.value_gradient_hessian(W)[2], objective(NoPenalty()).value_gradient_hessian(W)[2]
    )


def test_firth_is_infinite_where_the_information_is_singular():
    """Far out every σ(1 − σ) underflows; the value is then +∞ and no step is taken there."""
    assert objective(Firth()).value(1e5 * W) == np.inf


def test_the_intercept_is_not_penalised():
    """Changing the intercept alone changes the penalised and plain values by the same amount."""
    shift = np.array([1.0, 0, 0, 0])
    plain, ridge = objective(NoPenalty()), objective(Ridge(5.0))
    change = ridge.value(W + shift) - ridge.value(W)
    assert change == pytest.approx(plain.value(W + shift) - plain.value(W), rel=1e-12)


@pytest.mark.parametrize("penalty", PENALTIES)
def test_doubled_weights_are_duplicated_rows(penalty):
    """A row of weight 2 counts as two rows, in value and gradient."""
    X, y = overlapping()
    twice = LogisticObjective(
        ArrayRows(np.vstack([X, X]), np.concatenate([y, y])), NumpyKernel(), penalty
    )
    weighted = objective(penalty, np.full(len(y), 2.0))
    assert weighted.total_weight == twice.total_weight == 2 * len(y)
    value, gradient = weighted.value_gradient(W)
    expected_value, expected_gradient = twice.value_gradient(W)
    assert value == pytest.approx(expected_value, rel=1e-13)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-11)


def test_passes_over_the_rows_are_counted():
    """A gradient takes one pass, and two for Firth."""
    plain, firth = objective(NoPenalty()), objective(Firth())
    plain.value_gradient(W)
    firth.value_gradient(W)
    assert (plain.passes, firth.passes) == (1, 2)
