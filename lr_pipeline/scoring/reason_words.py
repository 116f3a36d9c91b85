"""Values and contributions of many rows in words, without a loop over the rows."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Int64

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.values.column_values import is_text, plain_values

DIGITS = 2  # of a contribution in words
VALUE_DIGITS = 6  # significant, of a number in words
MISSING = "missing"


def chosen_values(
    batch: pa.RecordBatch, features: Sequence[tuple[str, ...]], chosen: Int64[np.ndarray, " n"]
) -> pa.Array:
    """Return for each row the values, as text, of the features that were chosen for it."""
    if not len(chosen):
        return pa.array([], pa.string())
    order = np.argsort(chosen, kind="stable")
    counts = np.bincount(chosen, minlength=len(features))
    parts = [
        _shown_together(batch, names, pa.array(order[end - count : end]))
        for names, count, end in zip(
            features, counts.tolist(), np.cumsum(counts).tolist(), strict=True
        )
        if count
    ]
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return pa.concat_arrays(parts).take(pa.array(back))


def _shown_together(batch: pa.RecordBatch, names: tuple[str, ...], rows: pa.Array) -> pa.Array:
    """Return the values of some columns in some rows as text; those of several are joined."""
    shown = [_shown(batch.column(name).take(rows)) for name in names]
    return shown[0] if len(shown) == 1 else pc.binary_join_element_wise(*shown, " & ")


def _shown(column: pa.Array) -> pa.Array:
    """Return values as text: a number with at most six significant digits."""
    values = plain_values(column)
    if is_text(values.type):
        return values.cast(pa.string()).fill_null(MISSING)
    if pa.types.is_floating(values.type):
        values = _significant(values.cast(pa.float64()))
    return values.cast(pa.string()).fill_null(MISSING)


def _significant(column: pa.Array, digits: int = VALUE_DIGITS) -> pa.Array:
    """Round to so many significant digits; a whole number keeps all of its own."""
    numbers = column.to_numpy(zero_copy_only=False)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        places = np.clip(digits - 1 - np.floor(np.log10(np.abs(numbers))), 0, 22)
        power = 10.0 ** np.nan_to_num(places)
        rounded = np.rint(numbers * power) / power
    keep = np.isfinite(rounded) & (numbers != 0.0)
    return pa.array(np.where(keep, rounded, numbers), from_pandas=True)


def signed(moved: RowVector) -> pa.Array:
    """Return contributions in words, such as +0.82; a smaller one has two significant digits."""
    size = np.abs(moved)
    plain = size < 1e9
    whole = np.where(plain, np.rint(size * 10**DIGITS), 0.0).astype(np.int64)
    texts = pc.binary_join_element_wise(
        pa.array(whole // 100).cast(pa.string()),
        pc.utf8_lpad(pa.array(whole % 100).cast(pa.string()), DIGITS, "0"),
        ".",
    )
    other = (whole == 0) | ~plain
    if other.any():
        rounded = _significant(pa.array(size), DIGITS).cast(pa.string())
        texts = pc.if_else(pa.array(other), rounded, texts)
    sign = pa.array(np.where(moved < 0.0, "−", "+")).cast(pa.string())
    return pc.binary_join_element_wise(sign, texts, "")
