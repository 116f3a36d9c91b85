"""Deciles and gain: ten rows by hand, ties by averaging over their orders, weights."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.core.ranking import count_scores
from lr_pipeline.evaluation.answers.lift import deciles, equal_scores_at_ends, gain_curve, thinned


def test_twenty_rows_by_hand() -> None:
    """Eight positive of twenty: two, two, one, one, one, none, one and then none in each pair."""
    y = np.array([1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], float)
    curve = gain_curve(count_scores(y, -np.arange(20.0), np.ones(20)))
    found = deciles(curve, 20.0, 8.0)
    assert [one.positive for one in found] == pytest.approx([2, 2, 1, 1, 1, 0, 1, 0, 0, 0])
    assert [one.cases for one in found] == [2.0] * 10
    assert [one.lift for one in found[:3]] == pytest.approx([2.5, 2.5, 1.25])
    assert [one.captured for one in found[:5]] == pytest.approx([0.25, 0.5, 0.625, 0.75, 0.875])
    assert found[-1].captured == 1.0
    assert not equal_scores_at_ends(curve, 10)


def test_cases_with_equal_scores_count_as_expected_over_their_orders() -> None:
    """The curve's value is the mean over all orders of four rows with equal scores."""
    score, y = np.array([3.0, 2, 2, 2, 2, 1]), np.array([1.0, 1, 1, 0, 0, 0])
    orders = [y[[0, *order, 5]] for order in permutations([1, 2, 3, 4])]
    expected = np.mean([[one[:2].sum(), one[2:4].sum(), one[4:].sum()] for one in orders], axis=0)
    curve = gain_curve(count_scores(y, score, np.ones(6)))
    captured = curve.at(np.array([0.0, 1, 2, 3]) / 3)
    assert np.diff(captured) * 3 == pytest.approx(expected)
    assert equal_scores_at_ends(curve, 3)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6))
def test_a_weight_is_that_many_rows_and_order_does_not_matter(seed) -> None:
    """Rows written out as often as their weight says, in any order, give the same deciles."""
    rng = np.random.default_rng(seed)
    score, y = rng.integers(0, 8, 30).astype(float), (rng.random(30) < 0.4).astype(float)
    y[:2] = [0, 1]
    times = rng.integers(1, 4, 30)
    weight = times.astype(float)
    curve = gain_curve(count_scores(y, score, weight))
    one = deciles(curve, float(weight.sum()), float(weight @ y))
    mixed = rng.permutation(np.repeat(np.arange(30), times))
    curve = gain_curve(count_scores(y[mixed], score[mixed], np.ones(len(mixed))))
    other = deciles(curve, float(len(mixed)), float(y[mixed].sum()))
    np.testing.assert_allclose(np.array(one), np.array(other), atol=1e-9)
    assert sum(part.positive for part in one) == pytest.approx(times @ y)


def test_fewer_cases_than_deciles_are_one_part_each() -> None:
    """Three test rows are three parts."""
    curve = gain_curve(count_scores(np.array([1.0, 0, 0]), np.array([3.0, 2, 1]), np.ones(3)))
    assert [one.captured for one in deciles(curve, 3.0, 1.0)] == [1.0, 1.0, 1.0]


def test_a_drawn_curve_has_few_points_on_the_whole_one() -> None:
    """Its points are some of the curve's, with both ends."""
    rng = np.random.default_rng(0)
    y = (rng.random(5_000) < 0.3).astype(float)
    curve = gain_curve(count_scores(y, rng.normal(size=5_000), np.ones(5_000)))
    drawn = thinned(curve)
    assert len(drawn.flagged) <= 402
    assert (drawn.flagged[0], drawn.flagged[-1], drawn.captured[-1]) == (0.0, 1.0, 1.0)
    np.testing.assert_allclose(curve.at(drawn.flagged), drawn.captured)
