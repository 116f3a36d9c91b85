"""Arrays and data frames of numbers, as callers have them, converted to float64 without loss."""

from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.engines.arrays.array_forms import LARGEST_EXACT_INTEGER, as_numpy, frame_columns
from lr_pipeline.engines.arrays.array_limits import require_columns

FLOAT64_BYTES = 8

Array = Float64[np.ndarray, "..."]


def design_array(X: Any) -> tuple[Float64[np.ndarray, "n d"], tuple[str, ...] | None]:
    """Return X (n, d) in float64, and the names of its columns where it has any.

    Booleans, integers and floats of up to 64 bits, as a two-dimensional array, nested lists or a
    data frame. A float64 array is copied only where its rows are not contiguous, so that the same
    numbers give the same bits.

    Raises
    ------
    TypeError
        Values that are not real numbers, or floats of more than 64 bits.
    ValueError
        Another number of dimensions, more columns than a fit can hold, or an integer that float64
        cannot hold.
    """
    if (frame := frame_columns(X)) is not None:
        require_columns(len(frame))
        columns = [vector_array(f"X, column {name!r},", x) for name, x in frame.values()]
        design = np.column_stack(columns) if columns else np.empty((len(X), 0))
        return design, tuple(name for name, _ in frame.values())
    given = as_numpy("X", X)
    if given.ndim == 2:
        require_columns(given.shape[1])  # before a copy, for which memory might not suffice
    design = _to_float64("X", given)
    if design.ndim != 2:
        single = "X.to_frame()" if hasattr(X, "to_frame") else "X.reshape(-1, 1)"
        remedy = f"use {single} for a single column" if design.ndim == 1 else "reshape it"
        raise ValueError(f"X must have shape (rows, columns), found {design.shape}: {remedy}")
    return np.ascontiguousarray(design), None  # blocks of rows then lie together in memory


def vector_array(name: str, values: Any) -> Float64[np.ndarray, " n"]:
    """Return one number a row (n,) in float64; errors as ``design_array``, naming ``name``."""
    array = _to_float64(name, as_numpy(name, values))
    if array.ndim != 1:
        raise ValueError(
            f"{name} must have shape (rows,), found {array.shape}: pass one number a row, "
            "as by .ravel()"
        )
    return array


def _to_float64(name: str, array: np.ndarray) -> Array:
    """Convert without rounding, or say why not."""
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
