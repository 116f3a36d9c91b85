"""Arrays and data frames of numbers, as callers have them, converted to float64 without loss."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.limits import MAX_COLUMNS
from lr_pipeline.core.types import FLOAT64_BYTES, Design, RowVector
from lr_pipeline.engines.arrays.array_forms import (
    as_numpy,
    frame_columns,
    require_one_index,
)
from lr_pipeline.engines.arrays.array_limits import (
    Names,
    require_columns,
    require_numbers,
    require_weights,
)
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.tables.values.decimals import LARGEST_EXACT_INTEGER

Array = Float64[np.ndarray, "..."]


def open_arrays(
    X: Any, y: Any, weight: Any, check: bool = True
) -> tuple[ArrayRows, tuple[str, ...] | None]:
    """Return the rows of X, y and weights, and the names of the columns where they have any.

    Raises the errors of ``design_array``, and others for missing labels, indexes that differ, and
    numbers that no fit can hold. Without ``check`` (a pass), and without weights, a number in X
    that no fit can hold raises no error.
    """
    if y is None:
        raise ValueError("y is missing: pass one label a row, or a Table, which has its own")
    if not type(X) is type(y) is np.ndarray:
        require_one_index(X=X, y=y, weight=weight)
    design, names = design_array(X)
    label = vector_array("y", y)
    weights = None if weight is None else vector_array("weight", weight)
    if weights is not None and len(weights) == len(design) == len(label) and not weights.all():
        return _counted(design, label, weights, names), names
    rows = ArrayRows(design, label, weights)
    if weights is not None:
        require_weights(weights)
    if check or weights is not None:
        require_numbers(rows, names)
    return rows, names


def _counted(X: Design, y: RowVector, weight: RowVector, names: Names) -> ArrayRows:
    """Return the rows whose weight is not 0; errors give a row's number among all rows."""
    counted = weight != 0.0
    everything = ArrayRows(np.where(counted[:, None], X, 0.0), np.where(counted, y, 0.0), weight)
    require_weights(weight)
    require_numbers(everything, names)
    return ArrayRows(X[counted], y[counted], weight[counted])


def design_array(X: Any) -> tuple[Float64[np.ndarray, "n d"], tuple[str, ...] | None]:
    """Return X (n, d) in float64, and the names of its columns where it has any.

    Booleans, integers and floats of up to 64 bits, as a two-dimensional array, nested lists or a
    data frame. A float64 array is copied only where its rows are not contiguous, so that the same
    numbers give the same bits.

    Raises
    ------
    TypeError
        A value is not a real number, or is a float of more than 64 bits.
    ValueError
        The array is not two-dimensional, has more columns than a fit can hold, or has an integer
        that float64 cannot hold.
    """
    frame = None if type(X) is np.ndarray else frame_columns(X)
    if frame is not None:
        require_columns(len(frame))
        columns = [vector_array(f"X, column {name!r},", x) for name, x in frame.values()]
        design = np.column_stack(columns) if columns else np.empty((len(X), 0))
        return design, tuple(name for name, _ in frame.values())
    given = X if type(X) is np.ndarray else as_numpy("X", X)
    if given.ndim == 2 and given.shape[1] > MAX_COLUMNS:
        require_columns(given.shape[1])  # before a copy, which might not fit in memory
    design = _to_float64("X", given)
    if design.ndim != 2:
        single = "X.to_frame()" if hasattr(X, "to_frame") else "X.reshape(-1, 1)"
        remedy = f"use {single} for a single column" if design.ndim == 1 else "reshape it"
        raise ValueError(f"X must have shape (rows, columns), found {design.shape}: {remedy}")
    return np.ascontiguousarray(design), None  # so that blocks of rows are contiguous


def vector_array(name: str, values: Any) -> Float64[np.ndarray, " n"]:
    """Return one number a row (n,) in float64; errors as ``design_array``, naming ``name``."""
    given = values if type(values) is np.ndarray else as_numpy(name, values)
    array = _to_float64(name, given)
    if array.ndim != 1:
        raise ValueError(
            f"{name} must have shape (rows,), found {array.shape}: pass one number a row, "
            "as by .ravel()"
        )
    return array


def _to_float64(name: str, array: np.ndarray) -> Array:
    """Convert without rounding, or raise an error that says why this is not possible."""
    kind = array.dtype.kind
    if kind not in "biuf" or (kind == "f" and array.dtype.itemsize > FLOAT64_BYTES):
        raise TypeError(
            f"{name} must hold numbers or booleans of up to 64 bits, found {array.dtype}: encode "
            "categories, fill missing values and convert with .astype(float), or give a Table, "
            "which does so"
        )
    if kind in "iu" and array.size:
        largest = max(abs(int(array.min())), abs(int(array.max())))
        if largest > LARGEST_EXACT_INTEGER:
            raise ValueError(
                f"{name} must hold integers that float64 represents, up to 2^53, found one of "
                f"size {largest}: subtract a constant from it, or leave it out if it is an id"
            )
    return np.asarray(array, dtype=np.float64)
