"""Newton's method on few rows, where calling numpy takes longer than its arithmetic.

It works on standardized rows, in place. Let C be a row's ±(1, x), with ±1 = 1 − 2y, and m = C w,
e = exp(m), u = 1 + e. The row's loss is log u, its gradient σ C with σ = e / u and its Hessian
s C Cᵀ with s = e / u². One product of the matrices (s C; σ) and Cᵀ gives the Hessian and, below
it, the gradient.

A fit to a tolerance takes better steps than Newton's −d, d = H⁻¹g, and saves two evaluations. From
the optimum of the intercept alone, the first step is 1 / (1 − R²) times as long, with R² = gᵀd / n
the squared multiple correlation of label and columns. It leads to the coefficients of linear
discriminant analysis (Haggstrom, 1983, Journal of Business & Economic Statistics 1: 229–238). Later
steps add Chebyshev's −½ H⁻¹ ∇³f[d, d], with ∇³f[d, d] = Σ s (1 − 2σ) (Cᵀd)² C; convergence is then
cubic (Traub, 1964, Iterative Methods for the Solution of Equations).
"""

from collections.abc import Iterator
from math import inf, log, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.linalg import lapack

from lr_pipeline.core.acceleration.regimes import REGIMES
from lr_pipeline.core.certificate.curvature import length
from lr_pipeline.core.certificate.rounding import addition_error
from lr_pipeline.core.fitting.plain_fit import (
    Standardization,
    StandardizedFit,
    Sums,
    certified,
    is_usual,
)
from lr_pipeline.core.rows import Block
from lr_pipeline.core.solvers.hessian_solve import is_last_step
from lr_pipeline.core.solvers.line_search import VALUE_ROUNDING
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.solvers.result import TracePoint
from lr_pipeline.core.types import ParameterMatrix, Parameters, RowVector

MAX_ITERATIONS = 30
# The longest first step relative to Newton's, and the longest correction relative to the step that
# it corrects. Beyond these the loss rises more often, and the fit is left to the plain path.
LONGEST_FIRST_STEP = 2.0
LARGEST_CORRECTION = 0.5

FewRowsFit = tuple[StandardizedFit, tuple[TracePoint, ...], int]

# Numpy takes longer to convert a Python number than to add 100 float64 numbers.
ONES, ONE, HALF = np.ones(REGIMES.small_numbers), np.array(1.0), np.array(0.5)


def fit_few_rows(block: Block, solver: Newton) -> FewRowsFit | None:
    """Fit by maximum likelihood; return the fit, its trace and its number of evaluations.

    None where the plain path, or one of its messages, is needed: for weights, many numbers, labels
    other than 0 and 1, one class alone, columns that are constant, far from zero, not finite or
    nearly dependent, where a full Newton step fails, and where the rounding bound is too coarse.
    """
    # Values that are not finite show in the shifts, in the Hessian or in the length of a step.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        rows = FewRows.of(block)
        found = None if rows is None else rows.minimize(solver)
    if rows is None or found is None:
        return None
    sums, trace, evaluations = found
    fit = rows.certified(sums)
    return None if fit is None else (fit, tuple(trace), evaluations)


class _Room(NamedTuple):
    """Arrays for an evaluation's results: e, u, s and σ (n,) of each row, and (s C; σ).

    ``weighted`` and ``sigma`` are the parts of ``stack``.
    """

    e: RowVector
    u: RowVector
    variance: RowVector
    sigma: RowVector
    weighted: Float64[np.ndarray, "p n"]
    stack: Float64[np.ndarray, "p+1 n"]

    @classmethod
    def of(cls, p: int, n: int) -> "_Room":
        stack = np.empty((p + 1, n))
        return cls(np.empty(n), np.empty(n), np.empty(n), stack[p], stack[:p], stack)


