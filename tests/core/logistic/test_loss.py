"""The pointwise functions, compared with 400-digit arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from lr_pipeline.core.logistic.loss import log_loss, residual, sigmoid, variance

LOG_ODDS = np.array([-800.0, -745.0, -40.0, -3.2, -1e-9, 0.0, 1e-9, 0.7, 36.0, 40.0, 700.0, 800.0])
EPS = np.finfo(np.float64).eps


def exact(function, z):
    """Values of a function in 400-digit arithmetic."""
    with mp.workdps(400):
        return np.array([float(function(mpf(float(value)))) for value in z])


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_log_loss_has_all_its_digits_from_minus_800_to_800(label):
    """The loss agrees with 400-digit arithmetic to a few roundings, in both tails."""
    expected = exact(lambda z: mp.log(1 + mp.exp(z)) - int(label) * z, LOG_ODDS)
    found = log_loss(LOG_ODDS, np.full(len(LOG_ODDS), label))
    np.testing.assert_allclose(found, expected, rtol=8 * EPS, atol=0)


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_residual_keeps_its_digits_where_the_row_is_well_classified(label):
    """σ(z) − y is not formed by subtraction: at z = 40 and y = 1 it is −4.2e-18, not 0."""
    expected = exact(lambda z: 1 / (1 + mp.exp(-z)) - int(label), LOG_ODDS)
    found = residual(LOG_ODDS, np.full(len(LOG_ODDS), label))
    np.testing.assert_allclose(found, expected, rtol=8 * EPS, atol=5e-324)


def test_variance_is_exact_in_both_tails():
    """σ(z) (1 − σ(z)) agrees with 400-digit arithmetic."""
    expected = exact(lambda z: mp.exp(-z) / (1 + mp.exp(-z)) ** 2, LOG_ODDS)
    np.testing.assert_allclose(variance(LOG_ODDS), expected, rtol=8 * EPS, atol=5e-324)


@given(st.floats(-1e300, 1e300))
def test_sigmoid_of_minus_z_is_one_minus_sigmoid_of_z(z):
    """The two probabilities of a row add up to one, for log-odds of any size."""
    both = sigmoid(np.array([z, -z]))
    assert abs(both.sum() - 1.0) <= EPS
    assert (both >= 0).all()


def test_the_tutorials_epsilon_loses_the_loss_that_is_exact_here():
    """−log(σ(z) + 1e-8) cannot exceed 18.4; at z = −800 the exact loss of label 1 is 800."""
    naive = -np.log(sigmoid(np.array([-800.0])) + 1e-8)
    assert naive < 18.5
    assert log_loss(np.array([-800.0]), np.array([1.0])) == 800.0
