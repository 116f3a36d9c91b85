"""Fits with Firth's penalty, and the search for its lowest minimum."""

from math import log

import numpy as np
import pytest

from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.fitting.minimum_search import MinimumSearch, OtherMinimum, search_minimum
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.rows import Block, HeldRows, add
from lr_pipeline.core.solvers import Lbfgs, Newton, Status
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from tests.core.reference import correct_digits, firth, in_standard_errors
from tests.core.several_minima import (
    firth_objective,
    heavy_tailed,
    lowest_of_restarts,
    two_scales,
)
from tests.core.tables import breast_cancer, one_positive, overlapping, spector


def fit_firth(X, y, solver=None, weight=None):
    """Fit arrays with Firth's penalty."""
    return fit_logistic(
        ArrayRows(np.ascontiguousarray(X), y, weight), NumpyKernel(), Firth(), solver
    )


@pytest.mark.parametrize("cells", [(5, 3, 2, 7), (5, 3, 0, 7), (1, 0, 0, 1), (40, 0, 3, 900)])
def test_on_a_two_by_two_table_it_adds_a_half_to_each_cell(cells):
    """The saturated model has this closed form (Firth, 1993), also with empty, separating cells."""
    a, b, c, d = cells  # label 1 and 0 without the dummy, label 1 and 0 with it
    X = np.repeat([0.0, 0.0, 1.0, 1.0], cells)[:, None]
    y = np.repeat([1.0, 0.0, 1.0, 0.0], cells)
    fit = fit_firth(X, y)
    intercept = log((a + 0.5) / (b + 0.5))
    assert fit.status is Status.CONVERGED
    assert fit.intercept == pytest.approx(intercept, rel=1e-12, abs=1e-12)
    assert fit.coefficients[0] == pytest.approx(log((c + 0.5) / (d + 0.5)) - intercept, rel=1e-12)


def test_on_an_intercept_alone_it_adds_a_half_to_both_counts():
    """The intercept is log((k + ½) / (n − k + ½)) for k ones among n rows."""
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
    """Compared with mpmath, Newton has ten digits, and both solvers are within their bounds."""
    X, y = table()
    fit = fit_firth(X, y, solver)
    optimum = firth(X, y, [fit.intercept, *fit.coefficients])
    assert fit.status is Status.CONVERGED
    assert in_standard_errors(fit, optimum) <= fit.certificate.standard_errors < 1e-6
    assert fit.certificate.rigorous
    if solver.name == "newton":
        assert correct_digits([fit.intercept, *fit.coefficients], optimum) > 10


def test_the_minimum_does_not_depend_on_the_solver():
    """With all columns of breast cancer there are dozens of minima: both solvers find the same."""
    X, y = breast_cancer()
    newton, lbfgs = fit_firth(X, y, Newton()), fit_firth(X, y, Lbfgs())
    difference = np.abs(newton.coefficients - lbfgs.coefficients) / newton.certificate_units[1:]
    assert newton.status is lbfgs.status is Status.CONVERGED
    tolerance = newton.certificate.standard_errors + lbfgs.certificate.standard_errors
    assert difference.max() <= tolerance < 1e-5


def test_the_minimum_is_lower_than_the_direct_road_leads_to():
    """For breast cancer's first twenty columns a descent from zero ends in a higher minimum."""
    X, y = breast_cancer()
    X = np.ascontiguousarray(X[:, :20])
    direct = fit_logistic(
        ArrayRows(X, y), NumpyKernel(), Firth(), start=np.zeros(21), solver=Newton()
    )
    assert fit_firth(X, y).value < direct.value - 0.005


def test_dependent_columns_leave_the_predictions_alone():
    """A redundant column changes no log-odds."""
    X, y = overlapping(60)
    plain, redundant = fit_firth(X, y), fit_firth(np.column_stack([X, X[:, 0] - X[:, 2]]), y)
    z = redundant.intercept + np.column_stack([X, X[:, 0] - X[:, 2]]) @ redundant.coefficients
    np.testing.assert_allclose(z, plain.intercept + X @ plain.coefficients, atol=1e-9)
    assert not redundant.unique


def test_doubled_weights_are_duplicated_rows():
    """Weights count rows, also in the information."""
    X, y = overlapping(60)
    twice = fit_firth(np.vstack([X, X]), np.concatenate([y, y]))
    weighted = fit_firth(X, y, weight=np.full(60, 2.0))
    np.testing.assert_allclose(weighted.coefficients, twice.coefficients, rtol=1e-10)


SEVERAL = {
    "two columns": two_scales(2),
    "near rivals": two_scales(9),
    "steep": two_scales(17),
    "three columns": two_scales(17, 20, 3),
    "four columns": two_scales(2, 30, 4),
    "heavy tails": heavy_tailed(5),
}


