"""Ends of profile-likelihood intervals to thirty digits by mpmath, and in float64 by scipy.

The end of the interval of w_j is the root of p equations: the (modified) scores of all other
parameters are zero, and 2 (F(w) − F(w*)) is the quantile.
"""

import numpy as np
from mpmath import mp, mpf
from scipy.optimize import minimize

DIGITS = 30


def objective(w, rows, y, penalized):
    """F = Σ loss − ½ log det I, or without the determinant, and its gradient, as mpf."""
    p = len(w)
    information = mp.matrix(p, p)
    value, gradient, parts = mpf(0), [mpf(0)] * p, []
    for x, label in zip(rows, y, strict=True):
        z = mp.fdot(x, w)
        prob = 1 / (1 + mp.exp(-z))
        value += mp.log(1 + mp.exp(z)) - int(label) * z
        parts.append((x, prob))
        for j in range(p):
            gradient[j] += (prob - int(label)) * x[j]
            for k in range(p):
                information[j, k] += prob * (1 - prob) * x[j] * x[k]
    if penalized:
        value -= mp.log(mp.det(information)) / 2
        A = mp.inverse(information)
        for x, prob in parts:
            h = prob * (1 - prob) * mp.fdot(x, [mp.fdot(A[j, :], x) for j in range(p)])
            for j in range(p):
                gradient[j] -= h * (mpf(1) / 2 - prob) * x[j]
    return value, gradient


def exact_endpoint(X, y, optimum, j, near, quantile, penalized):
    """The interval's end for parameter j (0: the intercept), as mpf, near a float64 value of it."""
    mp.dps = DIGITS
    rows = [[mpf(1), *(mpf(float(v)) for v in row)] for row in X]
    start = constrained_minimum(X, y, j, near, optimum, penalized)

    def scores(*w):
        return objective(w, rows, y, penalized)[1]

    least, _ = objective(list(mp.findroot(scores, optimum)), rows, y, penalized)

    def equations(*w):
        value, gradient = objective(w, rows, y, penalized)
        gradient[j] = 2 * (value - least) - mpf(quantile)
        return gradient

    return list(mp.findroot(equations, start.tolist()))[j]


def constrained_minimum(X, y, j, c, start, penalized):
    """Parameters that minimise F with w_j = c, to a few digits, by scipy."""
    A = np.column_stack([np.ones(len(X)), X])
    others = [k for k in range(A.shape[1]) if k != j]
    scale = np.abs(A[:, others]).max(axis=0)

    def full(v):
        w = np.empty(A.shape[1])
        w[j], w[others] = c, v / scale
        return w

    def value(v):
        return float64_objective(full(v), A, y, penalized)

    found = minimize(value, np.asarray(start)[others] * scale, method="BFGS", tol=1e-10)
    return full(found.x)


def float64_objective(w, A, y, penalized):
    """F in float64, by numpy."""
    z = A @ w
    loss = float(np.sum(np.logaddexp(0.0, z) - y * z))
    if not penalized:
        return loss
    s = np.exp(-np.logaddexp(0.0, z) - np.logaddexp(0.0, -z))
    return loss - 0.5 * float(np.linalg.slogdet((A * s[:, None]).T @ A)[1])
