"""Inference from a fit and its rows: what is given, what is withheld, and why."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.stats import chi2
from statsmodels.stats.outliers_influence import variance_inflation_factor

from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.inference.logistic_inference import infer_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.by_name import penalty_choice
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.solvers import GradientDescent, Lbfgs, Newton
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from tests.core.profile_reference import float64_objective
from tests.core.several_minima import heavy_tailed, lowest_of_restarts, two_scales
from tests.core.tables import breast_cancer, fair, overlapping, spector


def infer(X, y, penalty="none", weight=None, solver=None, **settings):
    """Fit arrays and return the inference."""
    rows = ArrayRows(np.ascontiguousarray(X), y, weight)
    fit = fit_logistic(rows, NumpyKernel(), penalty_choice(penalty), solver)
    return fit, infer_logistic(rows, NumpyKernel(), fit, **settings)


@pytest.mark.parametrize("table", [spector, fair], ids=["spector", "fair"])
def test_wald_and_the_model_test_equal_statsmodels(table):
    """Intervals, z, p-values and the likelihood-ratio test are equal to 1e-8."""
    X, y = table()
    _, found = infer(X, y, method="wald", level=0.9)
    peer = sm.Logit(y, sm.add_constant(X)).fit(method="newton", tol=1e-14, disp=False)
    ends = np.column_stack([found.lower, found.upper])
    np.testing.assert_allclose(ends, peer.conf_int(alpha=0.1), rtol=1e-8)
    np.testing.assert_allclose(found.statistics, peer.tvalues, rtol=1e-8)
    np.testing.assert_allclose(found.p_values, peer.pvalues, rtol=1e-8)
    assert found.model_test.statistic == pytest.approx(peer.llr, rel=1e-8)
    assert found.model_test.p_value == pytest.approx(peer.llr_pvalue, rel=1e-8)
    assert found.model_test.degrees_of_freedom == X.shape[1]
    assert found.withheld == ""


def test_profile_p_values_are_of_chi_squared():
    """They are P(χ² ≥ statistic) with one degree of freedom; the model test is that of Wald."""
    X, y = spector()
    _, found = infer(X, y)
    np.testing.assert_allclose(found.p_values, chi2.sf(found.statistics, 1), rtol=1e-12)
    wald = infer(X, y, method="wald")[1].model_test
    assert found.model_test.statistic == pytest.approx(wald.statistic, rel=1e-10)


@pytest.mark.parametrize("weight", [None, np.arange(32) % 3 + 1.0], ids=["plain", "weighted"])
def test_variance_inflation_equals_statsmodels(weight):
    """1 / (1 − R²) of each column on the others is equal to 1e-8."""
    X, y = spector()
    _, found = infer(X, y, weight=weight, method="wald")
    rows = np.arange(len(y)) if weight is None else np.repeat(np.arange(32), weight.astype(int))
    A = sm.add_constant(X[rows])
    expected = [variance_inflation_factor(A, j) for j in (1, 2, 3)]
    np.testing.assert_allclose(found.variance_inflation, expected, rtol=1e-8)


def test_a_strongly_inflated_column_keeps_its_digits():
    """Breast cancer's radius, perimeter and area have inflation up to 3,800, as in statsmodels."""
    X, y = breast_cancer()
    _, found = infer(X[:, :10], y, method="wald")
    A = sm.add_constant(X[:, :10])
    expected = [variance_inflation_factor(A, j) for j in range(1, 11)]
    np.testing.assert_allclose(found.variance_inflation, expected, rtol=1e-8)


