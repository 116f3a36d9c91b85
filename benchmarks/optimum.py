"""Finds, without the package, the optimum against which results are measured.

Newton's method runs on standardized columns in float64, summed over blocks. Then the score is
evaluated again at the answer, in extended precision and on the raw columns. Its Newton decrement
√(gᵀ H⁻¹ g) must be below 1e-6: to first order it bounds the distance of every parameter, in
standard errors.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

Blocks = Callable[[], Iterable[tuple[np.ndarray, np.ndarray]]]
EXTENDED_ROWS = 20_000
QUALIFIES = 1e-3  # standard errors


@dataclass(frozen=True)
class Optimum:
    """Maximum-likelihood parameters (p,), intercept first, and their standard errors.

    ``decrement`` is how far, in standard errors, the parameters may be from the exact ones.
    """

    parameters: np.ndarray
    standard_errors: np.ndarray
    decrement: float

    def distance(self, parameters: np.ndarray) -> float:
        """max_j |w_j − w*_j| / se_j, intercept included; infinite if a number is not finite."""
        found = np.asarray(parameters, dtype=np.float64)
        if found.shape != self.parameters.shape or not np.isfinite(found).all():
            return float("inf")
        return float(np.max(np.abs(found - self.parameters) / self.standard_errors))


def find_optimum(blocks: Blocks) -> Optimum:
    """Return the optimum of the rows that ``blocks()`` yields; it is called once for each pass.

    Raises ValueError if Newton's method finds none: the table is separated, choose another seed.
    """
    mean, scale, prevalence = _moments(blocks)
    w = np.zeros(len(mean) + 1)
    w[0] = np.log(prevalence / (1 - prevalence))
    loss, gradient, hessian = _sums(blocks, mean, scale, w)
    for _ in range(50):
        step = cho_solve(cho_factor(hessian), gradient)
        decrement = np.sqrt(gradient @ step)
        # On a separated table the decrement falls too, but the steps do not.
        if decrement < 1e-8 and np.abs(step).max() < 1e-6 * (1 + np.abs(w).max()):
            return _certified(blocks, mean, scale, w - step, hessian)
        size = 1.0
        while (trial := _sums(blocks, mean, scale, w - size * step))[0] > loss * (1 + 1e-12):
            size /= 2
            if size < 1e-10:
                raise ValueError("Newton's method found no descent")
        w = w - size * step
        loss, gradient, hessian = trial
    raise ValueError("Newton's method found no optimum in 50 steps: is the table separated?")


def find_array_optimum(X: np.ndarray, y: np.ndarray) -> Optimum:
    """Return the optimum of arrays in memory."""
    rows = 100_000
    return find_optimum(
        lambda: ((X[i : i + rows], y[i : i + rows]) for i in range(0, len(y), rows))
    )


def _moments(blocks: Blocks) -> tuple[np.ndarray, np.ndarray, float]:
    """Means, standard deviations (computed about the first block's means) and the share of ones."""
    origin = None
    count, positives = 0, 0.0
    for X, y in blocks():
        if origin is None:
            origin = X.mean(axis=0)
            first, second = np.zeros(len(origin)), np.zeros(len(origin))
        Z = X - origin
        first += Z.sum(axis=0)
        second += np.einsum("ij,ij->j", Z, Z)
        count, positives = count + len(y), positives + y.sum()
    shift = first / count
    return origin + shift, np.sqrt(second / count - shift**2), float(positives / count)


def _sums(
    blocks: Blocks, mean: np.ndarray, scale: np.ndarray, w: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """Sum of log losses, gradient (p,) and Hessian (p, p) in standardized columns."""
    p = len(w)
    loss, gradient, hessian = 0.0, np.zeros(p), np.zeros((p, p))
    for X, y in blocks():
        Z = np.empty((len(y), p))
        Z[:, 0] = 1.0
        np.divide(X - mean, scale, out=Z[:, 1:])
        z = Z @ w
        e = np.exp(-np.abs(z))
        prob = np.where(z >= 0, 1.0, e) / (1.0 + e)
        loss += float(np.sum(np.log1p(e) + np.maximum(z, 0.0) - y * z))
        gradient += (prob - y) @ Z
        Z *= (np.sqrt(e) / (1.0 + e))[:, None]
        hessian += Z.T @ Z
    return loss, gradient, hessian


def _certified(
    blocks: Blocks, mean: np.ndarray, scale: np.ndarray, w: np.ndarray, hessian: np.ndarray
) -> Optimum:
    """The optimum in the table's units, with its Newton decrement in extended precision."""
    to_table = np.diag(np.r_[1.0, 1.0 / scale])
    to_table[0, 1:] = -mean / scale
    parameters = to_table @ w
    factor = cho_factor(hessian)
    covariance = to_table @ cho_solve(factor, to_table.T)
    gradient = _extended_gradient(blocks, mean, scale, parameters)
    decrement = float(np.sqrt(gradient @ cho_solve(factor, gradient)))
    if decrement > 1e-6:
        raise ValueError(f"the reference is {decrement:.1e} standard errors off: no reference")
    return Optimum(parameters, np.sqrt(np.diag(covariance)), decrement)


def _extended_gradient(
    blocks: Blocks, mean: np.ndarray, scale: np.ndarray, parameters: np.ndarray
) -> np.ndarray:
    """Σ (p − y)(1, (x − mean) / scale) at parameters in the table's units, in long double."""
    long = np.longdouble
    w, total = parameters.astype(long), np.zeros(len(parameters), dtype=long)
    for X, y in blocks():
        for i in range(0, len(y), EXTENDED_ROWS):
            part = X[i : i + EXTENDED_ROWS].astype(long)
            residual = 1 / (1 + np.exp(-(w[0] + part @ w[1:]))) - y[i : i + EXTENDED_ROWS]
            total[0] += residual.sum()
            total[1:] += residual @ ((part - mean) / scale)
    return total.astype(np.float64)
