"""Optima to forty digits, by mpmath, in the table's own units.

Each is a root of the (modified) score equations evaluated in high precision; float64 only supplies
the approximate inverse of the curvature that the iteration steps with, which changes how fast it
converges but not where to.
"""

from collections.abc import Sequence

import numpy as np
from mpmath import mp, mpf

DIGITS = 50


def maximum_likelihood(X, y, start, weight=None, l2=0.0):
    """Root of Σ c (p − y) x̃ + l2 (0, β) = 0, and the standard errors, as mpf."""
    rows, c = _exact(X, weight)

    def score(w: Sequence[mpf]) -> list[mpf]:
        total = [mpf(0)] + [mpf(l2) * b for b in w[1:]]
        for x, label, count in zip(rows, y, c, strict=True):
            r = count * (_sigmoid(mp.fdot(x, w)) - int(label))
            for j, value in enumerate(x):
                total[j] += r * value
        return total

    curvature = _information(X, np.array(start, dtype=float), weight)
    return _root(score, X, curvature, start, l2)


def firth(X, y, start):
    """Root of Firth's modified score Σ (p − y − h (½ − p)) x̃ = 0, h the leverages, as mpf."""
    rows, _ = _exact(X, None)
    p = len(start)

    def score(w: Sequence[mpf]) -> list[mpf]:
        prob = [_sigmoid(mp.fdot(x, w)) for x in rows]
        s = [q * (1 - q) for q in prob]
        information = mp.matrix(p, p)
        for x, si in zip(rows, s, strict=True):
            for j in range(p):
                for k in range(j + 1):
                    information[j, k] += si * x[j] * x[k]
        for j in range(p):
            for k in range(j):
                information[k, j] = information[j, k]
        A = mp.inverse(information)
        total = [mpf(0)] * p
        for x, label, q, si in zip(rows, y, prob, s, strict=True):
            h = si * mp.fdot(x, [mp.fdot(A[j, :], x) for j in range(p)])
            r = q - int(label) - h * (mpf(1) / 2 - q)
            for j in range(p):
                total[j] += r * x[j]
        return total

    return _root(score, X, _firth_hessian(X, np.array(start, dtype=float)), start, 0.0)


def in_standard_errors(fit, reference):
    """Largest |w_j − w*_j| / se_j over intercept and coefficients, w* in mpf."""
    found = [fit.intercept, *fit.coefficients]
    units = fit.certificate_units
    return max(
        float(abs(mpf(float(a)) - b)) / float(u)
        for a, b, u in zip(found, reference, units, strict=True)
    )


def correct_digits(found, reference):
    """Fewest correct significant digits of the numbers found."""
    errors = [abs(mpf(float(a)) - b) / abs(b) for a, b in zip(found, reference, strict=True)]
    return -float(mp.log10(max(max(errors), mpf(10) ** -17)))


def _exact(X, weight):
    """Rows (1, x) and weights as exact mpf."""
    mp.dps = DIGITS
    rows = [[mpf(1), *(mpf(float(v)) for v in row)] for row in X]
    return rows, [mpf(1)] * len(rows) if weight is None else [mpf(float(v)) for v in weight]


def _sigmoid(z):
    return 1 / (1 + mp.exp(-z))


def _scaled(X):
    """T (p, p) with table parameters = T · parameters of standardized columns; those columns."""
    mean, scale = X.mean(axis=0), X.std(axis=0)
    T = np.eye(X.shape[1] + 1)
    T[1:, 1:] = np.diag(1.0 / scale)
    T[0, 1:] = -mean / scale
    return T, np.column_stack([np.ones(len(X)), (X - mean) / scale])


def _information(X, w, weight):
    """float64 information in standardized columns."""
    T, Z = _scaled(X)
    v = np.concatenate([[w[0] + X.mean(axis=0) @ w[1:]], w[1:] * X.std(axis=0)])
    e = np.exp(-np.abs(Z @ v))
    s = e / (1 + e) ** 2 * (1.0 if weight is None else weight)
    return (Z * s[:, None]).T @ Z


def _firth_hessian(X, w):
    """float64 Hessian of Firth's objective in standardized columns."""
    T, Z = _scaled(X)
    v = np.concatenate([[w[0] + X.mean(axis=0) @ w[1:]], w[1:] * X.std(axis=0)])
    q = 1 / (1 + np.exp(-(Z @ v)))
    s = q * (1 - q)
    slope, bend = s * (1 - 2 * q), s * (1 - 6 * s)
    information = (Z * s[:, None]).T @ Z
    M = Z @ np.linalg.inv(information) @ Z.T
    first = (Z * (bend * np.diag(M))[:, None]).T @ Z
    second = (Z * slope[:, None]).T @ (M * M) @ (Z * slope[:, None])
    return information - 0.5 * first + 0.5 * second


def _root(score, X, curvature, start, l2):
    """Iterate w ← w − T H⁻¹ Tᵀ score(w) until the step is below 1e-35 of the parameters."""
    T, _ = _scaled(X)
    penalty = np.zeros(len(start))
    penalty[1:] = l2 / X.std(axis=0) ** 2
    inverse = T @ np.linalg.solve(curvature + np.diag(penalty), T.T)
    w = [mpf(float(v)) for v in start]
    for _ in range(60):
        g = score(w)
        step = [mp.fdot([mpf(float(a)) for a in row], g) for row in inverse]
        w = [a - b for a, b in zip(w, step, strict=True)]
        if max(abs(b) for b in step) < mpf(10) ** -35 * max(abs(a) for a in w):
            return w
    raise AssertionError("the reference did not converge: it is no reference")
