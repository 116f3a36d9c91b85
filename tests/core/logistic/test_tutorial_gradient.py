"""The tutorial's own gradient code, compared with its formula (docs/notation.md)."""

import numpy as np
from sklearn.datasets import make_classification

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.rows import Block


def tutorial_gradient(X: np.ndarray, y: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, float]:
    """What the tutorial's program computes: the sum over rows divided by the number of columns."""
    return (p - y) @ X / X.shape[-1], float(np.mean(p - y))


def test_the_tutorials_weights_move_rows_by_columns_times_too_fast() -> None:
    """With 80 rows and 10 columns the factor is 8 for the weights, and 1 for the bias."""
    X, y = make_classification(n_samples=80, n_features=10, random_state=3)
    w = np.random.default_rng(0).standard_normal(11)
    p = 1.0 / (1.0 + np.exp(-(w[0] + X @ w[1:])))
    weights, bias = tutorial_gradient(X, y, p)
    _, sums = NumpyKernel().loss_gradient(Block(X, y.astype(float), None), w)
    np.testing.assert_allclose(weights, 8.0 * sums[1:] / 80, rtol=1e-12)
    np.testing.assert_allclose(bias, sums[0] / 80, rtol=1e-12)


def test_the_packages_gradient_is_the_slope_of_the_mean_loss() -> None:
    """It agrees with central differences of the loss, which use no formula of the gradient."""
    X, y = make_classification(n_samples=80, n_features=10, random_state=3)
    block, w = Block(X, y.astype(float), None), np.random.default_rng(0).standard_normal(11)
    _, sums = NumpyKernel().loss_gradient(block, w)
    for j, step in enumerate(1e-5 * np.eye(11)):
        rise = NumpyKernel().loss(block, w + step) - NumpyKernel().loss(block, w - step)
        assert abs(rise / 2e-5 - sums[j]) < 1e-6
