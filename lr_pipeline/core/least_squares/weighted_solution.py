"""Weighted least squares on independent columns, in float64 or to the last digit.

Both use one algorithm. With the triangular factor R of the columns A (centred, scaled) the columns
of Z = A R⁻¹ are nearly orthonormal, so that M = Zᵀ Z is close to a multiple of the identity and
β = R⁻¹ M⁻¹ Zᵀ y is a first solution. Its residuals r = y − A β give the correction
R⁻¹ M⁻¹ R⁻ᵀ Aᵀ r (Björck 1996, "Numerical Methods for Least Squares Problems", 2.9). R need not
be accurate, since M corrects its errors: only the arithmetic of Z, r and Aᵀ r, float64 or
double-double, limits the digits.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, log2
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.linalg import cho_solve, cholesky

from lr_pipeline.core.columns.moments import Moments, moments_of
from lr_pipeline.core.columns.rank import ColumnAnalysis
from lr_pipeline.core.limits import PRECISION, UNIT_ROUNDOFF
from lr_pipeline.core.linear_algebra.double_double import DoubleDouble, join, two_sum
from lr_pipeline.core.linear_algebra.split_product import split_product
from lr_pipeline.core.linear_algebra.triangular import invert_triangular
from lr_pipeline.core.rows import Block, Rows, added, counted_rows, row_slices
from lr_pipeline.core.types import ParameterMatrix, Parameters

MAX_CORRECTIONS = 6
ROWS_AT_ONCE = 2048

BlockSums = Callable[[Block], tuple[Any, ...]]


@dataclass(frozen=True)
class LeastSquares:
    """The solution on the independent columns, in the columns' own units.

    ``parameters`` (p,): the intercept, if there is one, then the coefficients.
    ``residual_squares`` Σ w (y − ŷ)²; ``inverse_gram`` (p, p) = (Σ w x̃ x̃ᵀ)⁻¹;
    ``response_mean`` ȳ and ``response_squares`` Σ w (y − ȳ)².
    """

    parameters: Parameters
    residual_squares: float
    inverse_gram: ParameterMatrix
    response_mean: float
    response_squares: float


def solve_least_squares(
    rows: Rows, analysis: ColumnAnalysis, intercept: bool, exact: bool
) -> LeastSquares:
    """Minimise Σ w (y − x̃ᵀβ)² over the independent columns.

    Let κ be the condition number of the scaled columns and u = 2⁻⁵³. In float64, with two passes,
    the fitted values are right to about u κ rms(y). With ``exact``, three or four slower passes,
    they are right to u² κ (rms(y) + κ rms(r)), so that every parameter and standard error has
    nearly all digits of float64, as measured up to κ = 1e13.
    """
    basis = _Basis.from_analysis(analysis, intercept)
    M, b, response = _orthonormal_sums(rows, basis, exact)
    R = cholesky(M)
    solution = _product(basis.inverse_factor, cho_solve((R, False), b))
    previous = np.inf
    for _ in range(MAX_CORRECTIONS if exact else 1):
        gradient, squares = _residual_sums(rows, basis, solution, exact)
        gradient = _product(basis.inverse_factor.T, gradient).high
        correction = cho_solve((R, False), gradient)
        solution = solution + _product(basis.inverse_factor, correction)
        parameters = basis.own_units(solution).high
        gain = float(gradient @ correction)
        settled = np.abs(basis.to_own_units @ correction) <= UNIT_ROUNDOFF / 4 * np.abs(parameters)
        if settled.all() or gain > previous / 4:
            break
        previous = gain
    half = basis.to_own_units @ invert_triangular(R)
    return LeastSquares(
        parameters=parameters,
        residual_squares=max(squares - gain, 0.0),
        inverse_gram=half @ half.T,
        response_mean=float(response.mean[0]),
        response_squares=float(response.squares[0]),
    )


@dataclass(frozen=True)
class _Basis:
    """The columns in the units of the computation, and the map that makes them orthonormal.

    ``unit``: a power of two near the scale, so that (x − shift) / unit is exact as a sum of two
    float64. ``inverse_factor`` (p, p) = B: (1, A) B is nearly orthonormal.
    ``to_own_units`` (p, p): B for parameters in the columns' own units.
    ``bits``: the precision with which Z must be computed to have float64's 53 after cancellation.
    """

    columns: list[int]
    shift: Float64[np.ndarray, " k"]
    unit: Float64[np.ndarray, " k"]
    inverse_factor: ParameterMatrix
    to_own_units: ParameterMatrix
    intercept: bool
    bits: int

    @classmethod
    def from_analysis(cls, analysis: ColumnAnalysis, intercept: bool) -> "_Basis":
        """Return the basis for the independent columns, from their factor's inverse."""
        columns = list(analysis.independent)
        k, first = len(columns), int(intercept)
        shift, scale = analysis.mean[columns], analysis.scale[columns]
        unit = np.exp2(np.frexp(scale)[1])
        B = np.eye(k + first)
        B[first:, first:] = invert_triangular(analysis.factor * (scale / unit))
        own = B.copy()
        own[first:] /= unit[:, None]
        if intercept:
            own[0] -= _product(own[1:].T, shift).high
        bits = PRECISION + ceil(log2(analysis.condition * (k + 1))) + 4
        return cls(columns, shift, unit, B, own, intercept, bits)

    def own_units(self, solution: DoubleDouble) -> DoubleDouble:
        """Return the parameters of x from those of (x − shift) / unit."""
        if not self.intercept:
            return solution * (1.0 / self.unit)
        coefficients = solution[1:] * (1.0 / self.unit)
        intercept = solution[0] - (coefficients * self.shift).sum()
        return join([intercept, coefficients])

    def design(self, block: Block) -> DoubleDouble:
        """Return (1, A) of the block, transposed (p, n), without rounding."""
        first = int(self.intercept)
        high = np.ones((first + len(self.columns), len(block.y)))
        low = np.zeros_like(high)
        high[first:], low[first:] = two_sum(block.X.T[self.columns], -self.shift[:, None])
        high[first:] /= self.unit[:, None]
        low[first:] /= self.unit[:, None]
        return DoubleDouble(high, low)


