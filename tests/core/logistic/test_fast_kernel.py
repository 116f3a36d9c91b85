"""The pointwise functions and the numpy kernel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from lr_pipeline.core.logistic.fast_kernel import (
    MANY_COLUMNS,
    MANY_NUMBERS,
    NumpyKernel,
    linear_predictor,
)
from lr_pipeline.core.logistic.loss import log_loss, residual, sigmoid, variance
from lr_pipeline.core.rows import Block

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
    """The two probabilities of a row add up to one, however large the log-odds."""
    both = sigmoid(np.array([z, -z]))
    assert abs(both.sum() - 1.0) <= EPS
    assert (both >= 0).all()


def test_the_tutorials_epsilon_loses_the_loss_that_is_exact_here():
    """−log(σ(z) + 1e-8) cannot exceed 18.4; the exact loss of a row that is wrong by 800 is 800."""
    naive = -np.log(sigmoid(np.array([-800.0])) + 1e-8)
    assert naive < 18.5
    assert log_loss(np.array([-800.0]), np.array([1.0])) == 800.0


def by_hand(X, y, weight, w):
    """Loss, gradient and information row by row in plain Python."""
    p = len(w)
    loss, gradient, information = 0.0, np.zeros(p), np.zeros((p, p))
    for x, label, c in zip(X, y, weight, strict=True):
        row = np.array([1.0, *x])
        q = 1.0 / (1.0 + np.exp(-row @ w))
        loss -= c * np.log(q if label else 1.0 - q)
        gradient += c * (q - label) * row
        information += c * q * (1 - q) * np.outer(row, row)
    return loss, gradient, information


@pytest.fixture
def case():
    """Forty rows, their weights and parameters."""
    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((40, 3)), (rng.random(40) < 0.4) * 1.0
    return X, y, rng.exponential(size=40), np.array([0.2, -1.0, 0.5, 2.0])


@pytest.mark.parametrize("weighted", [True, False])
def test_the_kernel_sums_what_its_equations_say(case, weighted):
    """Loss, gradient and information equal sums made row by row."""
    X, y, weight, w = case
    weight = weight if weighted else np.ones(len(y))
    block = Block(X, y, weight if weighted else None)
    loss, gradient, information = by_hand(X, y, weight, w)
    found = NumpyKernel().loss_gradient_information(block, w)
    np.testing.assert_allclose(found[0], loss, rtol=1e-13)
    np.testing.assert_allclose(found[1], gradient, rtol=1e-12)
    np.testing.assert_allclose(found[2], information, rtol=1e-12)
    assert NumpyKernel().loss(block, w) == found[0]
    assert NumpyKernel().loss_gradient(block, w)[0] == found[0]


@pytest.mark.parametrize("columns", [3, MANY_COLUMNS])
def test_log_odds_are_the_same_however_a_block_lies_in_memory(columns):
    """One larger than the cache, its rows or its columns side by side, and a part of it."""
    rng = np.random.default_rng(2)
    X, w = rng.standard_normal((MANY_NUMBERS // 3 + 5, columns)), rng.standard_normal(columns + 1)
    found = linear_predictor(Block(X, X[:, 0]), w)
    expected = w[0] + sum(x * b for x, b in zip(X.T, w[1:], strict=True))
    bound = columns * EPS * (abs(w[0]) + np.abs(X) @ np.abs(w[1:]))
    assert (np.abs(found - expected) <= bound).all()
    for part in (np.asfortranarray(X), X[:100]):
        other = linear_predictor(Block(part, part[:, 0]), w)
        assert (np.abs(other - expected[: len(part)]) <= bound[: len(part)]).all()


def test_the_information_is_the_derivative_of_the_gradient(case):
    """A central difference of the gradient agrees with I v, and I v with the matrix."""
    X, y, weight, w = case
    block, v, h = Block(X, y, weight), np.array([1.0, -2.0, 0.3, 0.1]), 1e-5
    kernel = NumpyKernel()
    difference = (
        kernel.loss_gradient(block, w + h * v)[1] - kernel.loss_gradient(block, w - h * v)[1]
    ) / (2 * h)
    product = kernel.information_product(block, w, v)
    np.testing.assert_allclose(product, difference, rtol=1e-8)
    information = kernel.loss_gradient_information(block, w)[2]
    np.testing.assert_allclose(product, information @ v, rtol=1e-12)


def test_the_trace_gradient_is_the_derivative_of_the_trace(case):
    """A central difference of tr(A I(w)) in each parameter agrees."""
    X, y, weight, w = case
    block, h, kernel = Block(X, y, weight), 1e-5, NumpyKernel()
    A = np.array([[2.0, 0.3, 0, 0.1], [0.3, 1, 0.2, 0], [0, 0.2, 3, 0.4], [0.1, 0, 0.4, 1]])

    def trace(v):
        return np.trace(A @ kernel.loss_gradient_information(block, v)[2])

    difference = [(trace(w + h * e) - trace(w - h * e)) / (2 * h) for e in np.eye(4)]
    found = kernel.information_trace_gradient(block, w, A)
    np.testing.assert_allclose(found, difference, rtol=1e-7)


def test_the_tutorials_gradient_divides_by_columns_and_its_formula_by_rows(case):
    """Both are reproduced: they differ by m/d for the weights, not for the bias."""
    X, y, _, w = case
    m, d = X.shape
    y_hat = 1 / (1 + np.exp(-(X @ w[1:] + w[0])))
    delta_w, delta_b = np.dot(y_hat - y, X) / X.shape[-1], np.mean(y_hat - y)
    gradient = NumpyKernel().loss_gradient(Block(X, y), w)[1] / m
    np.testing.assert_allclose(delta_w, gradient[1:] * m / d, rtol=1e-12)
    np.testing.assert_allclose(delta_b, gradient[0], rtol=1e-12)
