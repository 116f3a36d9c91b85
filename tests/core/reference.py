"""Optima to forty digits, by mpmath, in the table's own units.

Each optimum is a root of the (modified) score equations, evaluated in high precision. Only the
inverse Hessian of the iteration's steps is in float64: it changes the speed of convergence, but not
the limit.
"""

from collections.abc import Sequence

import numpy as np
from mpmath import mp, mpf

DIGITS = 50


def maximum_likelihood(X, y, start, weight=None, l2=0.0):
    """Root of Σ c (p − y) x̃ + l2 (0, β) = 0, as mpf."""
    rows, c = _exact(X, weight)

    def score(w: Sequence[mpf]) -> list[mpf]:
        total = [mpf(0)] + [mpf(l2) * b for b in w[1:]]
        for x, label, count in zip(rows, y, c, strict=True):
            r = count * (_sigmoid(mp.fdot(x, w)) - int(label))
            for j, value in enumerate(x):
                total[j] += r * value
        return total

    Q, T = _orthonormal(X)
    curvature = _information(Q, _probabilities(X, start), weight)
    return _root(score, curvature + l2 * T[1:].T @ T[1:], T, start)


def log_f(X, y, start, m, weight=None):
    """Root of Σ c (p − y) x̃ + m (σ(γ) − ½) ∂γ = 0, γ_j = β_j · deviation_j, as mpf.

    Mean and deviation are weighted (weights count rows), and computed to forty digits as well.
    """
    rows, c = _exact(X, weight)
    total = mp.fsum(c)
    units = []
    for j in range(1, len(start)):
        values = [row[j] for row in rows]
        mean = mp.fdot(c, values) / total
        units.append(mp.sqrt(mp.fdot(c, [(value - mean) ** 2 for value in values]) / total))

    def score(w: Sequence[mpf]) -> list[mpf]:
        result = [mpf(0)] * len(w)
        for j, unit in enumerate(units, start=1):
            result[j] += mpf(m) * unit * (_sigmoid(unit * w[j]) - mpf(1) / 2)
        for x, label, count in zip(rows, y, c, strict=True):
            r = count * (_sigmoid(mp.fdot(x, w)) - int(label))
            for j, value in enumerate(x):
                result[j] += r * value
        return result

    Q, T = _orthonormal(X)
    curvature = _information(Q, _probabilities(X, start), weight)
    gamma = np.array([float(unit) for unit in units]) * np.asarray(start)[1:]
    bend = m / (2.0 * np.cosh(gamma / 2.0)) ** 2 * np.array([float(unit) for unit in units]) ** 2
    return _root(score, curvature + (T[1:].T * bend) @ T[1:], T, start)


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

    Q, T = _orthonormal(X)
    return _root(score, _firth_hessian(Q, _probabilities(X, start)), T, start)


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
    return -float(mp.log10(max(*errors, mpf(10) ** -17)))


def _exact(X, weight):
    """Rows (1, x) and weights as exact mpf."""
    mp.dps = DIGITS
    rows = [[mpf(1), *(mpf(float(v)) for v in row)] for row in X]
    return rows, [mpf(1)] * len(rows) if weight is None else [mpf(float(v)) for v in weight]


def _sigmoid(z):
    return 1 / (1 + mp.exp(-z))


def _orthonormal(X):
    """Orthonormal columns Q (n, p) and T (p, p) with (1, X) T = Q √n, in float64."""
    mean, scale = X.mean(axis=0), X.std(axis=0)
    Q, R = np.linalg.qr((X - mean) / scale)
    T = np.eye(X.shape[1] + 1)
    T[1:, 1:] = np.linalg.inv(R) / scale[:, None] * np.sqrt(len(X))
    T[0, 1:] = -mean @ T[1:, 1:]
    return np.column_stack([np.ones(len(X)), Q * np.sqrt(len(X))]), T


def _probabilities(X, w):
    """σ(w₀ + X β), from exact sums."""
    z = [float(w[0] + mp.fdot([mpf(float(v)) for v in row], w[1:])) for row in X]
    return 1.0 / (1.0 + np.exp(-np.array(z)))


def _information(Q, prob, weight):
    """Σ c p (1 − p) q qᵀ."""
    s = prob * (1 - prob) * (1.0 if weight is None else weight)
    return (Q * s[:, None]).T @ Q


def _firth_hessian(Q, prob):
    """Hessian of Σ loss − ½ log det I."""
    s = prob * (1 - prob)
    slope, bend = s * (1 - 2 * prob), s * (1 - 6 * s)
    M = Q @ np.linalg.inv(_information(Q, prob, None)) @ Q.T
    first = (Q * (bend * np.diag(M))[:, None]).T @ Q
    second = (Q * slope[:, None]).T @ (M * M) @ (Q * slope[:, None])
    return _information(Q, prob, None) - 0.5 * first + 0.5 * second


def _root(score, curvature, T, start):
    """Iterate w ← w − T H⁻¹ Tᵀ score(w) until the step is below 1e-35 of the parameters."""
    inverse = mp.matrix(np.linalg.inv(curvature).tolist())
    T = mp.matrix(T.tolist())
    w = [mpf(float(v)) for v in start]
    for _ in range(60):
        g = score(w)
        step = list(T * (inverse * (T.T * mp.matrix(g))))
        w = [a - b for a, b in zip(w, step, strict=True)]
        if max(abs(b) for b in step) < mpf(10) ** -35 * max(abs(a) for a in w):
            return w
    raise AssertionError("the reference did not converge: it is no reference")


def long_double_optimum(X, y, start, weight=None):
    """Maximum likelihood (p,) in long double, for tables on which mpmath takes too long.

    It uses the same iteration, to its rounding floor of at most 1e-10 standard errors.
    """
    c = np.ones(len(y), np.longdouble) if weight is None else weight.astype(np.longdouble)
    wide = np.column_stack([np.ones(len(X)), X]).astype(np.longdouble)
    Q, T = _orthonormal(X)
    w = np.asarray(start, np.longdouble)
    inverse = np.linalg.inv(_information(Q, _long_sigmoid(wide @ w).astype(float), weight))
    before = np.inf
    for _ in range(100):
        score = (c * (_long_sigmoid(wide @ w) - y)) @ wide
        g = (score @ T.astype(np.longdouble)).astype(float)
        step = inverse @ g
        if before < 1e-10 and not np.sqrt(g @ step) < before / 2:
            return w
        before = np.sqrt(g @ step)
        w = w - T.astype(np.longdouble) @ step
    raise AssertionError("the long double iteration did not converge: start nearer")


def information_distance(X, w, optimum, weight=None):
    """√ Σ c s (x̃ᵀ (w − w*))², s at w: bounds every parameter's distance in standard errors."""
    c = np.ones(len(X)) if weight is None else weight
    wide = np.column_stack([np.ones(len(X)), X]).astype(np.longdouble)
    p = _long_sigmoid(wide @ w)
    return float(np.sqrt(np.sum(c * p * (1 - p) * (wide @ (w - optimum)) ** 2)))


def _long_sigmoid(z):
    return 1 / (1 + np.exp(-z))
