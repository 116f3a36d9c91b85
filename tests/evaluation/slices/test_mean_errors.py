"""Observed minus predicted share: interval and p-value are of one method, also between groups."""

import numpy as np
import pytest
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint, proportions_ztest

from lr_pipeline.evaluation.intervals.shares import effective, wilson
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.slices.mean_errors import mean_errors
from lr_pipeline.evaluation.slices.part_units import PartUnits
from lr_pipeline.evaluation.slices.protected_groups import protected_column
from lr_pipeline.evaluation.slices.row_partitions import Partition
from lr_pipeline.evaluation.slices.slice_results import ScoredRows
from lr_pipeline.evaluation.slices.sliced_ranks import sliced_areas


def in_one_part(y, p, group=None):
    """Return the only part's error."""
    units = PartUnits.of(np.zeros(len(y), np.int32), 1, group)
    return mean_errors(units, y, p, np.ones(len(y)))[0]


def correlated(rng, groups=40, size=6, spread=1.5):
    """Return labels, the true probabilities without the groups' own part, and the groups."""
    group = np.repeat(np.arange(groups), size)
    z = rng.normal(size=groups * size)
    y = (rng.random(len(z)) < 1 / (1 + np.exp(-z - spread * rng.normal(size=groups)[group]))) * 1.0
    return y, 1 / (1 + np.exp(-z)), group


def test_equal_predictions_give_wilsons_interval_and_the_score_test():
    """Statsmodels computes both from the counts."""
    y, p = np.repeat([1.0, 0.0], [31, 89]), np.full(120, 0.2)
    found = in_one_part(y, p)
    assert np.add(found.interval, 0.2) == pytest.approx(
        proportion_confint(31, 120, method="wilson")
    )
    assert found.p_value == pytest.approx(proportions_ztest(31, 120, 0.2, prop_var=0.2)[1])


@pytest.mark.parametrize("grouped", [False, True])
def test_zero_is_outside_of_the_interval_exactly_where_p_is_below_five_percent(grouped):
    """Over parts of any size and predictions that are wrong by little or much."""
    outside = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        y, p, group = correlated(rng, groups=int(rng.integers(8, 60)), spread=1.0 * grouped)
        p = 1 / (
            1 + np.exp(-rng.choice([0.5, 1.0, 2.0]) * np.log(p / (1 - p)) - 0.4 * rng.normal())
        )
        found = in_one_part(y, p, group if grouped else None)
        low, high = found.interval
        assert low <= found.difference <= high
        assert (found.p_value < 0.05) == (low > 0 or high < 0), (found, seed)
        outside += found.p_value < 0.05
    assert 30 < outside < 270


@pytest.mark.parametrize("grouped", [False, True])
def test_right_predictions_are_rejected_at_most_as_often_as_said(grouped):
    """At 5 % in 400 tables, also where each row is there three times and only its group tells."""
    rejected = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        y, p, group = correlated(rng, spread=0.0)
        if grouped:
            y, p, group = (np.repeat(one, 3) for one in (y, p, group))
        rejected += in_one_part(y, p, group if grouped else None).p_value < 0.05
    assert binomtest(rejected, 400, 0.05, alternative="greater").pvalue > 0.001
    assert rejected > 4


def test_rows_written_several_times_into_one_group_tell_no_more():
    """Interval and area are those of the rows alone, but for t in place of the normal quantile."""
    rng = np.random.default_rng(1)
    y, p, _ = correlated(rng, groups=4_000, size=1)
    many = np.repeat(np.arange(len(y)), 5)
    alone, grouped = in_one_part(y, p), in_one_part(y[many], p[many], many)
    assert np.ptp(grouped.interval) == pytest.approx(np.ptp(alone.interval), rel=1e-3)
    assert grouped.p_value == pytest.approx(alone.p_value, rel=5e-3)
    areas = [
        sliced_areas(PartUnits.of(np.zeros(len(a), np.int32), 1, g), a, b, np.ones(len(a)))[0]
        for a, b, g in ((y, p, None), (y[many], p[many], many))
    ]
    assert areas[1][0] == pytest.approx(areas[0][0], rel=1e-12)
    assert areas[1][1] == pytest.approx(areas[0][1], rel=1e-3)


def test_rates_of_protected_groups_are_of_as_many_cases_as_the_metrics_count():
    """The numbers behind Wilson's intervals are those of the metrics' intervals."""
    y, p, group = correlated(np.random.default_rng(2), groups=30, size=8)
    rows = ScoredRows(y, p, p, np.ones(len(y)), group)
    everyone = Partition("g", ("all",), np.zeros(len(y), np.int32))
    (found,) = protected_column(everyone, rows, 0.5).groups
    cases, yes, one = Cases(y, np.ones(len(y)), group), (p > 0.5) * 1.0, np.ones(len(y))
    for rate, part, whole in (
        (found.selection, yes, one),
        (found.true_positive, yes * y, y),
        (found.false_positive, yes * (1 - y), 1 - y),
    ):
        share = effective((float(part.sum()), float(whole.sum())), part, whole, cases)
        assert rate.independent == pytest.approx(share[1], rel=1e-9)
        low, high = wilson(share).ends
        assert rate.interval[0] < low < high < rate.interval[1]  # t of 29 in place of the normal


def test_four_groups_are_too_few():
    """The difference is shown, interval and p-value are withheld."""
    y, p, group = correlated(np.random.default_rng(3), groups=4, size=20)
    found = in_one_part(y, p, group)
    assert (found.interval, found.p_value) == (None, None)
    assert found.difference == pytest.approx(y.mean() - p.mean())
