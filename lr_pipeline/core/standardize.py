"""Centred and scaled columns, and the way between their parameters and the table's own.

z = w₀ + Σ_j w_j (x_j − m_j) / s_j = b₀ + Σ_j β_j x_j, with β_j = w_j / s_j and
b₀ = w₀ − Σ_j m_j β_j. On standardized columns curvature is comparable in all directions, a large
mean costs no digits, and x − m is exact to one rounding.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.rank import ColumnAnalysis
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.types import Columns, Parameters


@dataclass(frozen=True, eq=False)
class StandardizedRows:
    """Some columns of other rows, as (x − center) / scale, computed block by block."""

    rows: Rows
    columns: tuple[int, ...]
    center: Columns
    scale: Columns

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.rows.num_rows

    @property
    def num_columns(self) -> int:
        """Number of columns chosen."""
        return len(self.columns)

    def sum(self, block_function: Callable[[Block], tuple[Any, ...]]) -> tuple[Any, ...]:
        """Add ``block_function`` over the standardized blocks."""
        return self.rows.sum(lambda block: block_function(self._standardize(block)))

    def max(self, block_function: Callable[[Block], float]) -> float:
        """Return the largest ``block_function`` over the standardized blocks."""
        return self.rows.max(lambda block: block_function(self._standardize(block)))

    def _standardize(self, block: Block) -> Block:
        every = len(self.columns) == block.X.shape[1]
        chosen = block.X if every else block.X[:, list(self.columns)]
        X = chosen - self.center
        X /= self.scale
        return Block(X, block.y, block.weight)


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Parameters of some columns of a table, centred and scaled.

    ``columns``: the k chosen; ``center``, ``scale`` (k,). ``minimum_norm``: whether the table's
    coefficients are the smallest with the same predictions, where several have them.
    """

    analysis: ColumnAnalysis
    columns: tuple[int, ...]
    center: Columns
    scale: Columns
    minimum_norm: bool

    def rows(self, rows: Rows) -> Rows:
        """Return the table's rows in these coordinates."""
        plain = not self.center.any() and bool(np.all(self.scale == 1.0))
        if plain and len(self.columns) == rows.num_columns:
            return rows
        return StandardizedRows(rows, self.columns, self.center, self.scale)

    def to_table(self, w: Parameters) -> tuple[float, Columns]:
        """Return intercept and coefficients (d,) in the table's units."""
        coefficients = np.zeros(len(self.analysis.mean))
        coefficients[list(self.columns)] = w[1:] / self.scale
        shift = self.center * (w[1:] / self.scale)
        intercept = fsum([float(w[0]), *(-shift).tolist()])
        if self.minimum_norm and self.analysis.dependent:
            return self.analysis.minimum_norm(intercept, coefficients)
        return intercept, coefficients

    def from_table(self, intercept: float, coefficients: Columns) -> Parameters:
        """Return the parameters here with the predictions of ``coefficients`` (d,) there.

        The weight of a column left out because it depends on others is moved to those.
        """
        if len(self.columns) < len(coefficients):
            intercept, coefficients = _without_dependent(self.analysis, intercept, coefficients)
        chosen = coefficients[list(self.columns)]
        w = np.empty(len(chosen) + 1)
        w[0] = fsum([intercept, *(self.center * chosen).tolist()])
        w[1:] = chosen * self.scale
        return w

    def matrix(self) -> Float64[np.ndarray, "q p"]:
        """Return M (d + 1, k + 1) with (intercept, coefficients) = M w."""
        images = [self.to_table(unit) for unit in np.eye(len(self.columns) + 1)]
        return np.column_stack([np.concatenate([[b], beta]) for b, beta in images])


def standardized(
    analysis: ColumnAnalysis, columns: tuple[int, ...], minimum_norm: bool
) -> Coordinates:
    """Return centred and scaled coordinates for the chosen columns."""
    chosen = list(columns)
    return Coordinates(
        analysis, columns, analysis.mean[chosen], analysis.scale[chosen], minimum_norm
    )


def unstandardized(
    analysis: ColumnAnalysis, columns: tuple[int, ...], minimum_norm: bool
) -> Coordinates:
    """Return the chosen columns as they are in the table."""
    k = len(columns)
    return Coordinates(analysis, columns, np.zeros(k), np.ones(k), minimum_norm)


def _without_dependent(
    analysis: ColumnAnalysis, intercept: float, coefficients: Columns
) -> tuple[float, Columns]:
    """Subtract N c with (N c)_dep = β_dep: the same predictions, zeros for dependent columns."""
    N, dependent = analysis.null_space, list(analysis.dependent)
    c = np.linalg.solve(N[dependent], coefficients[dependent])
    moved = coefficients - N @ c
    moved[dependent] = 0.0
    return intercept + float(analysis.mean @ (N @ c)), moved