class FewRows(NamedTuple):
    """Standardized rows, each times ±1, and arrays for what is computed from them.

    ``C`` (p, n) is the upper part of ``first``, whose last row is σ where every row has the
    probability ``prevalence`` of label 1. ``ones`` (n,).
    """

    first: Float64[np.ndarray, "p+1 n"]
    C: Float64[np.ndarray, "p n"]
    columns: Standardization
    ones: RowVector
    prevalence: float
    room: _Room

    @classmethod
    def of(cls, block: Block) -> "FewRows | None":
        """Return the rows of a block; None where ``fit_few_rows`` returns None."""
        X, y, weight = block
        n, d = X.shape
        positive = int(np.count_nonzero(y))
        if weight is not None or not 0 < n * d <= len(ONES) or not 0 < positive < n:
            return None
        if np.count_nonzero(y == ONE) < positive:
            return None
        first, ones, prevalence = np.empty((d + 2, n)), ONES[:n], positive / n
        C, signs, Z, sigma = first[:-1], first[0], first[1:-1], first[-1]
        np.subtract(y, prevalence, sigma)
        np.abs(sigma, sigma)
        np.subtract(HALF, y, signs)
        signs += signs
        mean = np.empty(d + 1)
        means = mean[1:]
        ones.dot(X, means)
        means /= n
        mean[0] = -1.0
        np.subtract(X.T, means[:, None], Z)
        scale = np.vecdot(C, C)
        scale /= n
        np.sqrt(scale, scale)
        shift = mean / scale
        if not is_usual(scale, shift, n):
            return None
        Z *= signs
        C /= scale[:, None]
        columns = Standardization(mean, scale, shift)
        return cls(first, C, columns, ones, prevalence, _Room.of(d + 1, n))

    def minimize(self, solver: Newton) -> tuple[Sums, list[TracePoint], int] | None:
        """Iterate to the optimum; None where a step does not lower the loss.

        With ``polish``, Newton's steps lead to the rounding floor, else better ones to a tolerance.
        """
        n, tolerance = len(self.ones), solver.tolerance
        trace: list[TracePoint] = []
        last: Sums | None = None
        nearest, moved = inf, 0.0
        sums = self.beginning()
        for evaluations in range(1, MAX_ITERATIONS):
            w, gradient = sums.w, sums.gradient
            factor, d, failed = lapack.dposv(sums.hessian, gradient)
            square = float(gradient.dot(d))
            if failed or not 0.0 <= square < inf:
                return None
            distance = sqrt(square)
            if last is None or nearest > tolerance:
                if last is not None and sums.value > last.value * (1.0 + VALUE_ROUNDING):
                    return None
                trace.append(TracePoint(len(trace), sums.value / n, length(gradient) / n, moved))
            elif not distance < 0.5 * nearest:  # the rounding floor
                return last, trace, evaluations
            if distance <= tolerance:
                if not is_last_step(d, w):
                    return None
                if not solver.polish:
                    return sums, trace, evaluations
            last, nearest, moved = sums, distance, 1.0
            if not solver.polish and evaluations == 1:
                moved = first_step_length(square / n)
                d *= moved
            elif not solver.polish and square > tolerance:  # else Newton's step is enough
                d += self.correction(factor, d, square)
            sums = self.sums(w - d)
        return None

    def beginning(self) -> Sums:
        """Evaluate at the optimum of the intercept alone, where all rows have the same s."""
        positive, negative = self.prevalence, 1.0 - self.prevalence
        w = np.zeros(len(self.C))
        w[0] = log(positive / negative)
        derivatives = self.first.dot(self.C.T)
        derivatives[:-1] *= positive * negative
        loss = -len(self.ones) * (positive * log(positive) + negative * log(negative))
        return Sums(w, loss, derivatives[-1], derivatives[:-1].T)

    def sums(self, w: Parameters) -> Sums:
        """Evaluate at ``w``."""
        C = self.C
        e, u, variance, sigma, weighted, stack = self.room
        w.dot(C, e)
        np.exp(e, e)
        np.add(e, ONE, u)
        np.divide(e, u, sigma)
        np.divide(sigma, u, variance)
        np.multiply(C, variance, weighted)
        np.log1p(e, e)
        derivatives = stack.dot(C.T)
        return Sums(w, float(e.dot(self.ones)), derivatives[-1], derivatives[:-1].T)

    def correction(self, factor: ParameterMatrix, d: Parameters, square: float) -> Parameters:
        """½ H⁻¹ ∇³f[d, d] at the last evaluation, shortened where it is too long relative to d.

        ``factor``: R with RᵀR = H; ``square``: dᵀHd.
        """
        along, third, variance, sigma, _, _ = self.room
        np.subtract(HALF, sigma, third)
        third *= variance
        d.dot(self.C, along)
        along *= along
        along *= third
        change = self.C.dot(along)
        correction: Parameters = lapack.dpotrs(factor, change)[0]
        longer = change.dot(correction) / (LARGEST_CORRECTION**2 * square)
        if longer > 1.0:
            correction /= sqrt(longer)
        return correction

    def certified(self, sums: Sums) -> StandardizedFit | None:
        """Bound the distance to the optimum by bounds on the columns' values.

        The first bound is √n, which none of n standardized values exceeds (Samuelson, 1968, Journal
        of the American Statistical Association 63: 1522–1525); the second the largest value.
        """
        n = len(self.ones)
        return certified(sums, self.columns, float(n), addition_error(n, 1), self.sizes())

    def sizes(self) -> Iterator[Parameters]:
        """Bounds (p,) on the values of each column, the second closer than the first."""
        yield ONES[: len(self.C)] * sqrt(len(self.ones))
        yield np.maximum.reduce(np.abs(self.C), 1)


def first_step_length(explained: float) -> float:
    """1 / (1 − R²), at most ``LONGEST_FIRST_STEP``."""
    return 1.0 / max(1.0 - explained, 1.0 / LONGEST_FIRST_STEP)
