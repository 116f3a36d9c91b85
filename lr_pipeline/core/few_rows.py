"""Newton's method on few rows, where calling numpy takes longer than its arithmetic.

On standardized rows, in place. With C a row's ±(1, x), where ±1 = 1 − 2y, m = C w, e = exp(m) and
u = 1 + e, the row's loss is log u, its gradient σ C with σ = e / u and its Hessian s C Cᵀ with
s = e / u². One product of the matrices (s C; σ) and Cᵀ holds the Hessian above the gradient.

A fit to a tolerance takes two steps better than Newton's, −d with d = H⁻¹g; each saves an
evaluation. From the optimum of the intercept alone the first goes 1 / (1 − R²) times as far, with
R² = λ² / n the squared multiple correlation of label and columns: to the coefficients of linear
discriminant analysis (Haggstrom, 1983, Journal of Business & Economic Statistics 1: 229–238). Those
after it add Chebyshev's correction −½ H⁻¹ ∇³f[d, d] (Traub, 1964, Iterative Methods, §5.2), with
∇³f[d, d] = Σ s (1 − 2σ) (Cᵀd)² C: the error then falls with its cube.
"""

from dataclasses import dataclass
from math import inf, isfinite, log, sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.linalg import lapack

from lr_pipeline.core.certificate import CLOSE_FEW, distance_bounds
from lr_pipeline.core.curvature import length
from lr_pipeline.core.rounding import UNIT_ROUNDOFF, addition_error, plain_bounds
from lr_pipeline.core.rows import Block
from lr_pipeline.core.solvers.curvature import is_last_step
from lr_pipeline.core.solvers.line_search import VALUE_ROUNDING
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.solvers.result import Certificate, TracePoint
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters, RowVector

FEW_NUMBERS = 2**14
# Deviations between zero and the columns' means up to which one subtraction centres them.
LARGEST_SHIFT = 1e3
# Of the factor of the Hessian, its rows made equally long: with more, columns may be dependent, or
# better made orthonormal.
LARGEST_CONDITION = 1e3
MAX_ITERATIONS = 30
# How many times as far as Newton's the first step may go, and how long a correction may be beside
# the step that it corrects: where the classes are nearly separated, both would go anywhere.
LONGEST_FIRST_STEP = 4.0
LARGEST_CORRECTION = 0.5

# Numpy takes longer to convert a Python number than to add 100 of its own.
ONES, ONE, HALF = np.ones(FEW_NUMBERS), np.array(1.0), np.array(0.5)


class FewRowsFit(NamedTuple):
    """A certified fit, its Hessian L Lᵀ, and ``mean`` and ``scale`` (d,) of the columns.

    z = w₀ + ((x − mean) / scale) w[1:]. ``units`` (p,) and ``half_covariance`` (p, p) are those of
    ``Curvature``.
    """

    w: Parameters
    value: float
    gradient_norm: float
    trace: tuple[TracePoint, ...]
    evaluations: int
    certificate: Certificate
    half_covariance: ParameterMatrix
    units: Parameters
    mean: Columns
    scale: Columns


def fit_few_rows(block: Block, solver: Newton) -> FewRowsFit | None:
    """Fit by maximum likelihood; None where a slower way is needed, or its messages.

    That is for weights, many numbers, labels other than 0 and 1, one class alone, columns that are
    constant, far from zero, not finite or nearly dependent, where a full Newton step fails, and
    where rounding needs a closer look.
    """
    rows = FewRows.of(block)
    if rows is None:
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # no step is taken by what overflowed
        found = rows.minimize(solver)
    return None if found is None else rows.certified(*found)


class _Sums(NamedTuple):
    """Σ loss at w, its gradient and its Hessian; of each row, σ and s.

    The Hessian is held in columns, as LAPACK takes it without a copy.
    """

    w: Parameters
    value: float
    gradient: Parameters
    hessian: ParameterMatrix
    sigma: RowVector
    variance: RowVector


