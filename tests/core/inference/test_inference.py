"""Wald inference, and the reasons to withhold it."""

import numpy as np
import pytest
import statsmodels.api as sm

from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.inference.inference import reason_withheld, wald_inference
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.engines.memory import ArrayRows
from tests.core.tables import fair, spector


@pytest.mark.parametrize("table", [spector, fair], ids=["spector", "fair"])
def test_standard_errors_p_values_and_intervals_are_statsmodels(table):
    """They are equal to 1e-8 on real tables, where statsmodels' Newton has converged."""
    X, y = table()
    fit = fit_logistic(ArrayRows(X, y), NumpyKernel())
    peer = sm.Logit(y, sm.add_constant(X)).fit(method="newton", tol=1e-14, disp=False)
    parameters = np.array([fit.intercept, *fit.coefficients])
    errors = np.array([fit.intercept_standard_error, *fit.standard_errors])
    found = wald_inference(parameters, errors, level=0.9)
    np.testing.assert_allclose(fit.covariance, peer.cov_params(), rtol=1e-8)
    np.testing.assert_allclose(found.statistics, peer.tvalues, rtol=1e-8)
    np.testing.assert_allclose(found.p_values, peer.pvalues, rtol=1e-8)
    np.testing.assert_allclose(
        np.column_stack([found.lower, found.upper]), peer.conf_int(alpha=0.1), rtol=1e-8
    )


def test_small_p_values_keep_their_digits():
    """P(|N(0, 1)| ≥ 20) is 5.5e-89, not 0."""
    found = wald_inference(np.array([20.0]), np.array([1.0]))
    assert found.p_values[0] == pytest.approx(5.507248237212e-89, rel=1e-12)


def test_a_level_outside_zero_and_one_is_refused():
    """A level is a probability: 95 is refused."""
    with pytest.raises(ValueError, match="between 0 and 1, found 95"):
        wald_inference(np.ones(1), np.ones(1), level=95.0)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((NoPenalty(), (), True, True), ""),
        ((Ridge(), (), True, True), "penalised (l2)"),
        ((Firth(), (), True, True), "penalised (firth)"),
        ((NoPenalty(), (2, 4), True, True), "columns [2, 4] depend on others"),
        ((NoPenalty(), (), False, True), "singular in float64"),
        ((NoPenalty(), (), True, False), "not asked for"),
    ],
)
def test_the_reason_for_withholding_is_stated(arguments, reason):
    """Reasons are penalised, rank-deficient and singular fits; other fits have an empty reason."""
    found = reason_withheld(*arguments)
    assert reason in found
    assert bool(found) == bool(reason)
