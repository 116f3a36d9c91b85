"""Centred and scaled columns, and the map between their parameters and the table's own.

z = w₀ + Σ_j w_j (x_j − m_j) / s_j = b₀ + Σ_j β_j x_j, with β_j = w_j / s_j and
b₀ = w₀ − Σ_j m_j β_j. On standardized columns curvature is comparable in all directions, a large
mean costs no digits, and x − m is exact to one rounding. Nearly dependent columns are also made
orthonormal, since a Hessian squares their condition number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import fsum
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.linalg import solve_triangular

from lr_pipeline.core.columns.moments import Extremes
from lr_pipeline.core.columns.rank import ColumnAnalysis
from lr_pipeline.core.rows import Block, HeldRows, Rows, Value, added, gather, row_slices
from lr_pipeline.core.types import Columns, Parameters

# Above this condition number, a Hessian in standardized columns keeps fewer than ten digits.
LARGEST_STANDARDIZED_CONDITION = 1e3
COPIED_ROWS = 8192
# A design of at most this many numbers is standardized once and held, a larger one in every pass.
HELD_NUMBERS = 2**16

Square = Float64[np.ndarray, "k k"]


@dataclass(frozen=True, eq=False)
class StandardizedRows:
    """Chosen columns of other rows, as ((x − center) / scale) B, computed block by block."""

    rows: Rows
    columns: tuple[int, ...]
    center: Columns
    scale: Columns
    B: Square | None

    @property
    def block_rows(self) -> int:
        """Largest number of rows in a block."""
        return min(self.rows.block_rows, COPIED_ROWS)

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.rows.num_rows

    @property
    def num_columns(self) -> int:
        """Number of columns chosen."""
        return len(self.columns)

    def sum(self, block_function: Callable[[Block], Value]) -> Value:
        """Add ``block_function`` over the standardized blocks."""
        return self.rows.sum(lambda block: added(map(block_function, self._parts(block))))

    def hold(self, *blocks: Block) -> Rows:
        """Return blocks in memory as rows of the same engine."""
        return self.rows.hold(*blocks)

    def _parts(self, block: Block) -> Iterator[Block]:
        """The block standardized, a few rows at a time, which keeps the copies in the cache."""
        return map(self._standardize, row_slices(block, COPIED_ROWS))

    def _standardize(self, block: Block) -> Block:
        every = len(self.columns) == block.X.shape[1]
        X = (block.X if every else block.X[:, list(self.columns)]) - self.center
        if not np.all(self.scale == 1.0):
            X /= self.scale
        return Block(X if self.B is None else X @ self.B, block.y, block.weight)


class Reported(NamedTuple):
    """The linear map M (q, p) from parameters w to the reported intercept and coefficients.

    ``intercept`` (p,): the first row. ``slopes`` (q − 1, p − 1): coefficients = slopes w[1:]; or
    (p − 1,), where each coefficient is one parameter times a number.
    """

    intercept: Parameters
    slopes: Columns | Float64[np.ndarray, "d k"]

    def matrix(self) -> Float64[np.ndarray, "q p"]:
        """M."""
        slopes = np.diag(self.slopes) if self.slopes.ndim == 1 else self.slopes
        return np.vstack([self.intercept, np.pad(slopes, ((0, 0), (1, 0)))])

    def sizes(self, w: Parameters) -> Float64[np.ndarray, " q"]:
        """|M| |w|."""
        first, slopes, rest = np.abs(self.intercept) @ np.abs(w), np.abs(self.slopes), np.abs(w[1:])
        return np.concatenate([[first], slopes * rest if slopes.ndim == 1 else slopes @ rest])


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Parameters w of k columns of a table, standardized: β = B w[1:] / scale.

    ``columns``: the k chosen ones; ``center``, ``scale`` (k,); ``B`` (k, k) upper triangular, or
    None for the identity. ``minimum_norm``: whether, of all coefficients with the same predictions,
    the smallest are reported.
    """

    analysis: ColumnAnalysis
    columns: tuple[int, ...]
    center: Columns
    scale: Columns
    B: Square | None
    minimum_norm: bool

    @property
    def deviation(self) -> Columns:
        """Standard deviations (k,) of the chosen columns."""
        return self.analysis.scale[list(self.columns)]

    def rows(self, rows: Rows) -> Rows:
        """Return the table's rows in these coordinates."""
        plain = not self.center.any() and bool(np.all(self.scale == 1.0))
        if plain and len(self.columns) == rows.num_columns:
            return rows
        standardized = StandardizedRows(rows, self.columns, self.center, self.scale, self.B)
        if rows.num_rows * len(self.columns) > HELD_NUMBERS:
            return standardized
        return HeldRows(gather(standardized), rows.num_rows)

    def to_table(self, w: Parameters) -> tuple[float, Columns]:
        """Return intercept and coefficients (d,) in the table's units."""
        chosen = (w[1:] if self.B is None else self.B @ w[1:]) / self.scale
        coefficients = np.zeros(len(self.analysis.mean))
        coefficients[list(self.columns)] = chosen
        intercept = fsum([float(w[0]), *(-self.center * chosen).tolist()])
        if self.minimum_norm and self.analysis.dependent:
            return self.analysis.minimum_norm(intercept, coefficients)
        return intercept, coefficients

    def from_table(self, intercept: float, coefficients: Columns) -> Parameters:
        """Return the parameters with the same predictions as the table's ``coefficients`` (d,).

        The coefficient of a dependent column that is left out is moved to the others.
        """
        if len(self.columns) < len(coefficients):
            intercept, coefficients = _without_dependent(self.analysis, intercept, coefficients)
        chosen = coefficients[list(self.columns)]
        slopes = chosen * self.scale
        if self.B is not None:
            slopes = solve_triangular(self.B, slopes)
        return np.concatenate([[fsum([intercept, *(self.center * chosen).tolist()])], slopes])

    def reported(self) -> Reported:
        """Return the map from w to intercept and coefficients in the table's units."""
        d, k = len(self.analysis.mean), len(self.columns)
        if self.B is None and k == d:
            slopes = 1.0 / self.scale
            return Reported(np.concatenate([[1.0], -self.center * slopes]), slopes)
        chosen = (np.eye(k) if self.B is None else self.B) / self.scale[:, None]
        intercept, slopes = np.concatenate([[1.0], -self.center @ chosen]), np.zeros((d, k))
        slopes[list(self.columns)] = chosen
        if self.minimum_norm and self.analysis.dependent:
            redundant = self.analysis.null_space @ (self.analysis.null_space.T @ slopes)
            intercept[1:] += self.analysis.mean @ redundant
            slopes -= redundant
        return Reported(intercept, slopes)

    def with_extremes(self, extremes: Extremes) -> "Coordinates":
        """Return the same coordinates of columns with other extremes."""
        return replace(self, analysis=replace(self.analysis, extremes=extremes))

    def largest(self) -> Columns:
        """Return bounds (k,) on the columns' absolute values in these coordinates."""
        chosen, center = list(self.columns), self.center
        extremes = self.analysis.extremes
        lower, upper = extremes.lower[chosen], extremes.upper[chosen]
        size = np.maximum(np.abs(lower - center), np.abs(upper - center)) / self.scale
        return np.asarray(size if self.B is None else size @ np.abs(self.B))

    def amplification(self) -> Square:
        """Return |B⁻¹| |B|: how rounding of the standardized columns grows in their product."""
        k = len(self.columns)
        if self.B is None:
            return np.eye(k)
        return np.asarray(np.abs(solve_triangular(self.B, np.eye(k))) @ np.abs(self.B))


