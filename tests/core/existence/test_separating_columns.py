"""The separating columns named are as few as possible, compared with a trial of all subsets."""

from itertools import combinations
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.existence.existence import (
    SeparationError,
    Verdict,
    assess_existence,
    search_separation,
)
from lr_pipeline.engines.memory import ArrayRows


def search(X, y, weight=None):
    """The verdict by the search for a separation, without Newton's proof before it."""
    rows = ArrayRows(np.ascontiguousarray(X, dtype=float), np.asarray(y, dtype=float), weight)
    return search_separation(rows, analyse_columns(rows))


def separable_rows(X, y):
    """Rows that are off some separating hyperplane, by one linear program each."""
    A = (2.0 * y - 1.0)[:, None] * np.column_stack([np.ones(len(y)), X])
    found = set()
    for i, row in enumerate(A):
        result = linprog(-row, -A, np.zeros(len(A)), bounds=[(-1.0, 1.0)] * A.shape[1])
        if -result.fun > 1e-7:
            found.add(i)
    return found


def smallest_size(X, y):
    """The fewest columns that separate the same rows as all columns, by trying each subset."""
    everything = separable_rows(X, y)
    for size in range(1, X.shape[1] + 1):
        for columns in combinations(range(X.shape[1]), size):
            if separable_rows(X[:, columns], y) == everything:
                return size
    raise AssertionError("all columns separate as well as all columns")


def margins(found, X, y):
    """(2y − 1) (b₀ + Xb) for the direction found."""
    b = np.array(found.separating_direction)
    z = found.separating_intercept + X[:, list(found.separating_columns)] @ b
    return (2.0 * y - 1.0) * z


@settings(max_examples=15, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.integers(-2, 2)] * 4, st.booleans()), min_size=5, max_size=9),
    first_rows=st.sampled_from([3, 2000]),
)
def test_the_set_is_the_smallest_there_is(rows, first_rows):
    """Sets of one or two columns are smallest, larger ones minimal, on integers with many ties."""
    X = np.array([row[:4] for row in rows], dtype=float)
    y = np.array([row[4] for row in rows], dtype=float)
    assume(0 < y.sum() < len(y))
    with patch.multiple(
        "lr_pipeline.core.existence.separation", FIRST_ROWS=first_rows, MORE_ROWS=1
    ):
        found = search(X, y)
    everything = separable_rows(X, y)
    assert found.separated == bool(everything)
    if not everything:
        return
    columns = list(found.separating_columns)
    assert separable_rows(X[:, columns], y) == everything
    assert found.separated_rows == len(everything)
    assert len(columns) == smallest_size(X, y) or len(columns) > 2 < smallest_size(X, y)
    for j in columns:
        rest = [column for column in columns if column != j]
        assert separable_rows(X[:, rest], y) != everything
    margin = margins(found, X, y)
    off = np.isin(np.arange(len(y)), list(everything))
    assert (margin[off] > 1e-9).all()
    assert np.abs(margin[~off]).max(initial=0.0) < 1e-9


def birth_weights(n=190):
    """A label that one column decides (weight < 2500 g), and seven columns correlated with it."""
    rng = np.random.default_rng(4)
    weight = np.round(rng.normal(2900.0, 700.0, n))
    others = rng.normal(size=(n, 6)) + 0.8 * (weight[:, None] - 2900.0) / 700.0
    smoker = (rng.random(n) < 0.4) * 1.0
    return np.column_stack([others[:, :3], smoker, weight, others[:, 3:]]), (weight < 2500) * 1.0


def test_one_column_that_decides_is_named_alone():
    """The sign of its coefficient is right, and the threshold is between the classes."""
    X, y = birth_weights()
    found = assess_existence(ArrayRows(X, y))
    assert found.verdict is Verdict.COMPLETE_SEPARATION
    assert found.separating_columns == (4,)
    assert found.separating_direction[0] < 0.0
    assert (margins(found, X, y) > 0.0).all()
    assert "grows as these coefficients run away: 'bwt' to −∞. Use" in str(
        SeparationError(found, ["a", "b", "c", "smoke", "bwt", "d", "e", "f"])
    )


@pytest.mark.parametrize("others", [0, 3])
def test_a_level_that_one_answer_has_is_named_alone(others):
    """The separation is quasi-complete, among columns that a direction of small norm would use."""
    rng = np.random.default_rng(others)
    level = (np.arange(150) % 10 == 0) * 1.0
    y = np.maximum(rng.random(150) < 0.5, level)
    noise = rng.normal(size=(150, others)) + level[:, None]
    found = assess_existence(ArrayRows(np.column_stack([noise, level]), y))
    assert found.verdict is Verdict.QUASI_COMPLETE_SEPARATION
    assert found.separating_columns == (others,)
    assert found.separated_rows == 15


