"""A column's values as the rest of the package reads them, and the kind of its type."""

from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.tables.values.column_types import read_type, read_values
from lr_pipeline.tables.values.decimals import floats_of
from lr_pipeline.tables.values.spelling import spelled_by_key

Column: TypeAlias = pa.ChunkedArray | pa.Array


def plain_values(column: Column) -> Column:
    """Return the column as ``exact_values`` does, with decimals as floats."""
    column = exact_values(column)
    return floats_of(column) if pt.is_decimal(column.type) else column


def exact_values(column: Column) -> Column:
    """Return the column in the type in which it is read, decoded, with NaN as null (missing)."""
    column = _read(column)
    if pt.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pt.is_floating(column.type) and _may_hold_nan(column):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return column


def _may_hold_nan(column: Column) -> bool:
    """Whether some of the numbers is NaN, which their least one then is too."""
    if isinstance(column, pa.Array) and column.null_count == 0:
        return bool(np.isnan(np.minimum.reduce(column.to_numpy(), initial=np.inf)))
    return bool(pc.any(pc.is_nan(column)).as_py())


def _read(column: Column) -> Column:
    if isinstance(column, pa.ChunkedArray):
        return pa.chunked_array(map(read_values, column.chunks), read_type(column.type))
    return read_values(column)


def is_text(kind: pa.DataType) -> bool:
    """Whether a type is one of Arrow's text types; a dictionary type is not."""
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or kind == pa.string_view())


def by_spelling(column: pa.Array) -> pa.Array:
    """Return keys in the form that is compared: texts that read alike become equal."""
    return spelled_by_key(column) if is_text(column.type) else column


def kind_of(kind: pa.DataType) -> str:
    """The kind of a type: number, boolean, text, date or time, or else its own name."""
    kind = kind.value_type if pt.is_dictionary(kind) else kind
    if pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind):
        return "number"
    if pt.is_boolean(kind):
        return "boolean"
    if pt.is_temporal(kind):
        return "date or time"
    return "text" if is_text(kind) else str(kind)


def first_row(mask: Column) -> int:
    """Number (from 1) of the first row where the mask is true."""
    return int(pc.index(mask, True).as_py()) + 1


def one_array(column: Column) -> pa.Array:
    """Return the column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
