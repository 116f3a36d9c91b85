"""The types in which columns are read: one for each kind of values, however Arrow stores them.

A table's columns have these types wherever its rows come from, so that the rest of the package
meets no views, run-end encodings or extension types. A type that no role can use is not changed,
and the validation refuses it by its own name.
"""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.tables.values.nested_keys import nested_texts

UUID_DASHES = (8, 13, 18, 23)
UUID_LENGTH = 36
VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}


def read_type(kind: pa.DataType, key: bool = False) -> pa.DataType:
    """The type in which a column of type ``kind`` is read.

    ``key``: the column is an id or a group, whose values are only compared for equality; nested
    values and UUIDs are then text, and other values that are stored as bytes are binary.
    """
    if not _is_odd(kind, key):
        return kind
    if pt.is_run_end_encoded(kind) or pt.is_dictionary(kind):
        return read_type(kind.value_type, key)
    if isinstance(kind, pa.UuidType) or pt.is_nested(kind):
        return pa.string()
    if isinstance(kind, pa.BaseExtensionType):
        return pa.bool_() if isinstance(kind, pa.Bool8Type) else read_type(kind.storage_type, key)
    if pt.is_decimal(kind):
        return pa.decimal128(kind.precision, kind.scale)
    return pa.float32() if pt.is_float16(kind) else VIEWS.get(kind, pa.binary())


def read_values(column: pa.Array, key: bool = False) -> pa.Array:
    """Return the same values in the type that ``read_type`` names."""
    kind = column.type
    if not _is_odd(kind, key):
        return column
    if pt.is_run_end_encoded(kind):
        return _repeated(column, key)
    if pt.is_dictionary(kind):
        return read_values(column.dictionary_decode(), key)
    if isinstance(kind, pa.BaseExtensionType) and not isinstance(kind, pa.Bool8Type):
        uuids = isinstance(kind, pa.UuidType)
        return _uuid_texts(column.storage) if uuids else read_values(column.storage, key)
    if pt.is_nested(kind):
        return pa.array(nested_texts(column), pa.string())
    if pt.is_interval(kind):
        column = column.view(pa.binary(kind.bit_width // 8))
    return column.cast(read_type(kind, key))


def read_schema(stored: pa.Schema, keys: Collection[str | None]) -> pa.Schema:
    """Return the schema with the types in which its columns are read."""
    return pa.schema([_read_field(field, field.name in keys) for field in stored])


def read_batch(batch: pa.RecordBatch, schema: pa.Schema, keys: Collection[str]) -> pa.RecordBatch:
    """Return the batch with its columns in the types of ``schema``, a result of ``read_schema``."""
    columns = [
        read_values(column, field.name in keys)
        for column, field in zip(batch.columns, batch.schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _read_field(field: pa.Field, key: bool) -> pa.Field:
    kind = read_type(field.type, key)
    # The field's metadata may name its former type.
    return field if kind == field.type else pa.field(field.name, kind, field.nullable)


def _is_odd(kind: pa.DataType, key: bool) -> bool:
    """Whether the values are read in another type than the stored one."""
    if pt.is_run_end_encoded(kind):
        return True
    if pt.is_dictionary(kind):
        return not (pt.is_string(kind.value_type) or pt.is_large_string(kind.value_type))
    if isinstance(kind, pa.BaseExtensionType):
        return key or isinstance(kind, pa.Bool8Type | pa.JsonType)
    if pt.is_float16(kind) or kind in VIEWS or pt.is_decimal32(kind) or pt.is_decimal64(kind):
        return True
    nested = pt.is_nested(kind) and not pt.is_union(kind)
    return key and (nested or pt.is_fixed_size_binary(kind) or pt.is_interval(kind))


def _repeated(column: pa.Array, key: bool) -> pa.Array:
    """Decode run ends: repeat the value of each run over its length."""
    rows = np.arange(column.offset, column.offset + len(column))
    runs = np.searchsorted(column.run_ends.to_numpy(), rows, side="right")
    return read_values(column.values, key).take(pa.array(runs))


def _uuid_texts(column: pa.Array) -> pa.Array:
    """Write UUIDs as text: 8-4-4-4-12 hexadecimal digits."""
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)
    if len(column) == 0:
        return pa.array([], pa.string())
    values = np.frombuffer(column.buffers()[1], np.uint8).reshape(-1, 16)
    values = values[column.offset : column.offset + len(column)]
    texts = np.full((len(values), UUID_LENGTH), ord("-"), np.uint8)
    places = np.delete(np.arange(UUID_LENGTH), UUID_DASHES)
    texts[:, places[0::2]], texts[:, places[1::2]] = digits[values >> 4], digits[values & 15]
    offsets = np.arange(len(values) + 1, dtype=np.int32) * UUID_LENGTH
    written = pa.StringArray.from_buffers(
        len(values), pa.py_buffer(offsets), pa.py_buffer(texts.tobytes())
    )
    return pc.if_else(column.is_valid(), written, pa.scalar(None, pa.string()))
