"""The logistic curve of one variable: its minimum, and where there is none."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.models.decision.logistic_curve import fit_curve


@settings(max_examples=50)
@given(seed=st.integers(0, 10_000), rows=st.integers(4, 60), unit=st.floats(-3, 3))
def test_a_curve_of_separated_targets_has_not_converged(seed, rows, unit):
    """The slope grows without end, however small a step becomes."""
    x = np.random.default_rng(seed).normal(size=rows) * 10.0**unit
    targets = (x > np.median(x)).astype(float)
    assert not fit_curve(x, targets, np.ones(rows)).converged


@pytest.mark.parametrize("targets", [(0.0, 1.0), (0.02, 0.97)])
def test_it_is_statsmodels_fit_of_weighted_rows(targets):
    """Intercept, slope and information; targets may be fractions."""
    rng = np.random.default_rng(3)
    x, weight = rng.normal(2020.0, 5.0, size=200), rng.integers(1, 4, size=200).astype(float)
    t = np.where(rng.random(200) < 1 / (1 + np.exp((2021.0 - x) / 4.0)), targets[1], targets[0])
    peer = sm.GLM(t, sm.add_constant(x), sm.families.Binomial(), freq_weights=weight).fit(tol=1e-14)
    found = fit_curve(x, t, weight)
    assert found.converged
    np.testing.assert_allclose([found.intercept, found.slope], peer.params, rtol=1e-8)
    np.testing.assert_allclose(np.linalg.inv(found.information), peer.cov_params(), rtol=1e-6)