def test_odds_ratios_of_a_two_by_two_table():
    """The ratio per unit is 5·7 / (3·2), and per deviation its power of √(share (1 − share))."""
    X = np.repeat([0.0, 0.0, 1.0, 1.0], (3, 5, 7, 2))[:, None]
    y = np.repeat([1.0, 0.0, 1.0, 0.0], (3, 5, 7, 2))
    _, found = infer(X, y, method="wald")
    ratio = (7 * 5) / (3 * 2)
    error = np.sqrt(1 / 3 + 1 / 5 + 1 / 7 + 1 / 2)
    deviation = np.sqrt(8 * 9) / 17
    assert found.odds_ratios.estimate[0] == pytest.approx(ratio, rel=1e-12)
    assert found.odds_ratios.lower[0] == pytest.approx(ratio * np.exp(-1.959963984540054 * error))
    assert found.odds_ratios.upper[0] == pytest.approx(ratio * np.exp(1.959963984540054 * error))
    assert found.odds_ratios_per_sd.estimate[0] == pytest.approx(ratio**deviation, rel=1e-12)
    assert found.odds_ratios_per_sd.upper[0] == pytest.approx(
        found.odds_ratios.upper[0] ** deviation, rel=1e-12
    )


def test_an_odds_ratio_beyond_float64_is_infinite():
    """For a column of scale 1e-6 the exponential overflows to infinity without an error."""
    X, y = overlapping()
    _, found = infer(X * 1e-6, y, method="wald")
    assert found.odds_ratios.estimate[0] == np.inf
    assert np.isfinite(found.odds_ratios_per_sd.estimate).all()


def test_the_model_test_of_firth_compares_penalised_likelihoods():
    """Both have the determinant of the full information; in one only the intercept is free."""
    X, y = spector()
    fit, found = infer(X, y, "firth")
    A = np.column_stack([np.ones(len(y)), X])
    null = minimize_scalar(
        lambda b: float64_objective(np.array([b, 0.0, 0.0, 0.0]), A, y, True), tol=1e-12
    ).fun
    best = float64_objective(np.array([fit.intercept, *fit.coefficients]), A, y, True)
    assert found.model_test.statistic == pytest.approx(2.0 * (null - best), rel=1e-8)
    assert found.model_test.p_value == pytest.approx(chi2.sf(2.0 * (null - best), 3), rel=1e-8)


@pytest.mark.parametrize("penalty", ["none", "firth"])
def test_dependent_columns_cost_only_their_own_intervals(penalty):
    """The coefficient that is identifiable has the interval of the table without the copy."""
    X, y = overlapping(80)
    _, plain = infer(X, y, penalty)
    fit, found = infer(np.column_stack([X, X[:, 0] - X[:, 2]]), y, penalty)
    assert not fit.unique
    assert found.withheld == (
        "the coefficients of columns 0, 2, 3 are not identifiable: "
        "these columns depend on each other"
    )
    for name in ("lower", "upper", "statistics", "p_values"):
        values, expected = getattr(found, name), getattr(plain, name)
        np.testing.assert_allclose(values[[0, 2]], expected[[0, 2]], rtol=1e-7)
        assert np.isnan(values[[1, 3, 4]]).all()
    assert np.isinf(found.variance_inflation[[0, 2, 3]]).all()
    assert found.variance_inflation[1] == pytest.approx(plain.variance_inflation[1], rel=1e-8)
    assert found.model_test.statistic == pytest.approx(plain.model_test.statistic, rel=1e-8)
    assert found.model_test.degrees_of_freedom == 3


def test_columns_without_an_interval_are_named_and_beyond_six_counted():
    """The table has seven copies of a column; columns have names, or numbers only."""
    X, y = overlapping(80)
    X = np.column_stack([X, *[X[:, :1]] * 7])
    names = [f"x{j}" for j in range(10)]
    assert "columns 0, 3, 4, 5, 6, 7 and 2 more" in infer(X, y)[1].withheld
    assert "columns x0, x3, x4, x5, x6, x7 and 2 more" in infer(X, y, names=names)[1].withheld


def test_a_constant_column_takes_the_intercept_with_it():
    """Neither is identifiable; Wald's method is withheld for all parameters."""
    X, y = overlapping(80)
    X = np.column_stack([X, np.full(80, 7.0)])
    _, found = infer(X, y)
    assert found.withheld.startswith("the intercept and the coefficients of columns 3 are not")
    assert np.isfinite(found.lower[[1, 2, 3]]).all()
    wald = infer(X, y, method="wald")[1]
    assert wald.withheld == "the estimate is not unique: columns [3] depend on others"
    assert np.isnan(wald.lower).all()
    assert wald.model_test is None