def _orthonormal_sums(
    rows: Rows, basis: _Basis, exact: bool
) -> tuple[ParameterMatrix, Parameters, Moments]:
    """M = Σ w z zᵀ, Σ w z y and the moments of y, for the rows z of (1, A) B."""

    def sums(block: Block) -> tuple[ParameterMatrix, Parameters, Moments]:
        A, B = basis.design(block), basis.inverse_factor
        Z = split_product(A.high.T, B, basis.bits) + A.low.T @ B if exact else A.high.T @ B
        weighted = Z if block.weight is None else Z * block.weight[:, None]
        return weighted.T @ Z, weighted.T @ block.y, moments_of(block.y[:, None], block.weight)

    M, b, response = rows.sum(_in_parts(sums))
    return M, b, response


def _residual_sums(
    rows: Rows, basis: _Basis, solution: DoubleDouble, exact: bool
) -> tuple[DoubleDouble, float]:
    """Σ w (1, a) r and Σ w r² of the residuals r."""

    def in_float64(block: Block) -> tuple[DoubleDouble, float]:
        A = basis.design(block).high
        r = block.y - solution.high @ A
        weighted = r if block.weight is None else r * block.weight
        return DoubleDouble(A @ weighted), float(weighted @ r)

    def in_double_double(block: Block) -> tuple[DoubleDouble, float]:
        A = basis.design(block)
        r = DoubleDouble(block.y) - (A * solution[:, None]).sum()
        weighted = r if block.weight is None else r * block.weight
        return (A * weighted).sum(axis=1), float(weighted.high @ r.high)

    gradient, squares = rows.sum(_in_parts(in_double_double if exact else in_float64))
    return gradient, squares


def _in_parts(block_sums: BlockSums) -> BlockSums:
    """The same sums over a block, a few rows at a time: many temporaries then stay in cache."""

    def sums(block: Block) -> tuple[Any, ...]:
        return added(map(block_sums, row_slices(counted_rows(block), ROWS_AT_ONCE)))

    return sums


def _product(
    A: Float64[np.ndarray, "n k"], v: DoubleDouble | Float64[np.ndarray, " k"]
) -> DoubleDouble:
    """A v in double-double arithmetic."""
    v = v if isinstance(v, DoubleDouble) else DoubleDouble(v)
    return (v[:, None] * A.T).sum()
