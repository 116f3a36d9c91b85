"""Which columns of a design are linear combinations of others, to rounding."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float64
from scipy.linalg import lapack

from lr_pipeline.core.columns.moments import (
    Extremes,
    Moments,
    column_moments,
    require_squares,
    standard_deviation,
)
from lr_pipeline.core.limits import UNIT_ROUNDOFF
from lr_pipeline.core.linear_algebra.factors import Factors
from lr_pipeline.core.linear_algebra.triangular import invert_triangular, triangular_factor
from lr_pipeline.core.rows import Block, Rows, counted_rows
from lr_pipeline.core.types import Columns, ParameterMatrix

# How many rounding errors may separate a dependent column from the combination of others that it
# equals: one or a few in its entries, and up to 3, as measured, in the deviations from the mean, on
# which all arithmetic is done.
ROUNDING_ERRORS_OF_MEAN = 4.0
ROUNDING_ERRORS_OF_DEVIATION = 16.0

# Forming AᵀA squares the condition number. Up to this condition number its factor keeps seven
# digits, more than enough to show that no column is dependent to rounding.
LARGEST_GRAM_CONDITION = 1e4

SquareMatrix = Float64[np.ndarray, "k k"]


@dataclass(frozen=True)
class ColumnAnalysis:
    """Location, scale and linear dependence of the columns of a design.

    ``mean``, ``scale`` (d,): weighted mean and standard deviation (1.0 for a constant column);
    for a design without intercept, zeros and the root mean squares.
    ``independent``, ``dependent``: column numbers; from left to right, a column is dependent when
    it lies in the span of the intercept and the columns before it, to rounding.
    ``null_space`` (d, k): orthonormal columns N, for coefficients in the columns' own units, with
    (X − mean) N = 0 to rounding.
    ``factor`` (r, r): upper triangular R of the r independent columns with
    RᵀR = Σ w a aᵀ / Σ w for a = (x − mean) / scale, that is, of their correlation matrix.
    ``condition``: the condition number ‖R‖₁ ‖R⁻¹‖₁.
    ``num_rows``, ``total_weight``: rows of positive weight, and Σ w.
    ``extremes``: least and largest value of each column.
    """

    mean: Columns
    scale: Columns
    independent: tuple[int, ...]
    dependent: tuple[int, ...]
    null_space: Float64[np.ndarray, "d k"]
    factor: Float64[np.ndarray, "r r"]
    condition: float
    num_rows: int
    total_weight: float
    extremes: Extremes

    def minimum_norm(self, intercept: float, coefficients: Columns) -> tuple[float, Columns]:
        """Return the smallest coefficients, in Euclidean norm, with the same predictions.

        β − N Nᵀβ, and the intercept plus mean · (N Nᵀβ).
        """
        redundant = self.null_space @ (self.null_space.T @ coefficients)
        return intercept + float(self.mean @ redundant), coefficients - redundant


@dataclass(frozen=True)
class _Standardization:
    """Shift and scale of each column, and a bound on its rounding in units of the scale."""

    mean: Columns
    scale: Columns
    rounding: Columns
    intercept: bool
    total_weight: float

    @classmethod
    def from_moments(cls, moments: Moments, intercept: bool) -> "_Standardization":
        require_squares(moments)
        deviation = standard_deviation(moments)
        rounding = UNIT_ROUNDOFF * (
            ROUNDING_ERRORS_OF_MEAN * np.abs(moments.mean)
            + ROUNDING_ERRORS_OF_DEVIATION * deviation
        )
        mean = moments.mean if intercept else np.zeros_like(deviation)
        scale = deviation if intercept else np.hypot(moments.mean, deviation)
        scale = np.where(scale <= rounding, 1.0, scale)
        return cls(mean, scale, rounding / scale, intercept, moments.weight)

    def apply(self, block: Block) -> Float64[np.ndarray, "n p"]:
        """√(w / Σ w) (1, (x − mean) / scale) for each row, or without the 1."""
        X, _, weight = counted_rows(block)
        first = int(self.intercept)
        A = np.empty((len(X), X.shape[1] + first))
        A[:, :first] = 1.0
        np.subtract(X, self.mean, out=A[:, first:])
        A[:, first:] /= self.scale
        A *= np.sqrt((1.0 if weight is None else weight[:, None]) / self.total_weight)
        return A


@dataclass(frozen=True)
class _Elimination:
    """A left-to-right choice among columns A with factor R: A_dependent = A_independent C."""

    independent: list[int]
    dependent: list[int]
    R: SquareMatrix
    inverse: SquareMatrix
    combinations: Float64[np.ndarray, "k m"]

    @cached_property
    def condition(self) -> float:
        """‖R‖₁ ‖R⁻¹‖₁; 1 where there are no columns."""
        norms = [np.abs(A).sum(axis=0).max(initial=0.0) for A in (self.R, self.inverse)]
        return float(norms[0] * norms[1]) if self.independent else 1.0


def analyse_columns(rows: Rows, intercept: bool = True) -> ColumnAnalysis:
    """Find the location, scale and linear dependencies of the columns.

    A column is dependent when its distance to the span of the columns before it, as a root mean
    square, is at most ρ(x) + Σ |a_i| ρ(x_i), where Σ a_i x_i is the nearest point of the span
    and ρ(x) = u (4 |mean| + 16 deviation), u = 2⁻⁵³: there is then an exactly dependent table that
    differs from this one only by the rounding of its entries. There is no threshold on the
    condition number, and so a polynomial of degree ten has full rank.

    Two passes over the rows where the correlation matrix is well conditioned, three otherwise.
    Raises ``ValueError`` as ``column_moments`` does.
    """
    moments = column_moments(rows)
    standard = _Standardization.from_moments(moments, intercept)
    elimination = _eliminate_by_cholesky(rows, standard)
    if elimination is None:
        elimination = _eliminate(_orthogonal_factor(rows, standard), standard.rounding)
    return _analysis(moments, standard, elimination)


def analyse_by_information(moments: Moments, factors: Factors) -> ColumnAnalysis | None:
    """The analysis, where a logistic information shows the columns to be independent; else None.

    ``factors``: of Σ w s x̃ x̃ᵀ / Σ w (p, p) with s = σ(z) σ(−z) ≤ 1/4 and the columns
    standardized by ``moments``, after an intercept. The analysis uses s w in place of w, and so
    finds distances between columns that are at most half the true ones.
    """
    standard = _Standardization.from_moments(moments, True)
    if (standard.scale != standard_deviation(moments)).any():  # a column is constant, to rounding
        return None
    R, inverse = factors.L[1:, 1:].T, factors.inverse[1:, 1:].T
    elimination = _all_independent(R, inverse, standard.rounding)
    return None if elimination is None else _analysis(moments, standard, elimination)


def _analysis(
    moments: Moments, standard: _Standardization, elimination: _Elimination
) -> ColumnAnalysis:
    """The result for all columns, from a choice among them."""
    return ColumnAnalysis(
        mean=standard.mean,
        scale=standard.scale,
        independent=tuple(elimination.independent),
        dependent=tuple(elimination.dependent),
        null_space=_null_space(elimination, standard.scale),
        factor=elimination.R,
        condition=elimination.condition,
        num_rows=moments.num_rows,
        total_weight=moments.weight,
        extremes=moments.extremes,
    )


def _eliminate_by_cholesky(rows: Rows, standard: _Standardization) -> _Elimination | None:
    """The choice of all columns, where AᵀA already proves them independent; otherwise ``None``."""

    def gram(block: Block) -> ParameterMatrix:
        A = standard.apply(block)
        return np.asarray(A.T @ A)

    G = rows.sum(gram)
    if standard.intercept:  # the mean was rounded: subtract its remainder
        G = G[1:, 1:] - np.outer(G[0, 1:], G[0, 1:]) / G[0, 0]
    d = len(G)
    if d == 0:
        return _Elimination([], [], G, G, G)
    R, failed = lapack.dpotrf(G)
    return None if failed else _all_independent(R, invert_triangular(R), standard.rounding)


def _all_independent(
    R: SquareMatrix, inverse: SquareMatrix, rounding: Columns
) -> _Elimination | None:
    """The choice of all columns, where the factor of AᵀA proves them independent; else ``None``."""
    found = _Elimination(list(range(len(R))), [], R, inverse, np.empty((len(R), 0)))
    shown = found.condition <= LARGEST_GRAM_CONDITION and (rounding @ np.abs(inverse) < 1.0).all()
    return found if shown else None


def _orthogonal_factor(rows: Rows, standard: _Standardization) -> Float64[np.ndarray, "r d"]:
    """R of the standardized columns, orthogonal to the intercept, without forming AᵀA."""
    factor = rows.sum(lambda block: triangular_factor(standard.apply(block)))
    first = int(standard.intercept)
    return np.asarray(factor.R[first:, first:])


def _eliminate(R: Float64[np.ndarray, "r d"], rounding: Columns) -> _Elimination:
    """Go through the columns of an upper triangular matrix from left to right."""
    d = R.shape[1]
    R = np.vstack([R, np.zeros((d - len(R), d))])
    independent: list[int] = []
    dependent: list[int] = []
    factor, inverse, combinations = np.zeros((d, d)), np.zeros((d, d)), np.zeros((d, d))
    for j in range(d):
        k = len(independent)
        combination = inverse[:k, :k] @ R[:k, j]
        distance = float(np.linalg.norm(R[k : j + 1, j]))
        if distance <= rounding[j] + np.abs(combination) @ rounding[independent]:
            combinations[:k, len(dependent)] = combination
            dependent.append(j)
            continue
        _reflect(R[k : j + 1, j:])
        factor[: k + 1, k] = R[: k + 1, j]
        inverse[:k, k] = -combination / R[k, j]
        inverse[k, k] = 1.0 / R[k, j]
        independent.append(j)
    k, m = len(independent), len(dependent)
    return _Elimination(
        independent, dependent, factor[:k, :k], inverse[:k, :k], combinations[:k, :m]
    )


def _reflect(A: Float64[np.ndarray, "r c"]) -> None:
    """Reflect the rows of ``A``, in place, so that its first column becomes (±norm, 0, …)."""
    if len(A) == 1:
        return
    v = A[:, 0].copy()
    v[0] += np.copysign(np.linalg.norm(v), v[0])
    v /= np.linalg.norm(v)
    A -= np.outer(v, 2.0 * (v @ A))


def _null_space(elimination: _Elimination, scale: Columns) -> Float64[np.ndarray, "d k"]:
    """Orthonormal basis of the coefficients that change no prediction."""
    independent, dependent = elimination.independent, elimination.dependent
    N = np.zeros((len(scale), len(dependent)))
    if not dependent:
        return N
    N[independent] = -elimination.combinations
    N[dependent, range(len(dependent))] = 1.0
    N /= scale[:, None]
    N /= np.linalg.norm(N, axis=0)
    # Only whole columns are combined, so that each stays a null vector even where scales differ
    # much. It is done twice: a nearly dependent basis is not orthogonal after the first time.
    for _ in range(2):
        N = N @ invert_triangular(triangular_factor(N).R)
    return N
