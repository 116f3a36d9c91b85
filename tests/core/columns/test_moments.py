"""Moments of columns, from whole tables and merged from blocks."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.core.columns.moments import (
    Extremes,
    column_moments,
    moments_of,
    standard_deviation,
)
from lr_pipeline.engines.memory import ArrayRows
from tests.core.any_order import ShuffledRows


def exact_moments(x: np.ndarray, weight: np.ndarray) -> tuple[Fraction, Fraction]:
    """Mean, and squares about the mean, in rational arithmetic."""
    values, weights = [[Fraction(v) for v in a.tolist()] for a in (x, weight)]
    mean = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
    squares = sum(w * (v - mean) ** 2 for w, v in zip(weights, values, strict=True))
    return mean, squares


@settings(deadline=None, max_examples=30)
@given(st.sets(st.integers(1, 59)), st.integers(0, 1000), st.sampled_from([0.0, 1.0, 1e9]))
def test_any_split_in_any_order_gives_the_exact_moments(
    cuts: set[int], seed: int, location: float
) -> None:
    """Merging loses no digits of the squares, for any mean; a block may have one row."""
    rng = np.random.default_rng(seed)
    x, weight = location + rng.standard_normal(60), rng.uniform(0.01, 3.0, 60)
    rows = ShuffledRows(x[:, None], np.zeros(60), weight, tuple(cuts), seed)
    moments = column_moments(rows)
    mean, squares = exact_moments(x, weight)
    size = float(np.abs(x).max())
    assert abs(Fraction(moments.mean[0]) - mean) <= 2.0**-52 * size
    # 60 deviations, each right to the rounding of x − mean, and to u² of the mean itself
    assert moments.squares[0] == pytest.approx(float(squares), rel=1e-13)
    assert moments.num_rows == 60
    assert moments.weight == pytest.approx(weight.sum(), rel=1e-14)


def test_rows_of_zero_weight_do_not_count() -> None:
    """They change neither the mean nor the number of rows, also where they fill a block."""
    X = np.array([[1.0], [3.0], [1e6], [1e6]])
    rows = ArrayRows(X, np.zeros(4), np.array([1.0, 1.0, 0.0, 0.0]), block_rows=2)
    moments = column_moments(rows)
    assert (moments.num_rows, moments.weight, moments.mean[0]) == (2, 2.0, 2.0)
    assert standard_deviation(moments)[0] == 1.0


def test_the_deviation_at_a_mean_of_1e9_is_exact() -> None:
    """For 1e9 ± 1 it is 1, not 0 or 11.3, which Σx²/n − mean² gives."""
    x = 1e9 + np.array([1.0, -1.0] * 500)
    assert standard_deviation(moments_of(x[:, None]))[0] == 1.0


def test_a_value_too_large_to_square_is_named_by_its_column() -> None:
    """The error names the column and the remedy."""
    X = np.array([[1.0, 1e200], [2.0, -1e200]])
    with (
        pytest.raises(ValueError, match=r"column 1 \(from 0\).*rescale"),
        np.errstate(all="ignore"),
    ):
        column_moments(ArrayRows(X, np.zeros(2)))


def test_weights_that_are_all_zero_are_refused() -> None:
    """The error is raised here because an engine may not have checked the weights."""
    with pytest.raises(
        ValueError, match="at least one row of positive weight, found none in 2 rows"
    ):
        column_moments(ShuffledRows(np.ones((2, 1)), np.ones(2), np.zeros(2)))


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (1000, 1), (1030, 20), (3, 700), (0, 2)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_one_number_bounds_all_values(shape, order):
    """It bounds both signs, and is not larger than a sum of a few hundred squares allows."""
    X = np.asarray(np.random.default_rng(0).standard_normal(shape), order=order)
    true, around = Extremes.of(X), Extremes.around(X)
    assert (around.lower <= true.lower).all() and (around.upper >= true.upper).all()
    if X.size:
        assert around.upper.max() <= np.sqrt(max(512, shape[1])) * np.abs(X).max() * (1 + 1e-12)
    assert (Extremes.around(X * 1e-200).upper >= true.upper * 1e-200).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e200])
@pytest.mark.parametrize("row", [3, 1029])
def test_what_is_not_finite_is_not_bounded(value, row):
    """The same holds for values whose square is not finite."""
    X = np.ones((1030, 20))
    X[row, 7] = value
    with np.errstate(over="ignore"):
        assert not Extremes.around(X).finite.any()
