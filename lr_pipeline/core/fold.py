"""Standardizing the parameters instead of the rows, so that no pass copies a table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.moments import Extremes
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.standardize import StandardizedRows
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters

# Up to so many deviations between zero and a column's mean, rows need not be centred.
LARGEST_SHIFT = 100.0
# The same for combinations of columns, which need not be formed then for the gradient of a table of
# many numbers.
LARGEST_COMBINATION = 1e3
MANY_NUMBERS = 2**20


@dataclass(frozen=True, eq=False)
class Fold:
    """The linear map T with z = x̃ᵀ w for standardized rows = (1, x)ᵀ T w for the rows as they are.

    T w = (w₀ − m · β, β) with β = B w[1:] / s, zero for the columns left out; gradients go back by
    Tᵀ g and Hessians by Tᵀ H T. ``shift`` (k,): by how much rounding errors of x can exceed those
    of the standardized columns, |m| / s or its combinations by |B|.
    """

    standardized: StandardizedRows
    shift: Columns

    @classmethod
    def of(cls, rows: Rows) -> "Fold | None":
        """Return the fold, where it loses at most two digits, squared in a Hessian; else None."""
        if not isinstance(rows, StandardizedRows):
            return None
        shift = np.abs(rows.center) / rows.scale
        if shift.max(initial=0.0) > LARGEST_SHIFT:
            return None
        if rows.B is None:
            return cls(rows, shift)
        shift = shift @ np.abs(rows.B)
        many = rows.num_rows * rows.num_columns > MANY_NUMBERS
        return cls(rows, shift) if many and shift.max() <= LARGEST_COMBINATION else None

    @property
    def rows(self) -> Rows:
        """The rows as they are."""
        return self.standardized.rows

    @property
    def keeps_hessians(self) -> bool:
        """Whether a Hessian keeps its digits: without B, which squares the condition number."""
        return self.standardized.B is None

    def parameters(self, w: Parameters) -> Float64[np.ndarray, " q"]:
        """T w."""
        B = self.standardized.B
        slopes = (w[1:] if B is None else B @ w[1:]) / self.standardized.scale
        raw = np.zeros(self.rows.num_columns + 1)
        raw[0] = w[0] - float(self.standardized.center @ slopes)
        raw[self._places] = slopes
        return raw

    def gradient(self, raw: Float64[np.ndarray, " q"]) -> Parameters:
        """Tᵀ g."""
        B = self.standardized.B
        slopes = (raw[self._places] - self.standardized.center * raw[0]) / self.standardized.scale
        return np.concatenate([raw[:1], slopes if B is None else slopes @ B])

    def hessian(self, raw: Float64[np.ndarray, "q q"]) -> ParameterMatrix:
        """Tᵀ H T, without B."""
        places, center = self._places, self.standardized.center
        side = raw[0, places]
        mixed = np.multiply.outer(center, side - raw[0, 0] / 2.0 * center)
        squares = raw[1:, 1:] if isinstance(places, slice) else raw[np.ix_(places, places)]
        hessian = np.empty((len(center) + 1, len(center) + 1))
        hessian[0, 0] = raw[0, 0]
        hessian[0, 1:] = hessian[1:, 0] = side - raw[0, 0] * center
        hessian[1:, 1:] = squares - mixed - mixed.T
        hessian[1:] /= self.standardized.scale[:, None]
        hessian[:, 1:] /= self.standardized.scale
        return hessian

    def largest(self, raw: Extremes) -> Columns:
        """Bounds (k,) on the standardized columns' absolute values, from the table's extremes."""
        standardized, columns = self.standardized, list(self.standardized.columns)
        distance = np.maximum(
            np.abs(raw.lower[columns] - standardized.center),
            np.abs(raw.upper[columns] - standardized.center),
        )
        size: Columns = distance / standardized.scale
        return size if standardized.B is None else size @ np.abs(standardized.B)

    @property
    def _places(self) -> Any:
        """Where the chosen columns are among a table's parameters."""
        columns = self.standardized.columns
        every = len(columns) == self.rows.num_columns
        return slice(1, None) if every else [column + 1 for column in columns]
