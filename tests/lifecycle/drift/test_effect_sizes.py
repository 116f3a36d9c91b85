"""Effect sizes agree with scipy's and with hand computation, and do not grow with the rows."""

import math

import numpy as np
import pytest
from scipy.stats import ks_2samp, norm, wasserstein_distance
from scipy.stats.contingency import association

from lr_pipeline.lifecycle.drift import effect_sizes
from lr_pipeline.lifecycle.drift.new_counts import NumberCounts
from lr_pipeline.lifecycle.drift.reference_profile import NumberProfile


def compared(before: np.ndarray, after: np.ndarray) -> tuple[NumberProfile, NumberCounts]:
    """Return the profile of one sample, and another counted in its cells."""
    ends = float(before.min()), float(before.max())
    profile = NumberProfile.of_sample("x", before, np.ones_like(before), (len(before), 0, *ends))
    counts = NumberCounts.empty(profile)
    counts.add(profile, after, np.ones_like(after))
    return profile, counts


def distance(profile: NumberProfile, counts: NumberCounts) -> float:
    """Return Wasserstein's distance between both."""
    return effect_sizes.wasserstein_distance(
        profile.points,
        (profile.cumulative, profile.below),
        (counts.bins, counts.distances),
        counts.excess,
    )


@pytest.mark.parametrize("shape", ["few values", "discrete"])
def test_the_gap_is_scipys_where_every_value_is_kept(shape) -> None:
    """Up to 200 distinct training values the points are all of them."""
    rng = np.random.default_rng(1)
    before, after = rng.normal(size=200), rng.normal(0.3, 1.2, 150)
    if shape == "discrete":
        before, after = np.round(rng.normal(size=5_000), 1), np.round(rng.normal(0.1, 1, 900), 1)
    profile, counts = compared(before, after)
    gap = effect_sizes.largest_gap(profile.cumulative, counts.bins)
    exact = ks_2samp(before, after).statistic
    # Between two points only new values can lie, at most a row's share here.
    assert exact - 0.02 <= gap <= exact + 1e-12


def test_the_gap_of_many_values_is_at_most_a_cell_short() -> None:
    """With 200 quantiles D is too small by at most 1/200."""
    rng = np.random.default_rng(2)
    for shift in (0.0, 0.1, 0.5):
        before, after = rng.normal(size=20_000), rng.normal(shift, 1, 8_000)
        profile, counts = compared(before, after)
        gap = effect_sizes.largest_gap(profile.cumulative, counts.bins)
        exact = ks_2samp(before, after).statistic
        assert exact - 1 / 200 <= gap <= exact + 1e-12


@pytest.mark.parametrize("draw", ["normal", "lognormal", "exponential", "standard_cauchy"])
def test_the_distance_is_scipys(draw) -> None:
    """Only where F and G cross between two points can it be too small."""
    rng = np.random.default_rng(3)
    before, after = getattr(rng, draw)(size=30_000), getattr(rng, draw)(size=20_000) * 1.4 + 0.3
    exact = wasserstein_distance(before, after)
    assert distance(*compared(before, after)) == pytest.approx(
        exact, rel=0.05 if draw == "standard_cauchy" else 0.01
    )


def test_the_distance_of_few_values_is_exact() -> None:
    """0, 1 and 2 with shares ½, ¼, ¼ against ¼, ¼, ½."""
    before, after = np.array([0.0, 0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0, 2.0])
    assert distance(*compared(before, after)) == pytest.approx(0.5)


def test_values_far_outside_count_with_their_distance() -> None:
    """All new values are 100 beyond the training range of two values."""
    profile, counts = compared(np.array([0.0, 1.0]), np.array([101.0, 101.0]))
    found = distance(profile, counts)
    assert found == pytest.approx(wasserstein_distance([0, 1], [101, 101])) == pytest.approx(100.5)


def test_the_stability_index_is_the_hand_computed_one() -> None:
    """(0.3 − 0.5) ln(0.3/0.5) + (0.5 − 0.3) ln(0.5/0.3) + (0.2 − 0.2) ln 1 = 0.2043."""
    found = effect_sizes.population_stability(
        np.array([50.0, 30.0, 20.0]), np.array([30.0, 50.0, 20.0])
    )
    assert found == pytest.approx(2 * 0.2 * math.log(5 / 3)) == pytest.approx(0.20433, abs=1e-5)


def test_an_empty_cell_has_half_a_case_in_the_stability_index() -> None:
    """(0.005 − 0.1) ln(0.005/0.1) + (1 − 0.9) ln(1/0.9), of 100 rows each."""
    found = effect_sizes.population_stability(np.array([10.0, 90.0]), np.array([0.0, 100.0]))
    assert found == pytest.approx(-0.095 * math.log(0.05) + 0.1 * math.log(1 / 0.9))


def test_v_is_scipys_where_both_sets_are_alike_large() -> None:
    """The correction, which is subtracted from V², is (k − 1) / 2n for two sets of n rows."""
    table = np.array([[500, 300, 200], [420, 330, 250]])
    exact = association(table, method="cramer", correction=False)
    found = effect_sizes.cramers_v(*table.astype(float))
    assert found**2 + 2 / 4 * (2 / 1_000) == pytest.approx(exact**2)


def test_v_does_not_depend_on_how_large_the_sets_are() -> None:
    """Shares of 40 and 60 % of 10⁶ training rows, 50 and 50 % of 10³ or 10⁶ new ones."""
    before = np.array([4e5, 6e5])
    large = effect_sizes.cramers_v(before, np.array([5e5, 5e5]))
    small = effect_sizes.cramers_v(before, np.array([500.0, 500.0]))
    assert large == pytest.approx(0.1005, abs=1e-3)
    assert small == pytest.approx(large, abs=2e-3)


def test_v_is_unbiased_where_nothing_changed() -> None:
    """The mean of V² before it is cut off at 0 is the correction: about half of all are 0."""
    rng = np.random.default_rng(4)
    draws = [rng.multinomial(500, np.full(20, 0.05)).astype(float) for _ in range(400)]
    zero = [effect_sizes.cramers_v(a, b) == 0 for a, b in zip(draws[::2], draws[1::2], strict=True)]
    assert 0.4 < np.mean(zero) < 0.7


def test_the_floors_are_one_shift_of_a_tenth_deviation() -> None:
    """D = 2Φ(0.05) − 1, V as a point-biserial correlation r = d / √(d² + 4), both for d = 0.1."""
    from lr_pipeline.lifecycle.drift.drift_findings import FLOORS

    assert FLOORS["D"] == pytest.approx(2 * norm.cdf(0.05) - 1, abs=5e-4)
    assert FLOORS["V"] == pytest.approx(0.1 / math.hypot(0.1, 2), abs=5e-4)