def table_units(
    analysis: ColumnAnalysis, columns: tuple[int, ...], minimum_norm: bool
) -> Coordinates:
    """Return coordinates of the chosen columns as they are in the table."""
    k = len(columns)
    return Coordinates(analysis, columns, np.zeros(k), np.ones(k), None, minimum_norm)


def standardized(
    analysis: ColumnAnalysis, columns: tuple[int, ...], minimum_norm: bool
) -> Coordinates:
    """Return coordinates of the chosen columns, centred and in standard deviations."""
    chosen = list(columns)
    center, scale = analysis.mean[chosen], analysis.scale[chosen]
    return Coordinates(analysis, columns, center, scale, None, minimum_norm)


def orthonormal(analysis: ColumnAnalysis, minimum_norm: bool) -> Coordinates:
    """Return coordinates of the independent columns, standardized, orthonormal where needed.

    With the correlation matrix RᵀR, the columns ((x − m) / s) R⁻¹ are orthonormal.
    """
    coordinates = standardized(analysis, analysis.independent, minimum_norm)
    if analysis.condition <= LARGEST_STANDARDIZED_CONDITION:
        return coordinates
    inverse = solve_triangular(analysis.factor, np.eye(len(analysis.factor)))
    return replace(coordinates, B=inverse)


def _without_dependent(
    analysis: ColumnAnalysis, intercept: float, coefficients: Columns
) -> tuple[float, Columns]:
    """Subtract N c with (N c)_dep = β_dep: the same predictions, zeros for dependent columns."""
    N, dependent = analysis.null_space, list(analysis.dependent)
    c = np.linalg.solve(N[dependent], coefficients[dependent])
    moved = coefficients - N @ c
    moved[dependent] = 0.0
    return intercept + float(analysis.mean @ (N @ c)), moved
