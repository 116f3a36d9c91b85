"""The textbook kernel, compared with sums by hand, and other kernels compared with it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.textbook_kernel import TextbookKernel
from lr_pipeline.core.rows import Block
from lr_pipeline.engines.torch.torch_kernel import TorchKernel

EPS = np.finfo(np.float64).eps
TEXTBOOK = TextbookKernel()
FAST = [NumpyKernel(), TorchKernel(), TorchKernel(autograd=True)]


def by_hand(X, y, weight, w):
    """Loss, gradient and information, row by row in plain Python."""
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
    found = TEXTBOOK.loss_gradient_information(block, w)
    np.testing.assert_allclose(found[0], loss, rtol=1e-13)
    np.testing.assert_allclose(found[1], gradient, rtol=1e-12)
    np.testing.assert_allclose(found[2], information, rtol=1e-12)
    assert TEXTBOOK.loss(block, w) == found[0]
    assert TEXTBOOK.loss_gradient(block, w)[0] == found[0]


def test_the_information_is_the_derivative_of_the_gradient(case):
    """A central difference of the gradient along v agrees with I v."""
    X, y, weight, w = case
    block, v, h = Block(X, y, weight), np.array([1.0, -2.0, 0.3, 0.1]), 1e-5
    kernel = TEXTBOOK
    difference = (
        kernel.loss_gradient(block, w + h * v)[1] - kernel.loss_gradient(block, w - h * v)[1]
    ) / (2 * h)
    information = kernel.loss_gradient_information(block, w)[2]
    np.testing.assert_allclose(information @ v, difference, rtol=1e-8)


def test_the_trace_gradient_is_the_derivative_of_the_trace(case):
    """A central difference of tr(A I(w)) in each parameter agrees."""
    X, y, weight, w = case
    block, h, kernel = Block(X, y, weight), 1e-5, TEXTBOOK
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
    gradient = TEXTBOOK.loss_gradient(Block(X, y), w)[1] / m
    np.testing.assert_allclose(delta_w, gradient[1:] * m / d, rtol=1e-12)
    np.testing.assert_allclose(delta_b, gradient[0], rtol=1e-12)


def draw_block(seed, n, d, largest, weighted):
    """A block with log-odds of at most ``largest``, parameters, and a symmetric matrix."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * 10.0 ** rng.uniform(-3, 3, d)
    w = rng.normal(size=d + 1) / np.append(1.0, np.abs(X).max(axis=0, initial=1e-3))
    w *= largest / max(np.abs(w[0] + X @ w[1:]).max(initial=0.0), np.abs(w).max())
    y, weight = (rng.random(n) < 0.4) * 1.0, rng.integers(0, 4, n) * rng.exponential(size=n)
    root = rng.normal(size=(d + 1, d + 1))
    return Block(X, y, weight if weighted else None), w, root + root.T


def sums_with_bounds(kernel, block, w, A):
    """Each sum of a kernel, and a bound on the difference between two ways to compute it.

    The sums have terms ω f(z) a, where a depends on x̃ alone: 1, x̃, x̃ x̃ᵀ, x̃ (x̃ᵀAx̃).
    For the loss |f| ≤ 1 + |z|, for the others |f| ≤ 1; the slope in z is at most 1 for all. Let
    k = p + 24 be the roundings for z, f and a (24: about four in each exponential, logarithm,
    quotient and product, and the logarithm of a product of 64 rows, which costs a rounding of 1 for
    each row). The error of z is k u |x̃|ᵀ|w|. That of a term is this plus k u (1 + |z|), times
    ω |a|, with |a| in absolute values. Adding n terms adds n u of each. Two ways differ by at most
    twice as much: EPS = 2 u.
    """
    n, p = len(block.y), len(w)
    X = np.abs(np.column_stack([np.ones(n), block.X]))
    weight = np.ones(n) if block.weight is None else block.weight
    size = (n + p + 24) * EPS * weight * (1.0 + X @ np.abs(w))
    form = np.sum((X @ np.abs(A)) * X, axis=1)
    loss, gradient, information = kernel.loss_gradient_information(block, w)
    other_loss, other_gradient = kernel.loss_gradient(block, w)
    return {
        "loss": (kernel.loss(block, w), size.sum()),
        "loss with a gradient": (other_loss, size.sum()),
        "loss with an information": (loss, size.sum()),
        "gradient": (other_gradient, size @ X),
        "gradient with an information": (gradient, size @ X),
        "information": (information, (X * size[:, None]).T @ X),
        "trace gradient": (kernel.information_trace_gradient(block, w, A), (size * form) @ X),
    }


@pytest.mark.parametrize("kernel", FAST, ids=["numpy", "torch", "torch autograd"])
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.sampled_from([0, 1, 7, 63, 64, 200, 3000]),
    d=st.integers(1, 60),
    largest=st.sampled_from([1e-3, 1.0, 30.0, 300.0, 800.0]),
    weighted=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_every_kernel_gives_the_textbooks_sums(kernel, seed, n, d, largest, weighted):
    """All sums of the protocol agree, with and without weights, for log-odds of up to 800."""
    arguments = draw_block(seed, n, d, largest, weighted)
    expected = sums_with_bounds(TEXTBOOK, *arguments)
    for name, (found, bound) in sums_with_bounds(kernel, *arguments).items():
        assert np.all(np.abs(found - expected[name][0]) <= bound), name


def test_kernels_follow_the_protocol():
    """The textbook's kernel follows the protocol like the others."""
    assert all(isinstance(kernel, LogisticKernel) for kernel in (TEXTBOOK, *FAST))


@pytest.mark.parametrize("kernel", FAST, ids=["numpy", "torch", "torch autograd"])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_loss_of_well_classified_rows_keeps_its_digits(kernel, weighted):
    """For log-odds of 20 to 40 on the right side a loss is e⁻ᶻ, lost when log(1 + e⁻ᶻ) is rounded.

    The terms are positive, with an error of at most k + |z| (p + 1) roundings each, k about 20.
    """
    z = np.linspace(20.0, 40.0, 200)
    y = np.arange(200) % 2.0
    block = Block((z * (2.0 * y - 1.0))[:, None], y, np.full(200, 2.0) if weighted else None)
    w = np.array([0.0, 1.0])
    assert kernel.loss(block, w) == pytest.approx(TEXTBOOK.loss(block, w), rel=340 * EPS, abs=0)
    expected = (2.0 if weighted else 1.0) * np.exp(-z).sum()
    assert TEXTBOOK.loss(block, w) == pytest.approx(expected, rel=1e-8, abs=0)
