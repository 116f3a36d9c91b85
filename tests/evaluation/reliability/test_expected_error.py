"""The expected calibration error and its noise floor."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.calibration import calibration_curve

from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.reliability.expected_error import expected_error


def test_it_is_that_of_scikit_learns_bins() -> None:
    """Ten bins of equally many rows: mean |share of ones − mean prediction|."""
    rng = np.random.default_rng(0)
    p = rng.random(1_000)
    y = (rng.random(1_000) < p**2).astype(float)
    share, mean = calibration_curve(y, p, n_bins=10, strategy="quantile")
    found = expected_error(Cases(y, np.ones(1_000)), p)
    assert found.value == pytest.approx(np.abs(share - mean).mean(), rel=1e-9)
    assert found.calibrated_high is not None
    assert found.value > found.calibrated_high


def test_the_floor_of_one_probability_is_the_binomials_mean_deviation() -> None:
    """All rows at p = 0.3 are one bin: E |X / n − p| for X binomial."""
    n, p = 60, 0.3
    expected = stats.binom.expect(lambda k: np.abs(k / n - p), args=(n, p))
    found = expected_error(Cases(np.zeros(n), np.ones(n)), np.full(n, p))
    assert found.calibrated == pytest.approx(expected, rel=0.1)
    n = 40_000  # beyond single draws: the normal distribution's σ √(2/π)
    sigma = np.sqrt(p * (1 - p) / n)
    found = expected_error(Cases(np.zeros(n), np.ones(n)), np.full(n, p))
    assert found.calibrated == pytest.approx(sigma * np.sqrt(2 / np.pi), rel=0.1)
    assert found.calibrated_high == pytest.approx(1.96 * sigma, rel=0.1)


def test_right_probabilities_are_below_the_floors_bound_in_95_of_100_test_sets() -> None:
    """The share of simulated test sets above it is near 5 %."""
    rng = np.random.default_rng(1)
    above = 0
    for _ in range(200):
        p = rng.beta(2, 3, 300)
        found = expected_error(Cases((rng.random(300) < p).astype(float), np.ones(300)), p)
        above += found.value > found.calibrated_high
    assert 1 <= above <= 20


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6))
def test_a_weight_is_that_many_rows(seed) -> None:
    """Rows written out as often as their weight says give the same error."""
    rng = np.random.default_rng(seed)
    p, y = rng.integers(1, 20, 40) / 20, (rng.random(40) < 0.5).astype(float)
    times = rng.integers(0, 4, 40)
    times[:2] = 1
    kept = times > 0
    one = expected_error(Cases(y[kept], times[kept].astype(float)), p[kept])
    other = expected_error(
        Cases(np.repeat(y, times), np.ones(int(times.sum()))), np.repeat(p, times)
    )
    assert one.value == pytest.approx(other.value)
    assert one.bins == other.bins


def test_predictions_outside_0_and_1_have_no_floor() -> None:
    """They are no probabilities with which labels could be drawn."""
    found = expected_error(Cases(np.array([0.0, 1, 1]), np.ones(3)), np.array([-0.1, 0.5, 1.2]))
    assert found.calibrated is None
    assert found.withheld == "predictions outside [0, 1]"
