"""Splines and score tests, against scipy and statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.interpolate import CubicSpline
from statsmodels.stats.multitest import multipletests

from lr_pipeline.evaluation.analysed_rows import AnalysedRows
from lr_pipeline.evaluation.comparisons.holm import holm
from lr_pipeline.evaluation.diagnostics.linearity import binned_logits, linearity_tests
from lr_pipeline.evaluation.diagnostics.score_test import FittedRows
from lr_pipeline.evaluation.diagnostics.spline_terms import spline_knots, spline_terms
from lr_pipeline.evaluation.effects.column_kinds import DesignColumn


def fitted(X, y, weight=None):
    """Fit by statsmodels; return the rows prepared for score tests, and the fit."""
    weight = np.ones(len(y)) if weight is None else weight
    A = sm.add_constant(X)
    fit = sm.GLM(y, A, sm.families.Binomial(), freq_weights=weight).fit(tol=1e-14)
    z = A @ fit.params
    return FittedRows.of(X, y, weight, z, X.mean(axis=0), X.std(axis=0)), fit


@pytest.fixture(scope="module")
def data():
    """Return 500 rows whose log odds are curved in the first of two columns."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(500, 2)).round(3) * [1.0, 100.0]
    z = 0.7 * X[:, 0] ** 2 - 0.5 + 0.004 * X[:, 1]
    return X, (rng.random(500) < 1 / (1 + np.exp(-z))).astype(float)


def test_terms_are_natural_cubic_splines_with_these_knots():
    """Between the knots each is scipy's natural spline through its values, beyond them a line."""
    knots = np.array([1.0, 2.0, 4.5, 7.0])
    x = np.linspace(1.0, 7.0, 400)
    for term, at_knots in zip(spline_terms(x, knots).T, spline_terms(knots, knots).T, strict=True):
        natural = CubicSpline(knots, at_knots, bc_type="natural")
        np.testing.assert_allclose(term, natural(x), atol=1e-12)
    below, above = np.linspace(-9.0, 1.0, 50), np.linspace(7.0, 30.0, 50)
    assert np.abs(spline_terms(below, knots)).max() == 0.0
    assert np.abs(np.diff(spline_terms(above, knots), 2, axis=0)).max() < 1e-10


@pytest.mark.parametrize(
    ("values", "knots"),
    [
        ([0, 1, 1, 0], []),
        ([5, 5, 5], []),
        ([1, 2, 2, 2, 2, 2, 2, 2, 2, 3], [1, 2, 3]),
        ([0] * 97 + [1, 2, 3], [0, 1, 2, 3]),
    ],
)
def test_knots_are_distinct_values(values, knots):
    """A column of two values has none; ties leave the quantiles of the distinct values."""
    x = np.array(values, float)
    assert spline_knots(x, np.ones(len(x))).tolist() == knots


def test_the_score_test_is_statsmodels(data):
    """``score_test(exog_extra=)`` gives the same statistic, weights included."""
    X, y = data
    weight = (np.arange(len(y)) % 3 + 1).astype(float)
    rows, fit = fitted(X, y, weight)
    terms = np.column_stack([X[:, 0] ** 2, np.sin(X[:, 0])])
    repeated = np.repeat(np.arange(len(y)), weight.astype(int))
    plain = sm.GLM(y[repeated], sm.add_constant(X[repeated]), sm.families.Binomial()).fit(tol=1e-14)
    statistic, p_value = plain.score_test(exog_extra=terms[repeated], observed=False)[:2]
    found = rows.tests([terms])[0]
    assert found.degrees_of_freedom == 2
    assert found.statistic == pytest.approx(float(np.squeeze(statistic)), rel=1e-6)
    assert found.p_value == pytest.approx(float(np.squeeze(p_value)), rel=1e-5)
    assert fit.params == pytest.approx(plain.params, rel=1e-6)