@dataclass(frozen=True, eq=False)
class FewRows:
    """Standardized rows, each times ±1, and room for what is computed of them.

    ``C`` (p, n); ``mean``, ``scale``, ``shift`` = mean / scale (d,); ``ones`` (n,);
    ``prevalence`` of the label 1.
    """

    C: Float64[np.ndarray, "p n"]
    mean: Columns
    scale: Columns
    shift: Columns
    prevalence: float
    ones: RowVector
    room: tuple[RowVector, RowVector, RowVector, RowVector]

    @classmethod
    def of(cls, block: Block) -> "FewRows | None":
        """Return the rows of a block; None where ``fit_few_rows`` is."""
        X, y, weight = block
        n, d = X.shape
        positive = int(np.count_nonzero(y))
        if weight is not None or not 0 < n * d <= FEW_NUMBERS or not 0 < positive < n:
            return None
        flat = X.reshape(-1)  # where its squares add up to a number, nothing overflows below
        if np.count_nonzero(y == ONE) < positive or not isfinite(flat.dot(flat)):
            return None
        C, ones = np.empty((d + 1, n)), ONES[:n]
        signs, Z = C[0], C[1:]
        mean = ones.dot(X)
        mean /= n
        np.subtract(X.T, mean[:, None], Z)
        scale = np.vecdot(Z, Z)
        scale /= n
        np.sqrt(scale, scale)
        if np.count_nonzero(scale) < d:
            return None
        shift = mean / scale
        if not shift.dot(shift) < LARGEST_SHIFT**2:
            return None
        Z /= scale[:, None]
        np.subtract(HALF, y, signs)
        signs += signs
        Z *= signs
        room = (np.empty(n), np.empty(n), np.empty(n), np.empty(n))
        return cls(C, mean, scale, shift, positive / n, ones, room)

    def minimize(self, solver: Newton) -> tuple[_Sums, list[TracePoint], int] | None:
        """Go to the optimum; None where a step does not lower the loss.

        Where a tolerance is asked for by steps better than Newton's, else by Newton's alone.
        """
        n, trace = len(self.ones), []
        last: _Sums | None = None
        nearest, moved = inf, 0.0
        w = np.zeros(len(self.C))
        w[0] = log(self.prevalence / (1.0 - self.prevalence))
        for evaluations in range(1, MAX_ITERATIONS):
            sums = self.sums(w)
            gradient = sums.gradient
            factor, d, failed = lapack.dposv(sums.hessian, gradient, lower=1)
            square = float(gradient.dot(d))
            if failed or not 0.0 <= square < inf:
                return None
            distance = sqrt(square)
            if last is None or nearest > solver.tolerance:
                if last is not None and sums.value > last.value * (1.0 + VALUE_ROUNDING):
                    return None
                trace.append(TracePoint(len(trace), sums.value / n, length(gradient) / n, moved))
            elif not distance < 0.5 * nearest:  # nothing left to polish
                return last, trace, evaluations
            if distance <= solver.tolerance:
                if not is_last_step(d, w):
                    return None
                if not solver.polish:
                    return sums, trace, evaluations
            last, nearest, moved = sums, distance, 1.0
            if not solver.polish:
                if evaluations == 1:
                    moved = first_step_length(square / n)
                    d *= moved
                elif square > solver.tolerance:  # else Newton's step will do
                    d += self.correction(sums, factor, d, square)
            w = w - d
        return None

    def sums(self, w: Parameters) -> _Sums:
        """Evaluate at ``w``."""
        C, ones = self.C, self.ones
        m, e, u, s = self.room[0], self.room[1], self.room[2], np.empty(len(ones))
        p = len(w)
        stack = np.empty((p + 1, len(ones)))
        sigma = stack[p]
        w.dot(C, m)
        np.exp(m, e)
        np.add(e, ONE, u)
        np.divide(e, u, sigma)
        np.divide(sigma, u, s)
        np.multiply(C, s, stack[:p])
        np.log1p(e, e)
        derivatives = stack.dot(C.T)
        return _Sums(w, float(e.dot(ones)), derivatives[p], derivatives[:p].T, sigma, s)

    def correction(
        self, sums: _Sums, factor: ParameterMatrix, d: Parameters, square: float
    ) -> Parameters:
        """½ H⁻¹ ∇³f[d, d], shortened where it is too long beside d; ``square`` is ‖d‖²_H."""
        third, along, _, _ = self.room
        np.subtract(HALF, sums.sigma, third)
        third *= sums.variance
        d.dot(self.C, along)
        along *= along
        along *= third
        change = self.C.dot(along)
        correction = lapack.dpotrs(factor, change, lower=1)[0]
        longer = change.dot(correction) / (LARGEST_CORRECTION**2 * square)
        if longer > 1.0:
            correction /= sqrt(longer)
        return correction

    def certified(
        self, sums: _Sums, trace: list[TracePoint], evaluations: int
    ) -> FewRowsFit | None:
        """Bound the distance to the optimum by the largest value of each column.

        None where columns may be dependent, or rounding needs a closer look.
        """
        n, w = len(self.ones), sums.w
        factor, failed = lapack.dpotrf(sums.hessian, lower=1)
        if failed:
            return None
        inverse = lapack.dtrtri(factor, lower=1)[0]
        absolute, root = np.abs(w), np.sqrt(sums.hessian.diagonal())
        largest = np.maximum.reduce(np.abs(self.C), axis=1)
        addition = addition_error(n, 1)
        bounds = plain_bounds(largest, absolute, inverse, root, float(n), addition)
        half, units, rounding = self.reported(inverse, absolute)
        decrement = length(inverse.dot(sums.gradient))
        certificate = distance_bounds(bounds, decrement, float(n), rounding)
        if certificate.standard_errors > max(CLOSE_FEW, 2.0 * decrement):
            return None
        value, norm = sums.value / n, length(sums.gradient) / n
        return FewRowsFit(w,value,norm,tuple(trace),evaluations,certificate,half,units,self.mean,self.scale)

    def reported(
        self, inverse: ParameterMatrix, absolute: Parameters
    ) -> tuple[ParameterMatrix, Parameters, float]:
        """L⁻¹ Mᵀ, its columns' lengths, and the rounding of M w in those, M as in ``Curvature``.

        Of the intercept, M's row is (1, −shift), of a coefficient 1 / scale.
        """
        p = len(absolute)
        slopes = np.empty(p)
        half = inverse.copy()
        half[:,1:] /= self.scale
        half[:, 0] -= inverse[:, 1:].dot(self.shift)
        units = np.sqrt(np.vecdot(half.T, half.T))
        sizes = absolute.copy()
        sizes[1:] /= self.scale
        sizes[0] += absolute[1:].dot(np.abs(self.shift))
        sizes /= units
        return half, units, (p + 4) * UNIT_ROUNDOFF * float(sizes.max())


def first_step_length(explained: float) -> float:
    """1 / (1 − R²), at most ``LONGEST_FIRST_STEP``."""
    return 1.0 / max(1.0 - explained, 1.0 / LONGEST_FIRST_STEP)
