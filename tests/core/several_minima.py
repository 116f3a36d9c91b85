"""Small separated tables on which Firth's objective has several minima; an independent search."""

import numpy as np
from scipy.optimize import minimize


def two_scales(seed, rows=16, columns=2):
    """Two columns, zero in one class and log-normal in the other, and some of small whole numbers.

    The two are like hours worked and earnings, which only employed people have: each separates.
    """
    rng = np.random.default_rng(seed)
    y = np.arange(rows) % 2 * 1.0
    first, second = (y * np.exp(rng.normal(0.0, 1.5, rows)) for _ in range(2))
    rest = rng.integers(0, 3, (rows, columns - 2)).astype(float)
    return np.column_stack([first, second, rest]), y


def heavy_tailed(seed, rows=20):
    """Two columns from Student's t with two degrees of freedom; a line separates the classes."""
    rng = np.random.default_rng(seed)
    X = rng.standard_t(2, (rows, 2))
    return X, (X[:, 0] + 0.3 * X[:, 1] > 0.0) * 1.0


def firth_objective(w, A, y):
    """F = Σ loss − ½ log det I at w, for rows A = (1, x), and its gradient."""
    z = A @ w
    p = np.exp(-np.logaddexp(0.0, -z))
    s = np.maximum(p * np.exp(-np.logaddexp(0.0, z)), 1e-300)
    Q, R = np.linalg.qr(A * np.sqrt(s)[:, None])
    h = np.einsum("ij,ij->i", Q, Q)
    value = np.sum(np.logaddexp(0.0, z) - y * z) - np.sum(np.log(np.abs(np.diag(R))))
    return float(value), A.T @ (p - y - h * (0.5 - p))


def lowest_of_restarts(X, y, restarts=40, seed=0, fixed=None):
    """The lowest F that scipy's BFGS finds from random starts in standard deviations.

    ``fixed`` = (j, c) holds parameter j (0: the intercept) at c in the table's units. The
    determinant is that of the standardized columns, as in the fit.
    """
    rng, mean, scale = np.random.default_rng(seed), X.mean(axis=0), X.std(axis=0)
    A = np.column_stack([np.ones(len(y)), (X - mean) / scale])
    origin, basis = np.zeros(A.shape[1]), np.eye(A.shape[1])
    if fixed is not None:
        j, c = fixed
        m = np.r_[1.0, -mean / scale] if j == 0 else np.eye(A.shape[1])[j] / scale[j - 1]
        origin = c * m / (m @ m)
        basis = np.linalg.svd(m[None, :])[2][1:].T

    def of_free(v):
        value, gradient = firth_objective(origin + basis @ v, A, y)
        return value, basis.T @ gradient

    values = []
    for k in range(restarts):
        start = (0.5, 2.0, 5.0, 12.0)[k % 4] * rng.standard_normal(basis.shape[1])
        found = minimize(of_free, start, jac=True, method="BFGS", options={"gtol": 1e-7})
        values.append(found.fun)
    return min(values)
