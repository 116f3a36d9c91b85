"""Convert what callers have instead of numpy arrays to numpy arrays, without rounding a number.

Two conversions that numpy does silently are refused: it uses the values under the mask of a masked
array, and it turns lists that mix integers with decimals into floats, which are inexact beyond
2^53.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from lr_pipeline.tables.values.decimals import LARGEST_EXACT_INTEGER

ARROW_METHODS = ("__arrow_c_stream__", "__arrow_c_array__")


def as_numpy(name: str, values: Any) -> np.ndarray:
    """Return the numbers of an array, a column or (nested) lists as a numpy array.

    Raises
    ------
    TypeError
        A sparse matrix, a generator, a column of categories.
    ValueError
        Masked or missing values, integers that would be rounded, or rows of different lengths.
    """
    if type(values) is np.ndarray:
        return values
    if isinstance(values, np.ma.MaskedArray):
        _require_unmasked(name, values)
        values = values.data
    if isinstance(values, list | tuple):
        return _of_sequence(name, values)
    if hasattr(values, "toarray"):
        argument = name.split(",", maxsplit=1)[0]
        raise TypeError(f"{name} is sparse, found {_kind(values)}: pass {argument}.toarray()")
    if hasattr(values, "detach"):
        return _of_tensor(values)
    if hasattr(values, "__next__"):
        raise TypeError(f"{name} is read only once, found {_kind(values)}: pass a list of it")
    if hasattr(values, "isna") and hasattr(getattr(values, "dtype", None), "na_value"):
        return _of_pandas_column(name, values)
    if any(hasattr(values, method) for method in ARROW_METHODS) and not hasattr(values, "isna"):
        return _of_arrow(name, values)
    try:
        return np.asarray(values)
    except (TypeError, RuntimeError) as error:
        raise TypeError(f"{name} cannot be read as an array: {error}") from None


def frame_columns(X: Any) -> dict[int, tuple[str, Any]] | None:
    """Return place → (name, values) for each column of a data frame; None where X is not one.

    A data frame is a pandas frame or one with the same ``items`` method, or a polars or Arrow
    table.
    """
    if isinstance(X, np.ndarray) or not hasattr(X, "columns"):
        return None
    if hasattr(X, "items"):
        return {j: (str(name), values) for j, (name, values) in enumerate(X.items())}
    if any(hasattr(X, method) for method in ARROW_METHODS):
        table = pa.table(X)
        return dict(enumerate(zip(table.column_names, table.columns, strict=True)))
    return None


def require_one_index(**parts: Any) -> None:
    """Refuse pandas objects whose indexes have different labels, or the same in another order.

    Pairing their rows by position would be wrong.

    Raises
    ------
    ValueError
        Names the first row whose labels differ.
    """
    labelled = {name: one for name, one in parts.items() if hasattr(one, "iloc")}
    if len(labelled) < 2:
        return
    (first, known), *others = labelled.items()
    for name, other in others:
        if len(known) != len(other) or known.index.equals(other.index):
            continue  # another check reports different lengths
        row = int(np.argmax(np.asarray(known.index != other.index)))
        labels = known.index[row], other.index[row]
        if known.index.is_unique and set(known.index) == set(other.index):
            how = "the same labels in another order"
            remedy = f"pass {name}.loc[{first}.index], or"
        else:
            how, remedy = "other labels", "give both one index, or"
        raise ValueError(
            f"the index of {name} has {how} than that of {first} (first at row {row}, "
            f"from 0: {labels[1]!r} for {labels[0]!r}): {remedy} pass {name}.to_numpy() to pair "
            "the rows by position"
        )


def _of_sequence(name: str, values: Sequence[Any]) -> np.ndarray:
    """Convert lists; refuse masks, which numpy drops, and integers that it would round."""
    for one in values:
        if np.ma.isMaskedArray(one):
            _require_unmasked(name, one)
    try:
        array = np.asarray(values)
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError(f"{name} has rows of different lengths: give each as many") from None
    if array.dtype.kind == "f" and array.size and np.abs(array).max() >= LARGEST_EXACT_INTEGER:
        for value in np.asarray(values, dtype=object).ravel():
            if isinstance(value, int | np.integer) and abs(int(value)) > LARGEST_EXACT_INTEGER:
                raise ValueError(
                    f"{name} must hold integers that float64 represents, up to 2^53, found "
                    f"{value}: subtract a constant from it, or leave it out if it is an id"
                )
    return array


def _require_unmasked(name: str, values: np.ma.MaskedArray) -> None:
    mask = np.ma.getmaskarray(values)
    if count := int(mask.sum()):
        first = np.argwhere(mask)
        place = f"row {first[0][0]}, from 0" if first.size else "the value itself"
        raise ValueError(
            f"{name} has {count} masked value{'s' * (count > 1)} (first: {place}): drop those "
            "rows, or fill them with .filled(value)"
        )


def _of_tensor(tensor: Any) -> np.ndarray:
    """Convert a torch tensor, which may be part of a graph or stored in half precision."""
    plain = tensor.detach().cpu()
    exact = plain.double() if plain.is_floating_point() else plain
    return np.asarray(exact.numpy())


def _of_pandas_column(name: str, values: Any) -> np.ndarray:
    """Convert a column or an array of one of pandas' own types; refuse missing values."""
    if str(values.dtype) == "category":
        raise TypeError(
            f"{name} must hold numbers, found categories: encode them, or give a Table, which does"
        )
    missing = np.asarray(values.isna(), dtype=bool)
    numeric = getattr(values.dtype, "numpy_dtype", None)
    if numeric is not None:
        if missing.any():
            _refuse_missing(name, missing)
        return np.asarray(values.to_numpy(dtype=numeric))
    return np.asarray(values)


def _of_arrow(name: str, values: Any) -> np.ndarray:
    """Convert a column of polars or Arrow, or a whole table, which has two dimensions."""
    if hasattr(values, "columns"):
        parts = [_of_arrow(name, column) for column in pa.table(values).columns]
        return np.column_stack(parts) if parts else np.empty((len(values), 0))
    column = pa.chunked_array(values)
    if pt.is_struct(column.type) and hasattr(values, "__array__"):  # an array of several dimensions
        return np.asarray(values)
    if pt.is_dictionary(column.type) or pt.is_nested(column.type):
        raise TypeError(
            f"{name} must hold numbers, found {column.type}: encode it, or leave it out"
        )
    if column.null_count:
        _refuse_missing(name, np.asarray(column.is_null()))
    return np.asarray(column.to_numpy())


def _refuse_missing(name: str, missing: np.ndarray) -> None:
    count = int(missing.sum())
    raise ValueError(
        f"{name} has {count} missing value{'s' * (count > 1)} (first at row "
        f"{int(missing.argmax())}, from 0): fill or drop them, or give a Table, which does so"
    )


def _kind(values: Any) -> str:
    return type(values).__name__