def test_a_number_that_ties_at_its_threshold_is_named_alone():
    """One class's values end where the other's begin, and both have rows at that value."""
    rng = np.random.default_rng(0)
    x = rng.integers(-5, 6, 120).astype(float)
    y = np.where(x == 0.0, np.arange(120) % 2, x > 0.0).astype(float)
    X = np.column_stack([rng.normal(size=(120, 2)) + 0.3 * x[:, None], x])
    found = assess_existence(ArrayRows(X, y))
    assert found.verdict is Verdict.QUASI_COMPLETE_SEPARATION
    assert found.separating_columns == (2,)
    assert found.separated_rows == np.sum(x != 0.0)


def test_a_column_that_separates_only_partly_is_not_enough_where_two_do_all():
    """The verdict is that for all columns, and the set gives the same separation."""
    X = np.array([[0, 0], [0, 1], [1, 0], [0, 2], [0, 3], [2, 0]], dtype=float)
    y = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    found = search(X, y)
    assert found.verdict is Verdict.COMPLETE_SEPARATION
    assert found.separating_columns == (0, 1)


def test_a_dependent_column_may_be_the_one():
    """The separating column is the sum of two columns before it."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(80, 2))
    X = np.column_stack([X, X.sum(axis=1)])
    found = assess_existence(ArrayRows(X, (X[:, 2] > 0.1) * 1.0))
    assert found.separating_columns == (2,)
    assert found.dependent_columns == (2,)


@pytest.mark.parametrize("pair", [(3, 11), (11, 12)])
def test_two_columns_are_found_among_many(pair):
    """Their difference separates the classes, and neither column alone does."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(300, 40))
    z = X[:, pair[0]] - 2.0 * X[:, pair[1]]
    y = (z > 0.0) * 1.0
    X[:, pair[0]] += 0.1 * (2.0 * y - 1.0)
    found = search(X, y)
    assert found.separating_columns == pair
    assert np.sign(found.separating_direction).tolist() == [1.0, -1.0]


@pytest.mark.parametrize("rows", [1, 2, 60])
def test_two_columns_are_found_where_rows_stay_on_the_hyperplane(rows):
    """Rows of both labels are on the hyperplane: at one point, at two, or along a line."""
    rng = np.random.default_rng(rows)
    X = rng.normal(size=(200, 6))
    along = rng.normal(size=rows).round(3)[np.arange(120) % rows]
    X[:120, 2], X[:120, 4] = along, along
    X[:120, [0, 1, 3, 5]] *= 3.0
    y = (X[:, 2] - X[:, 4] > 0.0) * 1.0
    y[:120] = rng.integers(0, 2, 120)
    found = search(X, y)
    assert found.verdict is Verdict.QUASI_COMPLETE_SEPARATION
    assert found.separating_columns == (2, 4)
    assert found.separated_rows == 80


def test_rows_of_weight_zero_do_not_decide_which_column_is_named():
    """With weight, they would make the classes overlap in the first column."""
    X, y = birth_weights()
    outlier = np.vstack([X, X[:2]])
    outlier[-2:, 4] = 10_000.0, 0.0
    labels = np.append(y, [1.0, 0.0])
    weight = np.append(np.full(len(y), 3.0), [0.0, 0.0])
    assert search(outlier, labels, weight).separating_columns == (4,)
    assert search(outlier, labels).separating_columns != (4,)


@pytest.mark.parametrize("columns", [(417,), (417, 800)])
def test_one_or_two_are_found_among_a_thousand_columns(columns):
    """The search needs no linear program over all columns."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(600, 1000))
    y = (X[:, list(columns)].sum(axis=1) > 0.0) * 1.0
    X[:, 417] += 0.1 * (2.0 * y - 1.0)
    with patch("lr_pipeline.core.existence.existence.find_separation", side_effect=AssertionError):
        assert search(X, y).separating_columns == columns


def test_a_large_set_has_no_column_too_many():
    """With more columns than rows, linear programs confirm that each named column is needed."""
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(40, 60)), np.arange(40) % 2.0
    columns = list(search(X, y).separating_columns)
    assert 2 < len(columns) < 15
    assert len(separable_rows(X[:, columns], y)) == 40
    for j in columns:
        assert len(separable_rows(X[:, [c for c in columns if c != j]], y)) < 40
