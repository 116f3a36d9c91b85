"""Affine reparametrization: parameters are standardized instead of rows, and no table is copied."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.columns.moments import Extremes
from lr_pipeline.core.columns.standardize import Square, StandardizedRows
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters

# Rows need not be centred where a column's mean is at most this many deviations from zero.
LARGEST_SHIFT = 100.0
# The same limit for combinations of columns: up to this limit, the gradient of a large table is
# computed without forming the combinations.
LARGEST_COMBINATION = 1e3
LARGE_TABLE_NUMBERS = 2**20
# One bound is used for all columns where no mean or deviation is more than this many times the
# smallest deviation.
ALIKE = 10.0


@dataclass(frozen=True, eq=False)
class Reparametrization:
    """The linear map T with z = x̃ᵀ w for standardized rows = (1, x)ᵀ T w for the given ``rows``.

    T w = (w₀ − m · β, β) with β = B w[1:] / s, zero for the columns left out; gradients are mapped
    back by Tᵀ g and Hessians by Tᵀ H T. ``rows``: the table's, or where means are far from zero the
    chosen columns centred, and then m = 0. ``shift`` (k,): by how much rounding errors of x can
    exceed those of the standardized columns: |m| / s, or its combinations by |B|.
    """

    rows: Rows
    places: Any
    center: Columns
    scale: Columns
    B: Square | None
    shift: Columns

    @classmethod
    def of(cls, rows: Rows) -> "Reparametrization | None":
        """Return the map where it loses at most two digits (four in a Hessian); else None."""
        if not isinstance(rows, StandardizedRows):
            return None
        many = rows.num_rows * rows.num_columns > LARGE_TABLE_NUMBERS
        if rows.B is not None and not many:
            return None
        shift = np.abs(rows.center) / rows.scale
        combined = shift if rows.B is None else shift @ np.abs(rows.B)
        near = shift.max(initial=0.0) <= LARGEST_SHIFT
        if near and (rows.B is None or combined.max() <= LARGEST_COMBINATION):
            every = rows.num_columns == rows.rows.num_columns
            places = slice(1, None) if every else [column + 1 for column in rows.columns]
            return cls(rows.rows, places, rows.center, rows.scale, rows.B, combined)
        if not many:
            return None
        none = np.zeros_like(shift)
        centred = replace(rows, scale=np.ones_like(shift), B=None)
        return cls(centred, slice(1, None), none, rows.scale, rows.B, none)

    @property
    def keeps_hessians(self) -> bool:
        """Whether Tᵀ H T keeps the digits of H: only without B, whose condition it squares."""
        return self.B is None

    @property
    def alike(self) -> bool:
        """Whether one bound is used for all columns, which are about equally large."""
        largest = (np.abs(self.center) + self.scale).max(initial=0.0)
        return bool(largest <= ALIKE * self.scale.min(initial=np.inf))

    def parameters(self, w: Parameters) -> Float64[np.ndarray, " q"]:
        """T w."""
        slopes = (w[1:] if self.B is None else self.B @ w[1:]) / self.scale
        raw = np.zeros(self.rows.num_columns + 1)
        raw[0] = w[0] - float(self.center @ slopes)
        raw[self.places] = slopes
        return raw

    def gradient(self, raw: Float64[np.ndarray, " q"]) -> Parameters:
        """Tᵀ g."""
        slopes = (raw[self.places] - self.center * raw[0]) / self.scale
        return np.concatenate([raw[:1], slopes if self.B is None else slopes @ self.B])

    def hessian(self, raw: Float64[np.ndarray, "q q"]) -> ParameterMatrix:
        """Tᵀ H T, without B."""
        places, center = self.places, self.center
        side = raw[0, places]
        mixed = np.multiply.outer(center, side - raw[0, 0] / 2.0 * center)
        squares = raw[1:, 1:] if isinstance(places, slice) else raw[np.ix_(places, places)]
        hessian = np.empty((len(center) + 1, len(center) + 1))
        hessian[0, 0] = raw[0, 0]
        hessian[0, 1:] = hessian[1:, 0] = side - raw[0, 0] * center
        np.subtract(squares, mixed, out=hessian[1:, 1:])
        hessian[1:, 1:] -= mixed.T
        hessian[1:] /= self.scale[:, None]
        hessian[:, 1:] /= self.scale
        return hessian

    def largest(self, raw: Extremes) -> Columns:
        """Bounds (k,) on the standardized columns' absolute values, from those of ``rows``."""
        lower = np.concatenate([[0.0], raw.lower])[self.places]
        upper = np.concatenate([[0.0], raw.upper])[self.places]
        distance = np.maximum(np.abs(lower - self.center), np.abs(upper - self.center))
        size: Columns = distance / self.scale
        return size if self.B is None else size @ np.abs(self.B)
