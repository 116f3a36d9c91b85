"""The plain path: maximum likelihood by Newton's method, as in docs/notation.md.

The columns are standardized, x̃ = (1, (x − mean) / scale), the objective is f(w) = −ℓ(w) / W, and
the result is certified by its gradient, its Hessian and the largest |x̃|.
"""

from collections.abc import Iterable
from math import fsum, log, sqrt
from typing import NamedTuple

import numpy as np
from scipy.linalg import lapack

from lr_pipeline.core.certificate.distance import Certificate, distance_bounds
from lr_pipeline.core.certificate.rounding import SECOND_ORDER, addition_error, plain_bounds
from lr_pipeline.core.existence.existence import Existence, Verdict
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.inference.inference import NOT_ASKED_FOR
from lr_pipeline.core.limits import LARGEST_NUMBER, SMALLEST_NUMBER, UNIT_ROUNDOFF
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.solvers.result import Progress, Status, TracePoint
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters, RowVector

# Standard errors from the optimum at which a solver stops, unless a tolerance is given.
TOLERANCE = 1e-9
# The certificate of a fit to a tolerance may exceed its solver's own estimate by this factor.
SLACK = 1.5
NEWTON = Newton()
# A fit has converged when its certificate puts it within this many standard errors of the optimum.
CERTIFIED = 1e-3
# A certificate below this many standard errors, or below twice the decrement, is close enough; on
# the plain path, with its coarser bound on rounding, unless a tolerance is given.
CLOSE, PLAINLY_CLOSE = 1e-9, 1e-6
# One subtraction centres columns whose means are at most this many deviations from zero.
LARGEST_SHIFT = 1e3
# Limit of the condition number of the Hessian's factor, with rows of equal length. Above it columns
# may be dependent, or should be made orthonormal.
LARGEST_CONDITION = 1e3

TracePoints = tuple[TracePoint, ...]
# What a finite certificate of independent columns proves.
UNIQUE = Existence(Verdict.UNIQUE)


class Standardization(NamedTuple):
    """Means and deviations (p,) of columns, after the constant's: x̃ = (1, (x − mean) / scale).

    ``mean`` (−1, x̄), ``scale`` (1, …) and ``shift`` = mean / scale: −shiftᵀw is the intercept for
    the original columns.
    """

    mean: Parameters
    scale: Parameters
    shift: Parameters

    def units(self, inverse: ParameterMatrix, absolute: Parameters) -> tuple[Parameters, float]:
        """Units of the reported parameters, and their rounding in these units.

        ``inverse``: L⁻¹ of H's factor; ``absolute``: |w|. See ``parameter_rounding``.
        """
        columns = inverse.T
        standardized = np.sqrt(np.vecdot(columns, columns))
        units = standardized / self.scale
        intercept = inverse.dot(self.shift)
        units[0] = sqrt(intercept.dot(intercept))
        sizes = absolute / standardized
        sizes[0] = np.abs(self.shift).dot(absolute) / units[0]
        return units, (len(sizes) + 4) * UNIT_ROUNDOFF * max(sizes.tolist())


