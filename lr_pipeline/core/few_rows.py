"""Newton's method on few rows, where calling numpy takes longer than its arithmetic.

The steps of ``solvers.newton`` on standardized rows, in place. With C a row's ±(1, x), where
±1 = 1 − 2y, and m = C w, the row's loss is log(1 + exp(m)), its gradient σ(m) C and its Hessian
σ(m) σ(−m) C Cᵀ.
"""

from dataclasses import dataclass
from math import isfinite, log, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.linalg import lapack

from lr_pipeline.core.certificate import CLOSE_FEW, distance_bounds
from lr_pipeline.core.curvature import Curvature
from lr_pipeline.core.rounding import ColumnSizes, addition_error, coarse_bounds
from lr_pipeline.core.rows import Block
from lr_pipeline.core.solvers.curvature import is_last_step
from lr_pipeline.core.solvers.line_search import VALUE_ROUNDING
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.solvers.result import (
    Certificate,
    FitResult,
    Status,
    Trace,
    TracePoint,
)
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters

FEW_NUMBERS = 2**14
# Deviations between zero and a column's mean up to which one subtraction centres it.
LARGEST_SHIFT = 1e3
# Of the factor of the Hessian: with more, columns may be dependent, or better made orthonormal.
LARGEST_CONDITION = 1e3
MAX_ITERATIONS = 30


class FewRowsFit(NamedTuple):
    """A certified fit in the parameters of columns standardized by ``mean`` and ``scale`` (d,)."""

    result: FitResult
    curvature: Curvature
    certificate: Certificate
    mean: Columns
    scale: Columns


def fit_few_rows(block: Block, solver: Newton) -> FewRowsFit | None:
    """Fit by maximum likelihood; None where a slower way is needed, or its messages.

    That is for weights, many numbers, labels other than 0 and 1, one class alone, columns that are
    constant, far from zero, not finite or nearly dependent, where a full Newton step fails, and
    where rounding needs a closer look.
    """
    rows = FewRows.of(block)
    result = None if rows is None else rows.minimize(solver)
    if rows is None or result is None:
        return None
    curvature = rows.curvature(result)
    if curvature is None:
        return None
    certificate = rows.certify(result.parameters, curvature)
    if certificate.standard_errors > max(CLOSE_FEW, 2.0 * curvature.decrement):
        return None
    return FewRowsFit(result, curvature, certificate, rows.mean, rows.scale)


class _Sums(NamedTuple):
    """Σ loss, its gradient and its Hessian at w."""

    w: Parameters
    value: float
    gradient: Parameters
    hessian: ParameterMatrix


