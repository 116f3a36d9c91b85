"""The calibration line: against statsmodels, by groups, and where there is none."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.reliability.calibration_line import calibration_line


def rows(n: int = 400, seed: int = 0, slope: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """Return log odds that are too extreme, and labels."""
    rng = np.random.default_rng(seed)
    x = rng.normal(-0.5, 1.5, n)
    return x, (rng.random(n) < 1 / (1 + np.exp(-(0.4 + slope * x)))).astype(float)


def test_it_is_statsmodels_fit_with_its_likelihood_ratio_test() -> None:
    """Coefficients, covariance, and twice the log likelihood's gain over 0 and 1."""
    x, y = rows()
    oracle = sm.Logit(y, sm.add_constant(x)).fit(disp=0, tol=1e-12)
    found = calibration_line(Cases(y, np.ones(400)), x)
    assert (found.intercept, found.slope) == pytest.approx(tuple(oracle.params), rel=1e-8)
    np.testing.assert_allclose(found.covariance, oracle.cov_params(), rtol=1e-6)
    as_predicted = stats.bernoulli.logpmf(y, 1 / (1 + np.exp(-x))).sum()
    statistic = 2 * (oracle.llf - as_predicted)
    assert found.statistic == pytest.approx(statistic, rel=1e-8)
    assert found.p_value == pytest.approx(stats.chi2.sf(statistic, 2), rel=1e-6)
    fitted, lower, upper = found.band(np.array([-1.0, 0.5]))
    oracle_band = oracle.get_prediction(sm.add_constant(np.array([-1.0, 0.5]))).summary_frame()
    np.testing.assert_allclose(fitted, oracle_band["predicted"], rtol=1e-6)
    assert (lower < fitted).all()
    assert (fitted < upper).all()


@pytest.mark.parametrize("end", ["low", "high"])
def test_the_ends_of_the_slopes_interval_are_where_the_likelihood_ratio_test_turns(end) -> None:
    """At either end the profile log likelihood is χ²₁(95 %) / 2 below its maximum."""
    x, y = rows(120, 3)
    found = calibration_line(Cases(y, np.ones(120)), x)
    slope = getattr(found.slope_interval, end)
    held = sm.GLM(y, np.ones((120, 1)), sm.families.Binomial(), offset=slope * x).fit()
    free = sm.Logit(y, sm.add_constant(x)).fit(disp=0)
    assert 2 * (free.llf - held.llf) == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-4)
    assert found.slope_interval.method == "profile likelihood"


def test_groups_are_units_as_in_statsmodels_cluster_covariance() -> None:
    """The sandwich with G / (G − 1); intervals widen where rows of a group are alike."""
    x, y = rows(300)
    group = np.arange(300) // 6
    cases = Cases(y, np.ones(300), group)
    found = calibration_line(cases, x)
    oracle = sm.Logit(y, sm.add_constant(x)).fit(
        disp=0,
        cov_type="cluster",
        cov_kwds={"groups": group, "use_correction": False},
    )
    np.testing.assert_allclose(found.covariance, oracle.cov_params() * 50 / 49, rtol=1e-6)
    assert "groups as units" in found.test


def test_a_calibrated_model_passes_and_an_extreme_one_does_not() -> None:
    """The slope's interval holds 1 for right probabilities, not for those twice too extreme."""
    x, y = rows(2_000, 2, slope=1.0)
    z = x + 0.4  # the log odds that the labels were drawn with
    right = calibration_line(Cases(y, np.ones(2_000)), z)
    assert right.p_value is not None
    assert right.p_value > 0.05
    wrong = calibration_line(Cases(y, np.ones(2_000)), 2 * z)
    assert wrong.p_value is not None
    assert wrong.p_value < 1e-6
    assert wrong.slope == pytest.approx(right.slope / 2, rel=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6))
def test_a_weight_is_that_many_rows(seed) -> None:
    """Rows written out as often as their weight says give the same line."""
    x, y = rows(80, seed)
    times = np.random.default_rng(seed).integers(1, 4, 80)
    one = calibration_line(Cases(y, times.astype(float)), x)
    other = calibration_line(
        Cases(np.repeat(y, times), np.ones(int(times.sum()))), np.repeat(x, times)
    )
    assert one.withheld == other.withheld
    if not one.withheld:
        assert (one.slope, one.p_value) == pytest.approx((other.slope, other.p_value), rel=1e-6)
        assert one.slope_interval.ends == pytest.approx(other.slope_interval.ends, rel=1e-4)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        (np.arange(40.0), np.repeat([0.0, 1.0], 20), "separate the classes"),
        (np.zeros(40), np.tile([0.0, 1.0], 20), "all predictions are equal"),
        (np.arange(40.0), np.append(np.ones(9), np.zeros(31)), "only 9 cases of the rarer class"),
        (np.arange(40.0), np.zeros(40), "only 0 cases of the rarer class"),
    ],
)
def test_what_cannot_be_told_is_withheld_with_the_reason(x, y, reason) -> None:
    """There is neither a number nor an interval."""
    found = calibration_line(Cases(y, np.ones(len(y))), x)
    assert reason in found.withheld
    assert found.slope is found.p_value is found.slope_interval.low is None
