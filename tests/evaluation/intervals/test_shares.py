"""Intervals of shares, and of what is made of them, against statsmodels and by hand."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from lr_pipeline.evaluation.intervals.interval import no_interval
from lr_pipeline.evaluation.intervals.shares import (
    by_t,
    effective,
    f1_interval,
    mean_of_two,
    wilson,
)
from lr_pipeline.evaluation.intervals.units import Cases


@pytest.mark.parametrize("share", [(0.0, 12.0), (7.0, 12.0), (12.0, 12.0), (480.0, 500.0)])
def test_wilsons_interval_is_that_of_statsmodels(share):
    """It holds even if all or none of the cases have the property."""
    expected = proportion_confint(*share, method="wilson")
    assert wilson(share).ends == pytest.approx(expected, abs=1e-12)


def test_the_interval_of_f1_is_wilsons_for_the_jaccard_index():
    """F1 and tp / (tp + fp + fn) order models alike: 2 · 0.5 / 1.5 = 2/3 at tp = 5 of 10."""
    found = f1_interval(wilson((5.0, 10.0)))
    low, high = proportion_confint(5, 10, method="wilson")
    assert found.ends == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)), abs=1e-12)
    assert found.low < 2 / 3 < found.high
    assert f1_interval(no_interval("none")).withheld == "none"


def test_the_mean_of_two_shares_has_newcombes_interval():
    """Newcombe (1998), example (a): 56/70 − 48/80 = 0.2000, method 10: 0.0524 to 0.3339.

    The mean of p and 1 − q is half of p − q, plus a half.
    """
    found = mean_of_two((56.0, 70.0), (32.0, 80.0))
    differences = [2 * end - 1 for end in found.ends]
    assert differences == pytest.approx([0.0524, 0.3339], abs=5e-5)


@pytest.mark.parametrize(("correlation", "sign"), [(1.0, 1), (-1.0, -1)])
def test_shares_that_vary_together_add_and_those_against_each_other_take_off(correlation, sign):
    """The mean of 30 of 40 and 12 of 60, with Wilson's intervals of statsmodels."""
    ends = [proportion_confint(*share, method="wilson") for share in ((30, 40), (12, 60))]
    below = [0.75 - ends[0][0], 0.2 - ends[1][0]]
    found = mean_of_two((30.0, 40.0), (12.0, 60.0), correlation)
    assert found.low == pytest.approx(0.475 - abs(below[0] + sign * below[1]) / 2, abs=1e-12)


def test_cases_that_copy_their_group_are_as_many_as_there_are_groups():
    """100 rows in 20 groups that agree entirely tell what about 20 cases tell."""
    rng = np.random.default_rng(1)
    part = np.repeat((rng.random(20) < 0.4).astype(float), 5)
    cases = Cases(part, np.ones(100), np.repeat(np.arange(20), 5).astype(np.int64))
    successes, trials = effective((part.sum(), 100.0), part, np.ones(100), cases)
    assert trials == pytest.approx(19.0, rel=1e-12)  # n − 1, from the variance's divisor
    assert successes / trials == pytest.approx(part.mean(), rel=1e-12)


def test_the_variance_between_groups_is_as_uncertain_as_their_number_says():
    """The interval is Wilson's with t of 19 degrees of freedom, 2.093, the root of his equation."""
    cases = Cases(np.zeros(100), np.ones(100), np.repeat(np.arange(20), 5).astype(np.int64))
    low, high = wilson(by_t((12.0, 30.0), np.ones(100), cases)).ends
    for end in (low, high):
        assert abs(0.4 - end) == pytest.approx(2.093 * np.sqrt(end * (1 - end) / 30), rel=1e-3)
    assert by_t((0.0, 20.0), np.ones(100), cases) == (0.0, 20.0)
    assert by_t((12.0, 30.0), np.ones(100), Cases(np.zeros(100), np.ones(100))) == (12.0, 30.0)


def test_a_share_that_no_group_has_counts_each_group_once():
    """A variance of zero would promise too much."""
    cases = Cases(np.zeros(30), np.ones(30), np.repeat(np.arange(6), 5).astype(np.int64))
    assert effective((0.0, 30.0), np.zeros(30), np.ones(30), cases) == (0.0, 6.0)
