"""Refuse arrays that no fit can hold, before any sum; errors name the row, column and remedy."""

from math import isfinite

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.limits import (
    LARGEST_NUMBER,
    LARGEST_WEIGHT,
    MAX_COLUMNS,
    SMALLEST_WEIGHT,
    ColumnError,
)
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.types import RowVector

Names = tuple[str, ...] | None


def require_columns(columns: int) -> None:
    """Raise ``ValueError`` where there are more columns than a fit can hold."""
    if columns > MAX_COLUMNS:
        raise ValueError(
            f"X has {columns:,} columns; at most {MAX_COLUMNS:,} can be fitted: leave out those "
            "that matter least"
        )


def require_numbers(rows: Rows, names: Names) -> None:
    """Raise ``ColumnError`` where X is not finite, or so large that sums of squares overflow.

    One pass of dot products over all rows suffices: if the sum of squares is at most the square of
    the largest allowed number, every number is allowed.
    """

    def squares(block: Block) -> float:
        with np.errstate(over="ignore", invalid="ignore"):
            flat = block.X.ravel(order="K")  # a view: blocks of whole rows, or of whole columns
            return float(flat @ flat)

    with np.errstate(over="ignore"):
        total = rows.sum(squares)
    beyond = not total <= LARGEST_NUMBER**2  # also true for NaN
    if beyond and (error := first_beyond(rows, names)) is not None:
        raise error


def first_beyond(rows: Rows, names: Names) -> ColumnError | None:
    """Return the error for the first row with a number beyond the limit, if there is one."""

    def first_in_block(block: Block) -> list[tuple[int, int, int, float]]:
        beyond = ~(np.abs(block.X) <= LARGEST_NUMBER)
        rows_beyond = np.flatnonzero(beyond.any(axis=1))
        if not len(rows_beyond):
            return [(len(beyond), -1, 0, 0.0)]
        row = int(rows_beyond[0])
        column = int(np.argmax(beyond[row]))
        return [(len(beyond), row, column, float(block.X[row, column]))]

    start = 0
    for length, row, column, value in rows.sum(first_in_block):
        if row >= 0:
            return _beyond(value, start + row, column, names)
        start += length
    return None


def _beyond(value: float, row: int, column: int, names: Names) -> ColumnError:
    if not isfinite(value):
        message = f"X must be finite, found {value:g} at row {row} (from 0), {{column}}"
        return ColumnError(f"{message}: impute or drop it", column, names)
    message = (
        f"X must hold numbers of size up to {LARGEST_NUMBER:g}, since sums of squares of larger "
        f"ones overflow, found {value:g} at row {row} (from 0), {{column}}: impute it if it marks "
        "a missing value, or rescale the column"
    )
    return ColumnError(message, column, names)


def require_weights(weight: RowVector) -> None:
    """Raise ``ValueError`` where weights are too large or too small for sums of squares."""
    _require_size("weight", weight)


def require_response(y: RowVector) -> None:
    """Raise ``ValueError`` where y is too large or too small for sums of squares."""
    _require_size("y", y)


def _require_size(name: str, values: Float64[np.ndarray, " n"]) -> None:
    """Require that the greatest absolute value is 0, or neither too large nor too small."""
    sizes = np.abs(values)
    row = int(np.argmax(sizes)) if len(sizes) else -1
    if row < 0 or sizes[row] == 0.0 or SMALLEST_WEIGHT <= sizes[row] <= LARGEST_WEIGHT:
        return
    if sizes[row] > LARGEST_WEIGHT:
        row = int(np.argmax(sizes > LARGEST_WEIGHT))
    found = f"found {values[row]:g} at row {row} (from 0)"
    if sizes[row] > LARGEST_WEIGHT:
        raise ValueError(
            f"{name} must hold numbers of size up to {LARGEST_WEIGHT:g}, since sums with larger "
            f"ones overflow, {found}: correct it, or rescale {name}"
        )
    raise ValueError(
        f"{name} must hold a number of size {SMALLEST_WEIGHT:g} or more, since sums with smaller "
        f"ones vanish, {found} as the largest: rescale {name}"
    )
