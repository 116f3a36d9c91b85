"""Firth's penalised likelihood."""

from math import log

import numpy as np
import pytest

from lr_pipeline.core.fit import fit_logistic
from lr_pipeline.core.logistic import NumpyKernel
from lr_pipeline.core.solvers import Lbfgs, Newton, Status
from lr_pipeline.engines.memory import ArrayRows
from tests.core.reference import correct_digits, firth, in_standard_errors
from tests.core.tables import breast_cancer, one_positive, overlapping, spector


def fit_firth(X, y, solver=None, weight=None):
    """Firth's fit of arrays."""
    return fit_logistic(
        ArrayRows(np.ascontiguousarray(X), y, weight), NumpyKernel(), "firth", solver
    )


@pytest.mark.parametrize("cells", [(5, 3, 2, 7), (5, 3, 0, 7), (1, 0, 0, 1), (40, 0, 3, 900)])
def test_on_a_two_by_two_table_it_adds_a_half_to_each_cell(cells):
    """The closed form of a saturated model (Firth, 1993): also with empty, separating cells."""
    a, b, c, d = cells  # label 1 and 0 without the dummy, label 1 and 0 with it
    X = np.repeat([0.0, 0.0, 1.0, 1.0], cells)[:, None]
    y = np.repeat([1.0, 0.0, 1.0, 0.0], cells)
    fit = fit_firth(X, y)
    intercept = log((a + 0.5) / (b + 0.5))
    assert fit.status is Status.CONVERGED
    assert fit.intercept == pytest.approx(intercept, rel=1e-12, abs=1e-12)
    assert fit.coefficients[0] == pytest.approx(log((c + 0.5) / (d + 0.5)) - intercept, rel=1e-12)


def test_on_an_intercept_alone_it_adds_a_half_to_both_counts():
    """log((k + ½) / (n − k + ½)) for k ones among n rows."""
    fit = fit_firth(np.empty((9, 0)), np.repeat([1.0, 0.0], [2, 7]))
    assert fit.intercept == pytest.approx(log(2.5 / 7.5), rel=1e-14)


def separated():
    """Forty rows and two columns of breast cancer, which they separate completely."""
    X, y = breast_cancer()
    chosen = np.concatenate([np.flatnonzero(y == 1)[:20], np.flatnonzero(y == 0)[:20]])
    X, y = X[chosen][:, [22, 27]], y[chosen]
    keep = (X[:, 0] > 105) == (y == 1)
    return X[keep], y[keep]


@pytest.mark.parametrize("solver", [Newton(), Lbfgs()], ids=["newton", "lbfgs"])
@pytest.mark.parametrize("table", [spector, separated, lambda: one_positive(200)])
def test_it_solves_the_modified_score_equations_to_forty_digits(table, solver):
    """Against mpmath; Newton to ten digits, both within their proven distance."""
    X, y = table()
    fit = fit_firth(X, y, solver)
    optimum = firth(X, y, [fit.intercept, *fit.coefficients])
    assert fit.status is Status.CONVERGED
    assert in_standard_errors(fit, optimum) <= fit.certificate.standard_errors < 1e-6
    assert fit.certificate.rigorous
    if solver.name == "newton":
        assert correct_digits([fit.intercept, *fit.coefficients], optimum) > 10


def test_the_minimum_does_not_depend_on_the_solver():
    """All columns of breast cancer have dozens of local minima: both solvers end in the same."""
    X, y = breast_cancer()
    newton, lbfgs = fit_firth(X, y, Newton()), fit_firth(X, y, Lbfgs())
    difference = np.abs(newton.coefficients - lbfgs.coefficients) / newton.certificate_units[1:]
    assert newton.status is lbfgs.status is Status.CONVERGED
    tolerance = newton.certificate.standard_errors + lbfgs.certificate.standard_errors
    assert difference.max() <= tolerance < 1e-5


def test_the_minimum_is_lower_than_the_direct_road_leads_to():
    """From zero, straight on, breast cancer's first twenty columns end in a higher minimum."""
    X, y = breast_cancer()
    X = np.ascontiguousarray(X[:, :20])
    direct = fit_logistic(
        ArrayRows(X, y), NumpyKernel(), "firth", start=np.zeros(21), solver=Newton()
    )
    assert fit_firth(X, y).value < direct.value - 0.005


def test_dependent_columns_leave_the_predictions_alone():
    """On the identifiable subspace: a redundant column changes no log-odds."""
    X, y = overlapping(60)
    plain, redundant = fit_firth(X, y), fit_firth(np.column_stack([X, X[:, 0] - X[:, 2]]), y)
    z = redundant.intercept + np.column_stack([X, X[:, 0] - X[:, 2]]) @ redundant.coefficients
    np.testing.assert_allclose(z, plain.intercept + X @ plain.coefficients, atol=1e-9)
    assert not redundant.unique


def test_doubled_weights_are_duplicated_rows():
    """Weights count rows in the information too."""
    X, y = overlapping(60)
    twice = fit_firth(np.vstack([X, X]), np.concatenate([y, y]))
    weighted = fit_firth(X, y, weight=np.full(60, 2.0))
    np.testing.assert_allclose(weighted.coefficients, twice.coefficients, rtol=1e-10)
