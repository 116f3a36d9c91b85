"""Refuses numbers too large or too small for a fit: sums of their squares over- or underflow."""

from collections.abc import Iterator, Mapping
from math import isclose, isfinite

import numpy as np
import pyarrow.types as pt

from lr_pipeline.core.limits import (
    LARGEST_FLOAT32,
    LARGEST_NUMBER,
    LARGEST_WEIGHT,
    SMALLEST_NUMBER,
    SMALLEST_WEIGHT,
)
from lr_pipeline.tables.errors import Problem, table_error
from lr_pipeline.tables.preparation.encoding import numbers_of, require_usable
from lr_pipeline.tables.preparation.encoding_fit import holds_text
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.column_summary import ColumnSummary
from lr_pipeline.tables.values.column_values import plain_values

FLOAT32_DIGITS = 1e-6  # the largest float32 is written with 7 to 17 digits


def magnitude_problems(table: Table, summaries: Mapping[str, ColumnSummary]) -> Iterator[Problem]:
    """Refuse features with a number beyond 1e100 or none as large as 1e-100, weights beyond 1e50.

    Also refuse features with the largest float32, which stands for a missing value. The columns'
    ranges show all of these; a column that is refused is read once more to find the row.
    """
    roles = table.roles
    for name in _numbers_in(roles):
        yield from _feature_problems(table, name, summaries[name])
    if (weight := roles.weight) is not None:
        yield from _weight_problems(table, weight, summaries[weight])


def require_usable_rows(table: Table) -> None:
    """Raise ``TableError`` for the first row with a number that no fit can use."""
    numbers = _numbers_in(table.roles)
    names = [name for name in numbers if not holds_text(table.schema.field(name).type)]
    before = 0
    for block in table.blocks(columns=names):
        for name in names:
            require_usable(name, numbers_of(name, block.column(name)), before)
        before += block.num_rows


def _numbers_in(roles: ColumnRoles) -> list[str]:
    """The features that may be numbers: those that are not declared as categories."""
    return [name for name in roles.features if name not in roles.category]


def _feature_problems(table: Table, name: str, column: ColumnSummary) -> Iterator[Problem]:
    size = _size(column)
    leave_out = f"exclude=[{name!r}]"
    if size > LARGEST_NUMBER:
        row, value = _first_beyond(table, name, LARGEST_NUMBER)
        message = (
            f"feature {name!r} has the number {value:g} (row {row}); sums of squares of numbers "
            f"beyond {LARGEST_NUMBER:g} overflow"
        )
        remedy = (
            f"Make it missing if it stands for no value, rescale the column, or set {leave_out}"
        )
        yield Problem(message, remedy, name, row)
    elif isclose(size, LARGEST_FLOAT32, rel_tol=FLOAT32_DIGITS):
        row, value = _first_beyond(table, name, LARGEST_FLOAT32 * (1.0 - FLOAT32_DIGITS))
        message = (
            f"feature {name!r} has the number {value!r} (first at row {row}), the largest of "
            "float32, which stands for no value in rasters and from instruments"
        )
        yield Problem(message, f"Set missing=['{value!r}'], or {leave_out}", name, row)
    elif 0.0 < size < SMALLEST_NUMBER and column.least != column.greatest:
        message = (
            f"feature {name!r} has no number of size {SMALLEST_NUMBER:g} or more but only up to "
            f"{size:g}; sums of squares of such numbers vanish"
        )
        yield Problem(message, f"Rescale the column, or set {leave_out}", name)


def _weight_problems(table: Table, name: str, column: ColumnSummary) -> Iterator[Problem]:
    size = 0.0 if column.first_negative else _size(column)
    if size > LARGEST_WEIGHT:
        row, value = _first_beyond(table, name, LARGEST_WEIGHT)
        message = (
            f"weight {name!r} is {value:g} at row {row}; sums of weights beyond "
            f"{LARGEST_WEIGHT:g} overflow"
        )
        yield Problem(message, "Correct that row, or rescale the weights", name, row)
    elif 0.0 < size < SMALLEST_WEIGHT:
        message = (
            f"weight {name!r} is at most {size:g}; sums of weights below {SMALLEST_WEIGHT:g} vanish"
        )
        yield Problem(message, "Rescale the weights", name)


def _size(column: ColumnSummary) -> float:
    """The largest absolute value of floats; 0 for other types, and where one is infinite."""
    if not pt.is_floating(column.kind) or column.least is None:
        return 0.0
    size = max(abs(column.least), abs(column.greatest))
    return size if isfinite(size) else 0.0


def _first_beyond(table: Table, name: str, limit: float) -> tuple[int, float]:
    """Row (from 1) and value of the first number that is larger than the limit."""
    start = 0
    for block in table.blocks(columns=[name]):
        values = plain_values(block.column(name)).fill_null(0.0).to_numpy()
        beyond = np.abs(values) > limit
        if beyond.any():
            row = int(np.argmax(beyond))
            return start + row + 1, float(values[row])
        start += len(values)
    raise table_error(f"column {name!r} changed while it was read", "Read the table again", name)
