"""Converts features of a declared kind: codes to categories, text to numbers."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.values.column_values import is_text, plain_values

WHOLE_NUMBER = r"^([+-]?\d+)\.0$"  # 250.00, in contrast, is a code


def declared_field(field: pa.Field, roles: ColumnRoles) -> pa.Field:
    """Return the field with its declared type: text for a category, float64 for numbers in text."""
    kind = field.type.value_type if pt.is_dictionary(field.type) else field.type
    if field.name in roles.category and not pt.is_nested(kind):
        return pa.field(field.name, pa.string())
    if field.name in roles.number and is_text(kind):
        return pa.field(field.name, pa.float64())
    return field


def as_declared(batch: pa.RecordBatch, roles: ColumnRoles, rows_before: int) -> pa.RecordBatch:
    """Return the rows with every declared column in its declared type.

    Raises
    ------
    TableError
        A text in a column declared as number is not a number; the message names the column and
        the first such row.
    """
    wanted = {*roles.category, *roles.number}
    for place, stored in enumerate(batch.schema if wanted else ()):
        if stored.name not in wanted:
            continue
        field, column = declared_field(stored, roles), batch.column(place)
        if stored.name in roles.category and field.type == pa.string():
            batch = batch.set_column(place, field, category_texts(column))
        elif field.type != stored.type:
            numbers = _numbers(stored.name, plain_values(column), rows_before)
            batch = batch.set_column(place, field, numbers)
    return batch


def category_texts(column: pa.Array) -> pa.Array:
    """Return the values as text; a whole number has no decimal point: 1.0 becomes 1."""
    if pt.is_floating(column.type):
        numbers = column.cast(pa.float64() if column.type == pa.float64() else pa.float32())
        column = pc.add(plain_values(numbers), pa.scalar(0.0, numbers.type))  # −0.0 + 0.0 is 0.0
    coded = column if pt.is_dictionary(column.type) else column.dictionary_encode()
    levels = plain_values(coded.dictionary)
    texts = levels.cast(pa.string())
    if pt.is_boolean(levels.type):
        texts = pc.utf8_capitalize(texts)  # as Python and pandas write them
    return pc.replace_substring_regex(texts, WHOLE_NUMBER, r"\1").take(coded.indices)


def _numbers(name: str, column: pa.Array, rows_before: int) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(column)
    try:
        return trimmed.cast(pa.float64())
    except pa.ArrowInvalid:
        row = next(k for k in range(len(trimmed)) if not _is_number(trimmed.slice(k, 1)))
        raise table_error(
            f"column {name!r} is declared a number, found {column[row].as_py()[:60]!r} "
            f"(first at row {rows_before + row + 1})",
            f"Correct it or make it missing, or set category=[{name!r}] instead",
            name,
            rows_before + row + 1,
        ) from None


def _is_number(value: pa.Array) -> bool:
    try:
        value.cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True
