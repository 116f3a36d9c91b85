"""Goodness of fit, against statsmodels, pandas and hand computation."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import chi2

from lr_pipeline.evaluation.diagnostics.goodness import (
    criteria,
    deviance_residuals,
    dispersion,
    hosmer_lemeshow,
    pearson_residuals,
    summarize,
    tjur,
)


@pytest.fixture(scope="module")
def data():
    """Return labels, the linear predictor and statsmodels' fit of 300 rows."""
    rng = np.random.default_rng(5)
    X = sm.add_constant(rng.normal(size=(300, 2)))
    y = (rng.random(300) < 1 / (1 + np.exp(-X @ [0.3, 1.0, -0.5]))).astype(float)
    fit = sm.Logit(y, X).fit(disp=0, tol=1e-13)
    return y, X @ fit.params, X, fit


def test_criteria_are_statsmodels(data):
    """Log likelihoods, AIC, BIC and McFadden's R² of the same model."""
    y, _, _, fit = data
    found = criteria(fit.llf, 3, 300.0, float(y.mean()))
    assert found.null_log_likelihood == pytest.approx(fit.llnull, rel=1e-10)
    assert (found.aic, found.bic) == pytest.approx((fit.aic, fit.bic), rel=1e-12)
    assert found.mcfadden == pytest.approx(fit.prsquared, rel=1e-8)


def test_residuals_are_statsmodels_and_exact_for_certain_predictions(data):
    """At z = 60 a probability rounds to 1, and the residuals keep their digits."""
    y, z, X, _ = data
    glm = sm.GLM(y, X, sm.families.Binomial()).fit(tol=1e-14)
    np.testing.assert_allclose(pearson_residuals(y, z), glm.resid_pearson, rtol=1e-6)
    np.testing.assert_allclose(deviance_residuals(y, z), glm.resid_deviance, rtol=1e-6)
    certain = np.array([60.0]), np.array([1.0])
    assert pearson_residuals(certain[1], certain[0])[0] == pytest.approx(np.exp(-30.0))
    assert deviance_residuals(1 - certain[1], certain[0])[0] == pytest.approx(-np.sqrt(120.0))


def test_tjurs_coefficient_by_hand():
    """Means 0.6 of the ones and 0.3 of the zeros differ by 0.3; one class has none."""
    y, p = np.array([1.0, 1.0, 0.0, 0.0]), np.array([0.8, 0.2, 0.3, 0.1])
    weight = np.array([2.0, 1.0, 1.0, 0.0])
    assert tjur(y, p, weight) == pytest.approx((2 * 0.8 + 0.2) / 3 - 0.3)
    assert tjur(np.ones(4), p, weight) is None


def test_hosmer_and_lemeshow_by_pandas(data):
    """Deciles of the predictions, Σ (O − E)² / E over ones and zeros, eight degrees of freedom."""
    y, z, _, _ = data
    p = 1 / (1 + np.exp(-z))
    groups = pd.DataFrame({"y": y, "p": p}).groupby(pd.qcut(p, 10))
    observed, expected, n = groups["y"].sum(), groups["p"].sum(), groups.size()
    ones = (observed - expected) ** 2 / expected
    zeros = ((n - observed) - (n - expected)) ** 2 / (n - expected)
    found = hosmer_lemeshow(y, p, np.ones(300))
    assert found.statistic == pytest.approx(float((ones + zeros).sum()), rel=1e-9)
    assert (found.degrees_of_freedom, found.groups) == (8, 10)
    assert found.p_value == pytest.approx(chi2.sf(found.statistic, 8), rel=1e-9)
    assert hosmer_lemeshow(y, np.full(300, 0.4), np.ones(300)) is None


def test_dispersion_needs_groups_and_is_then_pearsons_of_the_grouped_model():
    """Statsmodels' Pearson χ² of counts by group; single rows are refused with the reason."""
    rng = np.random.default_rng(8)
    x = np.repeat(np.arange(8.0), 40)
    share = np.clip(0.1 + 0.1 * x + rng.normal(size=320) * 0, 0, 1)
    y = (rng.random(320) < share).astype(float)
    A = sm.add_constant(np.arange(8.0))
    ones = np.array([y[x == k].sum() for k in range(8)])
    glm = sm.GLM(np.column_stack([ones, 40 - ones]), A, sm.families.Binomial()).fit(tol=1e-14)
    z = sm.add_constant(x) @ glm.params
    found = dispersion(y, z, np.ones(320), 2)
    assert found.test.statistic == pytest.approx(glm.pearson_chi2, rel=1e-8)
    assert found.value == pytest.approx(glm.pearson_chi2 / 6, rel=1e-8)
    assert found.patterns == 8
    single = dispersion(y, rng.normal(size=320), np.ones(320), 2)
    assert single.value is None
    assert "320 different sets of values for 320 cases" in single.withheld


def test_a_weight_is_so_many_rows(data):
    """Every number of weighted rows is that of the rows written out."""
    y, z, _, _ = data
    z = z.round(1)
    weight = np.random.default_rng(1).integers(0, 9, 300).astype(float)
    many = np.repeat(np.arange(300), weight.astype(int))
    one = np.ones(len(many))
    p = 1 / (1 + np.exp(-z))
    assert tjur(y, p, weight) == pytest.approx(tjur(y[many], p[many], one))
    ours, theirs = hosmer_lemeshow(y, p, weight), hosmer_lemeshow(y[many], p[many], one)
    assert ours == pytest.approx(theirs)
    counted = weight > 0
    ours = dispersion(y[counted], z[counted], weight[counted], 3)
    assert ours.value == pytest.approx(dispersion(y[many], z[many], one, 3).value)
    r = pearson_residuals(y, z)
    assert summarize(r[counted], weight[counted]) == summarize(r[many], one)