def fit_plainly(
    rows: Rows,
    kernel: LogisticKernel,
    tolerance: float | None,
    inferred: bool,
    progress: Progress | None,
) -> LogisticFit | None:
    """Fit by maximum likelihood; ``inferred``: with standard errors.

    None where the longer path (``fit``), or one of its messages, is needed: for labels other than 0
    and 1, one class alone, columns that are constant, far from zero, nearly dependent or not
    finite, and where the classes are separated or the rounding bound is too coarse.
    """
    found = _standardize(rows)
    if found is None:
        return None
    columns, total_weight, weight_1 = found
    objective = MeanLogLoss(rows, kernel, columns, total_weight)
    start = np.zeros(rows.num_columns + 1)
    start[0] = log(weight_1 / (total_weight - weight_1))
    solver = newton_to(tolerance)
    result = solver.minimize(objective, start, progress)
    if result.status is not Status.CONVERGED:
        return None
    w = result.parameters
    value, gradient, hessian = objective.value_gradient_hessian(w)
    sums = Sums(w, value * total_weight, gradient * total_weight, hessian * total_weight)
    longest = min(rows.block_rows, rows.num_rows)
    addition = addition_error(longest, -(-rows.num_rows // longest))
    sizes, close = [objective.sizes()], PLAINLY_CLOSE if tolerance is None else CLOSE
    fit = certified(sums, columns, total_weight, addition, sizes, close)
    if fit is None:
        return None
    return fit.in_table_units(solver.name, result.trace, result.evaluations, inferred, weight_1)


def _standardize(rows: Rows) -> tuple[Standardization, float, float] | None:
    """Mean and deviation of each column, Σ ω and Σ ω y; two passes."""

    def totals(block: Block) -> tuple[int, float, float, Parameters]:
        weight, y = _weights(block), block.y
        others = int(np.count_nonzero((y != 0.0) & (y != 1.0)))
        return others, float(weight.sum()), float(weight @ y), weight @ block.X

    with np.errstate(over="ignore", invalid="ignore"):  # the test below fails for infinity and NaN
        others, total, ones, sums = rows.sum(totals)
        mean = sums / total
        squares = rows.sum(lambda block: _weights(block) @ (block.X - mean) ** 2)
        scale = np.append(1.0, np.sqrt(squares / total))
        mean = np.append(-1.0, mean)
        shift = mean / np.maximum(scale, SMALLEST_NUMBER)
    if others or not 0.0 < ones < total or not is_usual(scale, shift, rows.num_rows):
        return None
    return Standardization(mean, scale, shift), total, ones


def is_usual(scale: Parameters, shift: Parameters, n: int) -> bool:
    """Whether no column is constant, tiny or far from zero, or could have too large a number.

    |x| <= scale (|shift| + √n) for n equal weights. NaN and infinity are not usual either.
    """
    largest = LARGEST_NUMBER / (LARGEST_SHIFT + sqrt(n))
    near = shift.dot(shift) < LARGEST_SHIFT**2
    return bool(near and scale.min() >= SMALLEST_NUMBER and scale.max() <= largest)


def _weights(block: Block) -> RowVector:
    """How often each row counts."""
    return np.ones(len(block.y)) if block.weight is None else block.weight


class MeanLogLoss:
    """f(w) = Σ ω log loss / W of standardized rows."""

    hessian_is_exact = True

    def __init__(
        self, rows: Rows, kernel: LogisticKernel, columns: Standardization, total_weight: float
    ) -> None:
        self.rows, self.kernel, self.columns = rows, kernel, columns
        self.total_weight = total_weight

    def value(self, w: Parameters) -> float:
        """f(w)."""
        return self.value_gradient_hessian(w)[0]

    def value_gradient(self, w: Parameters) -> tuple[float, Parameters]:
        """f(w) and ∇f(w)."""
        return self.value_gradient_hessian(w)[:2]

    def value_gradient_hessian(self, w: Parameters) -> tuple[float, Parameters, ParameterMatrix]:
        """f(w), ∇f(w) and ∇²f(w)."""
        value, gradient, hessian = self.rows.sum(
            lambda block: self.kernel.loss_gradient_information(self.standardized(block), w)
        )
        W = self.total_weight
        return value / W, gradient / W, hessian / W

    def standardized(self, block: Block) -> Block:
        """Return the rows with columns centred and in standard deviations."""
        mean, scale = self.columns.mean[1:], self.columns.scale[1:]
        return Block((block.X - mean) / scale, block.y, block.weight)

    def sizes(self) -> Parameters:
        """Return bounds (p,) on |x̃|, 8-norms: they are at least the maximum, and can be summed."""

        def powers(block: Block) -> Columns:
            counted = np.sign(_weights(block))
            return np.asarray(counted @ self.standardized(block).X ** 8)

        return np.append(1.0, SECOND_ORDER * self.rows.sum(powers) ** 0.125)


class Sums(NamedTuple):
    """Σ loss at w, its gradient and Hessian, stored by columns: LAPACK then makes no copy."""

    w: Parameters
    value: float
    gradient: Parameters
    hessian: ParameterMatrix


class StandardizedFit(NamedTuple):
    """Parameters with a certificate, and L⁻¹ of the factor of the Hessian.

    ``units`` (p,): square roots of the diagonal of M H⁻¹ Mᵀ, the standard errors of intercept and
    coefficients M w.
    """

    sums: Sums
    total_weight: float
    columns: Standardization
    certificate: Certificate
    units: Parameters
    inverse_factor: ParameterMatrix

    @property
    def covariance(self) -> ParameterMatrix:
        """M H⁻¹ Mᵀ."""
        half = self.inverse_factor / self.columns.scale
        half[:, 0] = -self.inverse_factor.dot(self.columns.shift)
        return np.asarray(half.T @ half)

    def in_table_units(
        self, solver: str, trace: TracePoints, evaluations: int, inferred: bool, weight_1: float
    ) -> LogisticFit:
        """Return the fit in the table's units; ``inferred``: with standard errors."""
        w, value, gradient, _ = self.sums
        mean, scale = self.columns.mean[1:], self.columns.scale[1:]
        coefficients, mean_value = w[1:] / scale, value / self.total_weight
        return LogisticFit(
            intercept=fsum([float(w[0]), *(-mean * coefficients).tolist()]),
            coefficients=coefficients,
            penalty=NoPenalty(),
            solver=solver,
            status=settled_status(Status.CONVERGED, self.certificate),
            iterations=len(trace) - 1,
            evaluations=evaluations,
            value=mean_value,
            log_likelihood=-mean_value * self.total_weight,
            gradient_norm=sqrt(gradient.dot(gradient)) / self.total_weight,
            trace=trace,
            certificate=self.certificate,
            unique=True,
            dependent_columns=(),
            existence=UNIQUE,
            covariance=self.covariance if inferred else None,
            standard_errors=self.units[1:] if inferred else None,
            intercept_standard_error=float(self.units[0]) if inferred else None,
            inference_withheld="" if inferred else NOT_ASKED_FOR,
            certificate_units=self.units,
            center=mean,
            scale=scale,
            scaled_parameters=w,
            class_weights=(self.total_weight - weight_1, weight_1),
        )


def certified(
    sums: Sums,
    columns: Standardization,
    total_weight: float,
    addition: float,
    sizes: Iterable[Parameters],
    close: float = CLOSE,
) -> StandardizedFit | None:
    """Bound the distance to the optimum by bounds on the columns' values.

    ``addition``: relative error of the sums. ``sizes``: bounds (p,) on |x̃|, each closer than the
    one before. None where columns may be dependent, or the rounding bound is above ``close``.
    """
    w, _, gradient, hessian = sums
    factor, failed = lapack.dpotrf(hessian, lower=1)
    if failed:
        return None
    inverse = lapack.dtrtri(factor, lower=1)[0]
    absolute, root = np.abs(w), np.sqrt(hessian.diagonal())
    scaled = inverse.dot(gradient)
    decrement = sqrt(scaled.dot(scaled))
    units, rounding = columns.units(inverse, absolute)
    for largest in sizes:
        bounds = plain_bounds(largest, absolute, inverse, root, total_weight, addition)
        if bounds.columns > LARGEST_CONDITION:
            return None
        certificate = distance_bounds(bounds, decrement, total_weight, rounding)
        if certificate.standard_errors <= max(close, 2.0 * decrement):
            return StandardizedFit(sums, total_weight, columns, certificate, units, inverse)
    return None


def newton_to(tolerance: float | None) -> Newton:
    """Return Newton's method to a tolerance, or without one to the rounding floor."""
    return NEWTON if tolerance is None else Newton(tolerance / SLACK, polish=False)


def settled_status(status: Status, certificate: Certificate) -> Status:
    """The final status: the certificate decides whether the solver converged."""
    if certificate.standard_errors <= CERTIFIED:
        return Status.CONVERGED
    return Status.STALLED if status is Status.CONVERGED else status