@pytest.mark.parametrize(
    ("penalty", "method", "reason"),
    [
        ("l2", "profile", "penalised (l2)"),
        ("l2", "wald", "penalised (l2)"),
        ("firth", "wald", "the profile method is right for it"),
    ],
)
def test_what_would_be_wrong_is_withheld_with_the_reason(penalty, method, reason):
    """Intervals and tests are withheld; odds ratios and variance inflation are still given."""
    X, y = spector()
    fit, found = infer(X, y, penalty, method=method)
    assert reason in found.withheld
    for values in (found.lower, found.upper, found.statistics, found.p_values):
        assert np.isnan(values).all()
    assert found.model_test is None
    np.testing.assert_array_equal(found.odds_ratios.estimate, np.exp(fit.coefficients))
    assert np.isnan(found.odds_ratios.lower).all()
    assert np.isfinite(found.variance_inflation).all()


@pytest.mark.parametrize("method", ["wald", "profile"])
def test_nothing_is_inferred_from_a_fit_that_has_not_converged(method):
    """Its likelihood is not the maximum; the reason has the remedy of its status."""
    X, y = spector()
    _, found = infer(X, y, solver=GradientDescent(iterations=3), method=method)
    assert "has not converged (iteration_limit)" in found.withheld
    assert "use solver newton" in found.withheld


def test_a_fit_without_curvature_has_no_profile():
    """Nothing can be inferred where the information is singular in float64."""
    X, y = spector()
    rows = ArrayRows(X, y)
    fit = replace(fit_logistic(rows, NumpyKernel()), certificate_units=None)
    assert "singular" in infer_logistic(rows, NumpyKernel(), fit).withheld


def test_an_intercept_alone_has_an_interval():
    """Its interval inverts the binomial likelihood; there is no coefficient to test."""
    y = np.array([1.0, 0, 0, 0, 0, 0, 1, 0])
    fit, found = infer(np.empty((8, 0)), y)
    best = fit.log_likelihood
    for end in (found.lower[0], found.upper[0]):
        at_end = 2 * end - 8 * np.log1p(np.exp(end))
        assert 2.0 * (best - at_end) == pytest.approx(3.841458820694124, rel=1e-9)
    assert found.model_test.degrees_of_freedom == 0
    assert found.model_test.p_value == 1.0


def test_other_rows_than_the_fits_are_refused():
    """Other rows are known by their number of columns, or because the fit is not their optimum."""
    X, y = spector()
    rows = ArrayRows(X, y)
    fit = fit_logistic(rows, NumpyKernel())
    with pytest.raises(ValueError, match="expected the 3 columns of the fit, found 2"):
        infer_logistic(ArrayRows(np.ascontiguousarray(X[:, :2]), y), NumpyKernel(), fit)
    with pytest.raises(ValueError, match="standard errors away"):
        infer_logistic(ArrayRows(X[::-1].copy(), y), NumpyKernel(), fit)


def test_settings_without_meaning_are_refused():
    """Level 95 and method bootstrap are refused."""
    X, y = spector()
    with pytest.raises(ValueError, match="between 0 and 1, found 95"):
        infer(X, y, level=95.0)
    with pytest.raises(ValueError, match="method must be one of wald, profile, found 'bootstrap'"):
        infer(X, y, method="bootstrap")


def fit_and_infer(X, y, penalty, level=0.95):
    """Fit arrays by Newton's method and infer by profiles."""
    rows = ArrayRows(np.ascontiguousarray(X), y)
    fit = fit_logistic(rows, NumpyKernel(), penalty_choice(penalty))
    return fit, infer_logistic(rows, NumpyKernel(), fit, level)


def drawn_table(seed, separated):
    """A small table of one of three separated kinds, or one that is not separated."""
    if not separated:
        return overlapping(40, seed)
    kinds = (two_scales, heavy_tailed, lambda seed: two_scales(seed, 20, 3))
    return kinds[seed % 3](seed)


LEVELS = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


