"""Variances against brute force, scipy and statsmodels; weights as duplicated rows; groups."""

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from lr_pipeline.core.ranking import count_scores
from lr_pipeline.evaluation.intervals.influence import (
    auc_influence,
    places_of,
    precision_influence,
    precision_owed_to_itself,
)
from lr_pipeline.evaluation.intervals.units import Cases


def scored_rows(seed, rows=60, equal_scores=False):
    """Return labels, scores and whole weights from 1 to 3; both classes have rows."""
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < 0.4).astype(float)
    y[:3], y[-3:] = 0.0, 1.0
    score = y + rng.normal(size=rows)
    score = score.round(0) if equal_scores else score
    return y, score, rng.integers(1, 4, rows).astype(float)


def brute_force_delong(y, score):
    """Return the AUC and DeLong's variance from every pair of a positive and a negative row."""
    pairs = np.subtract.outer(score[y == 1], score[y == 0])
    wins = (pairs > 0) + 0.5 * (pairs == 0)
    of_ones, of_zeros = wins.mean(axis=1), wins.mean(axis=0)
    variance = of_ones.var(ddof=1) / len(of_ones) + of_zeros.var(ddof=1) / len(of_zeros)
    return wins.mean(), variance


def of_area(y, score, weight):
    counts = count_scores(y, score, weight)
    cases = Cases(y, weight)
    return cases, auc_influence(counts, places_of(score), cases)


@pytest.mark.parametrize("equal_scores", [False, True])
def test_delongs_variance_is_that_of_all_pairs(equal_scores):
    """The midranks give in O(n log n) what every pair of rows gives in O(n²)."""
    y, score, _ = scored_rows(1, equal_scores=equal_scores)
    cases, influence = of_area(y, score, np.ones_like(y))
    _, variance = brute_force_delong(y, score)
    assert cases.class_spread(influence).standard_error == pytest.approx(
        np.sqrt(variance), rel=1e-12
    )


@given(seed=st.integers(0, 2**32 - 1), equal_scores=st.booleans())
def test_a_row_of_weight_three_is_three_rows(seed, equal_scores):
    """Spreads of the area, the average precision and a mean are those of the repeated rows."""
    y, score, weight = scored_rows(seed, equal_scores=equal_scores)
    times = weight.astype(int)
    found = []
    for rows in ((y, score, weight), (np.repeat(y, times), np.repeat(score, times), None)):
        labels, scores, counted = rows
        counted = np.ones_like(labels) if counted is None else counted
        cases, influence = of_area(labels, scores, counted)
        counts = count_scores(labels, scores, counted)
        precision = precision_influence(counts, places_of(scores), cases)
        found += [
            (*vars(cases.class_spread(influence)).values(),),
            (*vars(cases.spread(precision)).values(),),
            (*vars(cases.spread(scores - np.average(scores, weights=counted))).values(),),
        ]
    for weighted, repeated in zip(found[:3], found[3:], strict=True):
        assert weighted == pytest.approx(repeated, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    "score", [[2.0, -0.0, 5.0, 0.0, 2.0], [3.0] * 4, [1.0], np.arange(9.0) % 4]
)
def test_places_are_those_that_a_search_finds_among_the_distinct_scores(score):
    """Equal scores share a place, and so do 0 and −0."""
    score = np.array(score)
    assert places_of(score).tolist() == np.searchsorted(np.unique(score), score).tolist()


def test_the_spread_of_a_mean_is_its_standard_error():
    """Scipy's standard error, and its skewness."""
    values = np.random.default_rng(2).exponential(size=80)
    spread = Cases(np.zeros(80), np.ones(80)).spread(values - values.mean())
    assert spread.standard_error == pytest.approx(scipy.stats.sem(values), rel=1e-12)
    assert spread.skewness == pytest.approx(scipy.stats.skew(values), rel=1e-12)
    kurtosis = scipy.stats.kurtosis(values, fisher=False)
    assert spread.freedom == pytest.approx(min(79, 160 / (kurtosis - 1)), rel=1e-12)


@pytest.mark.parametrize("area", ["roc", "precision"])
def test_influences_are_the_jackknifes(area):
    """Leaving a row out moves the area by φ / n, up to terms of 1 / n²."""
    y, score, _ = scored_rows(3, rows=400)
    weight = np.ones_like(y)
    counts, cases = count_scores(y, score, weight), Cases(y, weight)
    find = auc_influence if area == "roc" else precision_influence
    influence = find(counts, places_of(score), cases)
    assert np.sum(influence) == pytest.approx(0.0, abs=1e-9)

    def value(kept):
        order = np.argsort(-score[kept])
        labels = y[kept][order]
        if area == "roc":
            return brute_force_delong(y[kept], score[kept])[0]
        above = np.cumsum(labels)
        return np.sum(labels * above / np.arange(1, len(labels) + 1)) / above[-1]

    rows = np.arange(400)
    whole = value(rows)
    moved = np.array([399 * (whole - value(rows != row)) for row in rows])
    assert np.corrcoef(moved, influence)[0, 1] > 0.995
    assert np.std(moved) == pytest.approx(np.std(influence), rel=0.08)