def test_between_groups_the_score_test_is_that_of_generalized_estimating_equations(data):
    """``compare_score_test`` of statsmodels' GEE with independent working covariance."""
    X, y = data
    group = np.random.default_rng(5).integers(0, 60, len(y))
    rows, _ = fitted(X, y)
    terms = np.column_stack([X[:, 0] ** 2, np.sin(X[:, 0])])
    A = sm.add_constant(X)
    null, full = (
        sm.GEE(y, exog, groups=group, family=sm.families.Binomial())
        for exog in (A, np.column_stack([A, terms]))
    )
    theirs = full.compare_score_test(null.fit(ctol=1e-12, maxiter=200))
    (found,) = rows.tests([terms], group)
    assert found.degrees_of_freedom == 2
    assert found.statistic == pytest.approx(theirs["statistic"], rel=1e-5)
    assert found.p_value == pytest.approx(theirs["p-value"], rel=1e-4)


def test_terms_that_the_model_has_already_are_not_tested(data):
    """A sum of columns adds nothing; beside a new term it takes no degree of freedom."""
    X, y = data
    rows, _ = fitted(X, y)
    assert rows.tests([X @ np.array([[1.0], [2.0]])]) == [None]
    both, alone = rows.tests(
        [np.column_stack([X[:, 0] + 3.0 * X[:, 1], X[:, 0] ** 2]), X[:, :1] ** 2]
    )
    assert both.degrees_of_freedom == 1
    assert both.statistic == pytest.approx(alone.statistic, rel=1e-8)


def test_curved_columns_are_found_and_straight_ones_not(data):
    """The smallest p-value comes first, and Holm's correction is statsmodels'."""
    X, y = data
    rows, _ = fitted(X, y)
    columns = [DesignColumn(j, f"x{j}", f"x{j}", "number") for j in range(2)]
    analysed = AnalysedRows(X, y, np.ones(len(y)), np.arange(len(y)), 1, len(y))
    tests = linearity_tests(columns, columns, analysed, rows)
    assert [one.column for one in tests] == ["x0", "x1"]
    assert tests[0].p_holm < 1e-6
    assert tests[1].p_holm > 0.05
    expected = multipletests([one.p_value for one in tests], method="holm")[1]
    assert [one.p_holm for one in tests] == pytest.approx(expected.tolist())


@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_holm_is_statsmodels(size):
    """The results agree for equal p-values and for a single p-value, too."""
    p_values = (np.random.default_rng(size).random(size) ** 4).round(2)
    expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values.tolist()) == pytest.approx(expected.tolist())


def test_few_values_are_bins_of_their_own():
    """Each bin has its cases, share of ones and mean prediction.

    A missing value is in none, and four cases are too few.
    """
    x = np.array([1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 2.0])
    missing = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
    y = np.array([0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    weight = np.array([2.0, 6.0, 3.0, 3.0, 2.0, 2.0, 9.0])
    rows = AnalysedRows(np.column_stack([x, missing]), y, weight, np.arange(7), 1, 7)
    columns = [
        DesignColumn(0, "x", "x", "number"),
        DesignColumn(1, "x=missing", "x", "missing", "missing"),
    ]
    bins = binned_logits(columns[0], columns, rows, np.full(7, 0.25)).bins
    assert [(one.cases, one.value, one.observed, one.predicted) for one in bins] == [
        (8.0, 1.0, 0.75, 0.25),
        (6.0, 2.0, 1.0, 0.25),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_score_test_on_every_second_row_keeps_its_level(seed):
    """With parameters of all rows, a straight column is rejected at 5 % in about 5 % of tables."""
    rng = np.random.default_rng(seed)
    rejected = 0
    for _ in range(100):
        X = rng.normal(size=(400, 2))
        y = (rng.random(400) < 1 / (1 + np.exp(-X[:, 0]))).astype(float)
        A = sm.add_constant(X)
        z = A @ sm.Logit(y, A).fit(disp=0).params
        part = slice(None, None, 2)
        rows = FittedRows.of(X[part], y[part], np.ones(200), z[part], X.mean(axis=0), X.std(axis=0))
        terms = spline_terms(X[part, 0], spline_knots(X[part, 0], np.ones(200)))
        rejected += rows.tests([terms])[0].p_value < 0.05
    assert rejected <= 13  # P(Binomial(100, 0.05) > 13) = 0.0004