@given(seed=st.integers(0, 10_000), separated=st.booleans(), level=LEVELS)
@settings(max_examples=15, deadline=None)
def test_p_is_below_alpha_just_where_the_interval_excludes_zero(seed, separated, level):
    """It holds for maximum likelihood and Firth, one minimum or several, and the intercept."""
    X, y = drawn_table(seed, separated)
    if y.min() == y.max():
        return
    for penalty in ("firth",) if separated else ("none", "firth"):
        _, found = fit_and_infer(X, y, penalty, level)
        known = np.isfinite(found.p_values)
        excluded = (found.lower > 0.0) | (found.upper < 0.0)
        np.testing.assert_array_equal((found.p_values < 1.0 - level)[known], excluded[known])
        assert known.all() or found.withheld
        assert not (found.statistics[known] < 0.0).any()


@given(seed=st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_no_fit_with_a_coefficient_held_fixed_beats_the_fit(seed):
    """On separated tables, scipy minimises from random starts, at zero and around the estimate."""
    X, y = drawn_table(seed, separated=True)
    if y.min() == y.max():
        return
    fit, _ = fit_and_infer(X, y, "firth")
    best = fit.value * len(y)
    for j, estimate in enumerate([fit.intercept, *fit.coefficients]):
        for c in (0.0, 0.5 * estimate, 2.0 * estimate):
            assert lowest_of_restarts(X, y, restarts=4, seed=seed, fixed=(j, c)) > best - 1e-6


@pytest.mark.parametrize("seed", [2, 9, 17])
def test_no_random_restart_with_a_coefficient_held_at_zero_has_a_smaller_statistic(seed):
    """Twenty starts of scipy's BFGS are made for each parameter, on tables with several minima."""
    X, y = two_scales(seed)
    fit, found = fit_and_infer(X, y, "firth")
    for j in range(3):
        held = lowest_of_restarts(X, y, restarts=20, fixed=(j, 0.0))
        expected = 2.0 * (held - fit.value * len(y))
        assert 0.0 <= found.statistics[j] <= expected + 1e-5


def test_a_profile_that_beats_the_fit_withholds_everything_and_says_where_to_start():
    """The fit is at a minimum that is not the lowest; fitted again, it has all inference."""
    X, y = two_scales(17)
    rows = ArrayRows(X, y)
    straight = fit_logistic(rows, NumpyKernel(), Firth(), Newton(), start=np.zeros(3))
    found = infer_logistic(rows, NumpyKernel(), straight)
    assert found.withheld.startswith("the fit is not the best one: another, met with a coefficient")
    assert found.withheld.endswith("Fit again with start=better_start")
    assert np.isnan(found.p_values).all()
    assert found.model_test is None
    while found.better_start is not None:
        again = fit_logistic(rows, NumpyKernel(), Firth(), Newton(), start=found.better_start)
        assert again.value < straight.value
        found = infer_logistic(rows, NumpyKernel(), again)
    assert again.value * len(y) == pytest.approx(lowest_of_restarts(X, y), abs=1e-5)
    assert np.isfinite(found.p_values).all()


def test_kernels_and_algorithms_have_the_same_intervals():
    """Fits by Newton and by L-BFGS on tables with several minima have intervals with equal bits."""
    for seed in (2, 9):
        X, y = two_scales(seed)
        rows = ArrayRows(X, y)
        by_newton = fit_logistic(rows, NumpyKernel(), Firth(), Newton())
        by_lbfgs = fit_logistic(rows, TorchKernel(), Firth(), Lbfgs())
        one, other = (infer_logistic(rows, NumpyKernel(), fit) for fit in (by_newton, by_lbfgs))
        for name in ("lower", "upper", "statistics", "p_values"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_wald_refuses_rows_whose_classes_weigh_otherwise():
    """Its intervals are the fit's own, and the model test would be of other rows."""
    X, y = spector()
    fit, _ = infer(X, y, method="wald")
    with pytest.raises(ValueError, match=r"with a weight of 21 and 11 of label 0 and 1, found 11"):
        infer_logistic(ArrayRows(X, 1.0 - y), NumpyKernel(), fit, method="wald")