@pytest.mark.parametrize("table", SEVERAL.values(), ids=SEVERAL)
def test_no_random_restart_of_another_optimiser_ends_lower(table):
    """Forty starts of scipy's BFGS, on tables where the direct start ends in a higher minimum."""
    X, y = table
    fit = fit_firth(X, y)
    straight = fit_logistic(
        ArrayRows(X, y), NumpyKernel(), Firth(), Newton(), start=np.zeros(X.shape[1] + 1)
    )
    assert straight.value * len(y) > fit.value * len(y) + 0.01
    assert fit.value * len(y) <= lowest_of_restarts(X, y) + 1e-6
    assert fit.status is Status.CONVERGED
    assert 0 <= fit.search.agreeing < fit.search.starts
    assert fit.search.others


@pytest.mark.parametrize("table", SEVERAL.values(), ids=SEVERAL)
def test_both_kernels_and_algorithms_end_in_the_same_of_several_minima(table):
    """Newton with numpy and L-BFGS with torch's autograd use the same search."""
    X, y = table
    rows = ArrayRows(X, y)
    first = fit_logistic(rows, NumpyKernel(), Firth(), Newton())
    second = fit_logistic(rows, TorchKernel(autograd=True), Firth(), Lbfgs())
    apart = np.abs(first.coefficients - second.coefficients) / first.certificate_units[1:]
    assert apart.max() <= first.certificate.standard_errors + second.certificate.standard_errors
    assert first.search.agreeing == second.search.agreeing
    for one, other in zip(first.search.others, second.search.others, strict=True):
        assert one.excess == other.excess
        np.testing.assert_array_equal(one.parameters, other.parameters)


@pytest.mark.parametrize("table", SEVERAL.values(), ids=SEVERAL)
def test_neither_units_nor_the_order_of_columns_decide_which_minimum(table):
    """The minimum is the same for reversed columns, and for units from 1e-4 to 1e4."""
    X, y = table
    plain = fit_firth(X, y)
    units = 10.0 ** np.linspace(-4, 4, X.shape[1])
    moved = fit_firth((X * units)[:, ::-1], y)
    np.testing.assert_allclose((moved.coefficients[::-1] * units), plain.coefficients, rtol=1e-6)


def test_every_other_minimum_is_higher_by_what_is_said():
    """Gradient 0 and 2 (F − lowest F) agree with an independent formula; the order is ascending."""
    X, y = two_scales(9)
    fit = fit_firth(X, y)
    A = np.column_stack([np.ones(len(y)), X])
    lowest, _ = firth_objective(np.r_[fit.intercept, fit.coefficients], A, y)
    excesses = [other.excess for other in fit.search.others]
    assert excesses == sorted(excesses)
    for other in fit.search.others:
        value, gradient = firth_objective(other.parameters, A, y)
        assert other.excess == pytest.approx(2.0 * (value - lowest), abs=1e-4)
        assert np.abs(gradient).max() < 0.05


def test_one_start_is_enough_where_no_row_has_a_large_leverage():
    """On two hundred rows and three columns the search makes one start, and says so."""
    X, y = overlapping(200)
    search = fit_firth(X, y).search
    assert (search.starts, search.agreeing, search.others) == (1, 1, ())
    assert search.unanimous
    assert search.description == "the only start ends there, no row's leverage being above ¼"


def test_how_many_starts_agree_is_said_in_words():
    """All, some or one; none where the minimum was found by the search around the lowest end."""
    other = (OtherMinimum(0.5, np.zeros(2)),)
    assert MinimumSearch(12, 12).description == "all 12 starts end there"
    some = MinimumSearch(12, 5, other)
    assert some.description == "5 of 12 starts end there, none at a better one"
    assert "1 of 12 starts ends there" in MinimumSearch(12, 1, other).description
    none = MinimumSearch(12, 0, other).description
    assert none == "found near the best of the ends of 12 starts, and better than it"
    assert some.doubt == (
        "Firth's penalised log likelihood has several local maxima on this table. The fit is the "
        "best one known, not proven to be the best: 5 of 12 starts end there, none at a better "
        "one. The next best is lower by 0.25."
    )


def test_a_given_start_is_not_searched_around():
    """The fit from a given start ends in the minimum next to it."""
    X, y = two_scales(2)
    given = fit_logistic(ArrayRows(X, y), NumpyKernel(), Firth(), start=np.zeros(3))
    assert given.search is None


def test_a_penalty_with_one_optimum_has_no_search():
    """Its fits have no record of a search."""
    X, y = overlapping(60)
    assert fit_logistic(ArrayRows(X, y), NumpyKernel()).search is None
    assert fit_logistic(ArrayRows(X, y), NumpyKernel(), Ridge()).search is None


def test_a_block_without_rows_has_no_leverage():
    """An engine may have empty blocks; the search goes on as without them."""

    class WithEmptyBlock(HeldRows):
        """The rows, after a block without any."""

        def sum(self, block_function):
            """Add the values of the empty block and of the others."""
            empty = Block(self.block.X[:0], self.block.y[:0])
            return add(block_function(empty), super().sum(block_function))

    X, y = two_scales(2)
    start = np.zeros(3)
    w, search = search_minimum(WithEmptyBlock(Block(X, y)), start)
    expected, expected_search = search_minimum(HeldRows(Block(X, y)), start)
    np.testing.assert_array_equal(w, expected)
    assert search.starts == expected_search.starts