@dataclass(frozen=True, eq=False)
class FewRows:
    """Standardized rows, each times ±1, and room for what is computed of them.

    ``C`` (p, n); ``mean``, ``scale`` (d,): z = w₀ + ((x − mean) / scale) w[1:]; ``prevalence`` of
    the label 1.
    """

    C: Float64[np.ndarray, "p n"]
    mean: Columns
    scale: Columns
    prevalence: float
    room: Float64[np.ndarray, "3 n"]

    @classmethod
    def of(cls, block: Block) -> "FewRows | None":
        """Return the rows of a block; None where ``fit_few_rows`` is."""
        X, y, weight = block
        n, d = X.shape
        ones = int(np.count_nonzero(y))
        if weight is not None or not 0 < X.size <= FEW_NUMBERS or not 0 < ones < n:
            return None
        if np.count_nonzero(y == 1.0) < ones:
            return None
        C = np.empty((d + 1, n))
        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            mean = np.add.reduce(X, axis=0) / n
            Z = np.subtract(X.T, mean[:, None], out=C[1:])
            scale = np.sqrt(np.einsum("ij,ij->i", Z, Z) / n)
        if not (isfinite(float(scale.sum())) and (np.abs(mean) < LARGEST_SHIFT * scale).all()):
            return None
        Z /= scale[:, None]
        np.multiply(y, -2.0, out=C[0])
        C[0] += 1.0
        Z *= C[0]
        return cls(C, mean, scale, ones / n, np.empty((3, n)))

    def minimize(self, solver: Newton) -> FitResult | None:
        """Take full Newton steps; None where one of them does not lower the loss."""
        n = self.C.shape[1]
        trace, nearest = Trace(), np.inf
        last: _Sums | None = None
        w = np.zeros(len(self.C))
        w[0] = log(self.prevalence / (1.0 - self.prevalence))
        for evaluations in range(1, MAX_ITERATIONS):
            sums = self.sums(w)
            _, step, failed = lapack.dposv(sums.hessian, sums.gradient, lower=1)
            square = float(sums.gradient @ step)
            if failed or not 0.0 <= square < np.inf:
                return None
            distance = sqrt(square)
            if last is None or nearest > solver.tolerance:
                if last is not None and sums.value > last.value * (1.0 + VALUE_ROUNDING):
                    return None
                norm = sqrt(float(sums.gradient @ sums.gradient)) / n
                length = 0.0 if last is None else 1.0
                trace.record(TracePoint(evaluations - 1, sums.value / n, norm, length))
            elif not distance < 0.5 * nearest:  # nothing left to polish
                return self.result(last, trace, evaluations)
            last, nearest = sums, distance
            if distance <= solver.tolerance:
                if not is_last_step(step, w):
                    return None
                if not solver.polish:
                    return self.result(last, trace, evaluations)
            w = w - step
        return None

    def sums(self, w: Parameters) -> _Sums:
        """Evaluate at ``w``."""
        C, (m, t, u) = self.C, self.room
        np.dot(w, C, out=m)
        np.abs(m, out=t)
        np.negative(t, out=t)
        np.exp(t, out=t)  # exp(−|m|)
        np.add(t, 1.0, out=u)
        loss = float(np.add.reduce(np.log1p(t)) + np.add.reduce(np.maximum(m, 0.0)))
        np.minimum(m, 0.0, out=m)
        np.exp(m, out=m)
        m /= u  # σ(m)
        t /= u
        t /= u  # σ(m) σ(−m)
        return _Sums(w, loss, np.dot(C, m), np.dot(C * t, C.T))

    def curvature(self, result: FitResult) -> Curvature | None:
        """Gradient and Hessian as sums; None where columns may be dependent."""
        p, n = self.C.shape
        reported = np.zeros((p, p))  # (intercept, coefficients) of w
        reported[0, 0] = 1.0
        reported.flat[p + 1 :: p + 1] = 1.0 / self.scale
        reported[0, 1:] = -self.mean / self.scale
        gradient, hessian = np.asarray(result.gradient), np.asarray(result.hessian)
        curvature = Curvature.of(gradient * n, hessian * n, np.zeros(p), reported)
        if curvature is None:
            return None
        reciprocal = lapack.dtrcon(curvature.factor, uplo="L")[0]
        return curvature if reciprocal * LARGEST_CONDITION >= 1.0 else None

    def certify(self, w: Parameters, curvature: Curvature) -> Certificate:
        """Bound the distance to the optimum by the largest value of each column."""
        n = self.C.shape[1]
        largest = np.maximum.reduce(np.abs(self.C), axis=1)
        sizes = ColumnSizes(largest, largest, largest, 0.0)
        bounds = coarse_bounds(w, curvature, sizes, float(n), addition_error(n, 1))
        return distance_bounds(w, curvature, bounds, float(n))

    def result(self, sums: _Sums, trace: Trace, evaluations: int) -> FitResult:
        """The means over the rows, as solvers return them."""
        n, w = self.C.shape[1], sums.w
        gradient = sums.gradient / n
        norm = sqrt(float(gradient @ gradient))
        points = tuple(trace.points)
        return FitResult(
            w,
            Status.CONVERGED,
            len(points) - 1,
            evaluations,
            sums.value / n,
            norm,
            points,
            gradient,
            sums.hessian / n,
            w,
        )