@pytest.mark.parametrize("equal_scores", [False, True])
def test_the_influence_on_the_average_precision_is_what_it_loses_without_a_case(equal_scores):
    """Scikit-learn's average precision of all rows but one, for each row."""
    y, score, _ = scored_rows(7, equal_scores=equal_scores)
    counts, cases, rows = count_scores(y, score, np.ones_like(y)), Cases(y, np.ones_like(y)), 60
    without = [np.arange(rows) != row for row in range(rows)]
    values = np.array([average_precision_score(y[kept], score[kept]) for kept in without])
    influence = precision_influence(counts, places_of(score), cases)
    assert influence == pytest.approx(rows * (values.mean() - values), rel=1e-9, abs=1e-9)


def test_positive_cases_are_worth_less_among_the_others():
    """Ranked 1, 0, 1, 1, their precisions are 1, 2/3, 3/4; of the others above, none, 1/2, 2/3."""
    y, score = np.array([1.0, 0.0, 1.0, 1.0]), np.array([4.0, 3.0, 2.0, 1.0])
    owed = precision_owed_to_itself(count_scores(y, score, np.ones(4)), 1.0)
    assert owed == pytest.approx(((1 - 0) + (2 / 3 - 1 / 2) + (3 / 4 - 2 / 3)) / 3, rel=1e-12)


def test_half_a_case_on_top_leaves_the_influence_finite():
    """Weights that are no whole numbers: the smallest is the case that is left out."""
    y, score, weight = scored_rows(8)
    weight[np.argmax(score)] = 0.5
    counts, cases = count_scores(y, score, weight), Cases(y, weight)
    influence = precision_influence(counts, places_of(score), cases)
    assert cases.unit == 0.5
    assert np.isfinite(influence).all()
    assert float(weight @ influence) == pytest.approx(0.0, abs=1e-9)


def test_classes_of_one_size_have_welchs_degrees_of_freedom():
    """Scipy's, of uniform values; those of a heavy tail are 2 n / (κ − 1) of that class."""
    rng = np.random.default_rng(9)
    wide, narrow = rng.uniform(-3, 3, 15), rng.uniform(-1, 1, 15)
    cases = Cases(np.repeat([0.0, 1.0], 15), np.ones(30))
    values = np.concatenate([wide - wide.mean(), narrow - narrow.mean()])
    expected = scipy.stats.ttest_ind(wide, narrow, equal_var=False).df
    assert cases.class_freedom(values) == pytest.approx(expected, rel=1e-12)
    wide[0] = 60.0
    values = np.concatenate([wide - wide.mean(), np.zeros(15)])
    kurtosis = scipy.stats.kurtosis(wide, fisher=False)
    assert cases.class_freedom(values) == pytest.approx(30 / (kurtosis - 1), rel=1e-12)


def test_what_differs_between_classes_alone_is_as_certain_as_all_cases():
    """Two values, one a class: the variance is a share's, with W − 1 degrees of freedom."""
    cases = Cases(np.repeat([0.0, 1.0], [30, 10]), np.ones(40))
    assert cases.class_freedom(np.repeat([-1.0, 3.0], [30, 10])) == pytest.approx(39.0)


def test_shares_that_move_against_each_other_between_groups_are_correlated():
    """Numpy's correlation of the groups' sums, which have mean 0."""
    rng = np.random.default_rng(10)
    group = np.repeat(np.arange(12), 5).astype(np.int64)
    shift = rng.normal(size=12)
    shift -= shift.mean()
    first, second = shift[group], -shift[group] + np.tile([0.3, -0.3, 0.0, 0.1, -0.1], 12)
    cases = Cases(np.zeros(60), np.ones(60), group)
    assert cases.group_correlation(first, second) == pytest.approx(-1.0)
    assert cases.group_correlation(first, np.zeros(60)) == 0.0
    assert Cases(np.zeros(60), np.ones(60)).group_correlation(first, second) == 0.0


def test_the_variance_of_groups_is_the_cluster_robust_one():
    """Statsmodels' cluster-robust standard error of an intercept, with its small-sample factor."""
    rng = np.random.default_rng(4)
    group = rng.integers(0, 12, 150)
    values = rng.normal(size=12)[group] + rng.normal(size=150)
    codes = np.unique(group, return_inverse=True)[1].astype(np.int64)
    cases = Cases(np.zeros(150), np.ones(150), codes)
    spread = cases.spread(values - values.mean())
    fit = sm.OLS(values, np.ones(150)).fit(cov_type="cluster", cov_kwds={"groups": group})
    assert spread.standard_error == pytest.approx(fit.bse[0], rel=1e-12)
    assert spread.units == 12


def test_groups_of_one_row_are_rows():
    """Nothing changes where every row is a group of its own."""
    y, score, _ = scored_rows(5)
    values = score - score.mean()
    alone = Cases(y, np.ones_like(y), np.arange(len(y), dtype=np.int64)).spread(values)
    assert vars(alone) == pytest.approx(vars(Cases(y, np.ones_like(y)).spread(values)), rel=1e-12)


def test_a_tenth_of_the_rows_tells_the_spread_of_all():
    """Where every tenth row is held, the error is that of all rows."""
    y, score, _ = scored_rows(6, rows=500)
    values = score - score.mean()
    whole = Cases(y, np.ones_like(y)).spread(values).standard_error
    part = Cases(y, np.ones_like(y), share=0.1).spread(values).standard_error
    assert part == pytest.approx(whole * np.sqrt(0.1), rel=1e-12)
