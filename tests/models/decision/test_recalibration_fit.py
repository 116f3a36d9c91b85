"""Recalibrations learned from held-out scores, against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logit
from sklearn.calibration import _sigmoid_calibration
from sklearn.isotonic import IsotonicRegression

from lr_pipeline.models.decision.recalibration import Platt
from lr_pipeline.models.decision.recalibration_fit import fit_isotonic, fit_platt


def rows(n: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores that are too extreme, labels and whole weights."""
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 2, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-(0.3 + 0.5 * z)))).astype(float)
    return z, y, rng.integers(1, 4, n).astype(float)


def test_platts_curve_is_scikit_learns() -> None:
    """The same targets and the same likelihood; scikit-learn writes σ(−(A z + B))."""
    z, y, weight = rows()
    A, B = _sigmoid_calibration(z, y, weight)
    found = fit_platt(z, y, weight)
    assert (found.slope, found.intercept) == (pytest.approx(-A, rel=1e-4), pytest.approx(-B, 1e-3))


def test_isotonic_steps_are_scikit_learns() -> None:
    """They agree at every score that was learned from, with half a case added at each end."""
    z, y, weight = rows()
    low, high = z.min(), z.max()
    oracle = IsotonicRegression().fit(
        np.append(z, [low, high]), np.append(y, [1.0, 0.0]), np.append(weight, [0.5, 0.5])
    )
    np.testing.assert_allclose(fit_isotonic(z, y, weight).probability(z), oracle.predict(z))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_a_weight_is_that_many_rows(seed) -> None:
    """Rows written out as often as their weight says give the same maps."""
    z, y, weight = rows(40, seed)
    weight[0] = 0.0
    times = weight.astype(int)
    written = np.repeat(z, times), np.repeat(y, times), np.ones(times.sum())
    one, other = fit_platt(z, y, weight), fit_platt(*written)
    assert (one.intercept, one.slope) == pytest.approx((other.intercept, other.slope), rel=1e-7)
    steps, others = fit_isotonic(z, y, weight), fit_isotonic(*written)
    assert steps.starts == others.starts
    assert steps.values == pytest.approx(others.values)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.booleans())
def test_maps_increase_and_stay_inside_0_and_1(seed, separated) -> None:
    """It holds even if the scores separate the classes, or rank them the wrong way round."""
    z, y, weight = rows(30, seed)
    y = (z > 0).astype(float) if separated else (z < 0).astype(float)
    points = np.linspace(-50, 50, 401)
    for found in (fit_platt(z, y, weight), fit_isotonic(z, y, weight)):
        p = found.probability(points)
        assert (np.diff(p) >= 0).all()
        assert 0 < found.probability(z).min() <= found.probability(z).max() < 1
        np.testing.assert_allclose(logit(found.probability(z)), found.log_odds(z), atol=1e-6)


def test_scores_without_any_order_give_the_share_of_positive_rows() -> None:
    """Platt's slope is 0 where the scores rank worse than chance, or are all equal."""
    z, y, weight = rows()
    for scores in (-z, np.zeros_like(z)):
        found = fit_platt(scores, y, weight)
        assert isinstance(found, Platt)
        assert found.slope == 0.0
        positive, total = weight @ y, weight.sum()
        assert found.probability(np.zeros(1))[0] == pytest.approx(positive / total, abs=1e-2)
