"""Limits of a fit: how many columns, and how large numbers may be so that no sum overflows."""

from math import isfinite
from typing import Any

# Largest relative rounding error of one operation in float64.
UNIT_ROUNDOFF = 2.0**-53
# Significant bits of a float64.
PRECISION = 53
# Matrices of columns × columns are held and factorized.
MAX_COLUMNS = 3_000
# Limits of a column's numbers: squares of up to 1e200, times a weight and a number of rows, stay
# below the 1.8e308 of float64. Where all numbers are below the smallest, their squares underflow.
LARGEST_NUMBER, SMALLEST_NUMBER = 1e100, 1e-100
# Rasters and instruments write the largest number of float32 where there is no value.
LARGEST_FLOAT32 = 3.4028234663852886e38
# Limits of weights, and of a numeric response.
LARGEST_WEIGHT, SMALLEST_WEIGHT = 1e50, 1e-50


class ColumnError(ValueError):
    """Raised for a column that cannot be fitted; ``message`` with the column's name or number."""

    def __init__(self, message: str, column: int, names: tuple[str, ...] | None = None) -> None:
        self.message, self.column, self.names = message, column, names
        name = f"{column} (from 0)" if names is None else repr(names[column])
        super().__init__(message.format(column=f"column {name}"))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle all of it, since a worker's error is caught in another process."""
        return ColumnError, (self.message, self.column, self.names)

    def named(self, names: tuple[str, ...] | None) -> "ColumnError":
        """Return the error with the column's name."""
        return ColumnError(self.message, self.column, names)


def require_positive(**settings: int | float) -> None:
    """Raise ``ValueError`` for the first setting that is not a positive, finite number."""
    for name, value in settings.items():
        if not (value > 0 and isfinite(value)):
            raise ValueError(f"{name} must be positive and finite, found {value}")
