"""The normal distribution and its maximum-likelihood estimate."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lr_pipeline.core.columns.moments import moments_of
from lr_pipeline.studies.gaussian import (
    density,
    estimate_normal,
    fit_normal,
    log_density,
    log_likelihood,
)


def test_the_density_is_scipys() -> None:
    """Both forms agree over six deviations to each side."""
    x = np.linspace(-10.0, 14.0, 97)
    np.testing.assert_allclose(density(x, 2.0, 2.0), stats.norm.pdf(x, 2.0, 2.0), rtol=1e-14)
    np.testing.assert_allclose(log_density(x, 2.0, 2.0), stats.norm.logpdf(x, 2.0, 2.0), rtol=1e-14)


def test_the_log_density_is_exact_where_the_density_underflows() -> None:
    """At 800 deviations f is 0, and log f = −320000 − ½ log 2π."""
    x = np.array([800.0])
    assert density(x, 0.0, 1.0)[0] == 0.0
    assert log_density(x, 0.0, 1.0)[0] == pytest.approx(-320_000.918938533204673, rel=1e-15)


def test_the_deviation_of_the_estimate_divides_by_n() -> None:
    """The mean of 2, 4, 4, 4, 5, 5, 7, 9 is 5 and the deviation 2."""
    assert fit_normal(np.array([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])) == (5.0, 2.0)


@settings(deadline=None, max_examples=30)
@given(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
def test_no_other_mean_and_deviation_are_likelier(shift: float, stretch: float) -> None:
    """The estimate maximises Σ w log f, weights included."""
    rng = np.random.default_rng(11)
    x, weight = rng.normal(3.0, 0.5, 40), rng.uniform(0.1, 2.0, 40)
    mean, deviation = fit_normal(x, weight)
    best = log_likelihood(x, mean, deviation, weight)
    other = log_likelihood(x, mean + shift, deviation * (1 + stretch), weight)
    assert other <= best + 1e-12 * abs(best)


@pytest.mark.parametrize("parts", [1, 2, 7, 50])
def test_a_mean_of_1e9_costs_the_deviation_nothing(parts: int) -> None:
    """One block or added moments equal rational arithmetic up to rounding."""
    x = 1e9 + np.random.default_rng(5).standard_normal(500)
    exact = [Fraction(v) for v in x.tolist()]
    mean = sum(exact) / 500
    variance = float(sum((v - mean) ** 2 for v in exact) / 500)
    blocks = [moments_of(part[:, None]) for part in np.array_split(x, parts)]
    moments = blocks[0]
    for block in blocks[1:]:
        moments = moments + block
    estimate = estimate_normal(moments)
    assert estimate.mean[0] == float(mean)
    assert estimate.deviation[0] == pytest.approx(variance**0.5, rel=1e-14)


def test_what_cannot_be_is_refused() -> None:
    """The deviation is zero, or the sample is empty."""
    with pytest.raises(ValueError, match="deviation must be positive and finite, found 0"):
        log_density(np.zeros(1), 0.0, 0.0)
    with pytest.raises(ValueError, match="at least one row"):
        fit_normal(np.zeros(0))
