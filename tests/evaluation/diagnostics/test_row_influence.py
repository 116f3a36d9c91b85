"""Influence of rows, against statsmodels and against fits without the row."""

import numpy as np
import pytest
import statsmodels.api as sm

from lr_pipeline.evaluation.diagnostics.row_influence import (
    StandardCovariance,
    influence,
    most_influential,
    standardized_changes,
)


@pytest.fixture(scope="module")
def data():
    """Return a design with an outlier, labels and statsmodels' fit."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(120, 3)) * [1.0, 30.0, 0.01] + [0.0, 2_000.0, 5.0]
    z = (X - X.mean(axis=0)) / X.std(axis=0) @ [0.8, -0.5, 0.3]
    y = (rng.random(120) < 1 / (1 + np.exp(-z))).astype(float)
    X[7, 1] += 300.0
    fit = sm.GLM(y, sm.add_constant(X), sm.families.Binomial()).fit(tol=1e-14, maxiter=200)
    return X, y, fit


def ours(X, y, fit):
    """Return leverage, Cook's distance and DFBETAs of the slopes."""
    covariance = StandardCovariance.of(fit.cov_params(), X.mean(axis=0), X.std(axis=0))
    z = sm.add_constant(X) @ fit.params
    found = influence(X, y, z, covariance)
    changes = standardized_changes(X, y, z, covariance, found.leverage)
    return found, changes[:, 1:]


def test_leverage_cooks_distance_and_dfbetas_are_statsmodels(data):
    """``GLMInfluence`` gives the same numbers; the slopes do not depend on the centring."""
    X, y, fit = data
    found, changes = ours(X, y, fit)
    theirs = fit.get_influence(observed=False)
    np.testing.assert_allclose(found.leverage, theirs.hat_matrix_diag, rtol=1e-7)
    np.testing.assert_allclose(found.cooks_distance, theirs.cooks_distance[0], rtol=1e-6)
    np.testing.assert_allclose(changes, (theirs.d_params / fit.bse)[:, 1:], rtol=1e-5, atol=1e-8)


def test_leverages_add_up_to_the_number_of_parameters(data):
    """They are the diagonal of a projection."""
    assert ours(*data)[0].leverage.sum() == pytest.approx(4.0, rel=1e-8)


def test_a_row_that_is_left_out_moves_the_slopes_by_about_its_dfbetas(data):
    """One step of Newton's method from the fit is near the fit without the row."""
    X, y, fit = data
    found, changes = ours(X, y, fit)
    for row in most_influential(found.cooks_distance, 3):
        keep = np.arange(len(y)) != row
        without = sm.GLM(y[keep], sm.add_constant(X[keep]), sm.families.Binomial()).fit()
        moved = (fit.params - without.params)[1:] / fit.bse[1:]
        np.testing.assert_allclose(changes[row], moved, atol=0.15)


def test_the_most_influential_rows_come_in_a_fixed_order():
    """Rows that are alike come in their order."""
    assert most_influential(np.array([0.1, 0.5, 0.1, np.nan, 0.5]), 4).tolist() == [1, 4, 0, 2]


def test_a_row_that_alone_decides_a_column_is_not_ranked():
    """Its leverage is 1: the distance to a fit without it is unknown, and no division is by 0."""
    X, z = np.eye(4)[:, :1], np.zeros(4)
    covariance = StandardCovariance(np.zeros(1), np.ones(1), np.eye(2) * 4, np.eye(2) * 2)
    with np.errstate(all="raise"):
        found = influence(X, np.array([1.0, 0.0, 1.0, 0.0]), z, covariance)
    assert found.leverage.tolist() == [1.0, 1.0, 1.0, 1.0]
    assert np.isnan(found.cooks_distance).all()
    assert most_influential(found.cooks_distance, 3).tolist() == []
