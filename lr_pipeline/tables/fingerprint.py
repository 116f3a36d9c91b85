"""A hash of a table's roles, names, types and values that does not depend on their storage."""

import hashlib
import json
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.roles import ColumnRoles


def content_fingerprint(
    schema: pa.Schema, roles: ColumnRoles, blocks: Iterable[pa.RecordBatch]
) -> str:
    """SHA-256 (hex) of the roles and of each column's name, type and values.

    Chunks, row groups, dictionary encoding and the width of string offsets do not change it.

    Raises
    ------
    TableError
        A column has a type that no role can use.
    """
    content = ContentHash(schema)
    for block in blocks:
        content.update(block)
    return content.fingerprint(schema.names, roles)


class ContentHash:
    """Hashes columns block by block; the fingerprint is of those that the table then has.

    Raises ``TableError`` where a column has a type that no role can use.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._columns = {field.name: _ColumnHash(field) for field in schema}

    def update(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        for name, column in self._columns.items():
            column.update(block.column(name))

    def fingerprint(self, names: Sequence[str], roles: ColumnRoles) -> str:
        """Return the fingerprint of a table with these columns, in this order, and roles."""
        columns = [self._columns[name].digest() for name in names]
        document = {"roles": roles.to_dict(), "columns": columns}
        return hashlib.sha256(json.dumps(document).encode()).hexdigest()


def is_hashable(kind: pa.DataType) -> bool:
    """Whether values of this type have a fingerprint; those of every role's types have one."""
    kind = kind.value_type if pt.is_dictionary(kind) else kind
    other = pt.is_nested(kind) or pt.is_interval(kind) or isinstance(kind, pa.BaseExtensionType)
    return not other


class _ColumnHash:
    """Hashes one column piece by piece; the hash does not depend on where the pieces end.

    Validity, lengths (of text) and values are hashed as three streams, each of which can continue.
    """

    def __init__(self, field: pa.Field) -> None:
        self.name = field.name
        self.type = _canonical_type(field)
        self.validity = hashlib.sha256()
        self.lengths = hashlib.sha256()
        self.values = hashlib.sha256()

    def update(self, array: pa.Array) -> None:
        if pt.is_dictionary(array.type):
            array = array.dictionary_decode()
        self.validity.update(_validity(array))
        if pt.is_null(self.type):
            return
        array = array.cast(self.type)
        if pt.is_decimal(self.type) or pt.is_string(self.type) or pt.is_binary(self.type):
            if pt.is_decimal(self.type):
                array = array.cast(pa.string())
            array = pc.fill_null(array.cast(pa.binary()), b"")
            self.lengths.update(_bytes(pc.binary_length(array).cast(pa.int64())))
            self.values.update(_text_bytes(array))
        else:
            numbers = _as_number(array)
            self.values.update(_bytes(pc.fill_null(numbers, 0) if array.null_count else numbers))

    def digest(self) -> list[str]:
        hashes = (self.validity, self.lengths, self.values)
        return [self.name, str(self.type), *(one.hexdigest() for one in hashes)]


def _canonical_type(field: pa.Field) -> pa.DataType:
    """Return the one type that stands for all types that may store the same values."""
    kind = field.type.value_type if pt.is_dictionary(field.type) else field.type
    if not is_hashable(kind):
        nested = "nested " if pt.is_nested(kind) else ""
        raise table_error(
            f"column {field.name!r} has the {nested}type {kind}",
            f"Set exclude=[{field.name!r}] or {'flatten' if nested else 'convert'} it",
            field.name,
        )
    if pt.is_large_string(kind) or str(kind) == "string_view":
        return pa.string()
    if pt.is_large_binary(kind) or pt.is_fixed_size_binary(kind) or str(kind) == "binary_view":
        return pa.binary()
    if pt.is_timestamp(kind) and kind.unit == "s":  # Parquet knows no seconds
        return pa.timestamp("ms", kind.tz)
    if pt.is_date64(kind):  # nor milliseconds in a date
        return pa.date32()
    return pa.time32("ms") if kind == pa.time32("s") else kind


def _as_number(array: pa.Array) -> pa.Array:
    """Return booleans, dates and times as the integers that store them."""
    if pt.is_boolean(array.type):
        return array.cast(pa.uint8())
    if pt.is_float16(array.type):
        return array.cast(pa.float32())
    if pt.is_temporal(array.type):
        return array.view(pa.int32() if array.type.bit_width == 32 else pa.int64())
    return array


def _validity(array: pa.Array) -> memoryview | bytes:
    """A byte for each value: 1 where there is one, 0 where it is missing."""
    if array.null_count == 0:
        return b"\x01" * len(array)
    return _bytes(array.is_valid().cast(pa.uint8()))


def _bytes(array: pa.Array) -> memoryview:
    """Little-endian bytes of an array of numbers without nulls."""
    values = np.ascontiguousarray(array.to_numpy(zero_copy_only=False))
    return values.astype(values.dtype.newbyteorder("<"), copy=False).data


def _text_bytes(array: pa.Array) -> memoryview:
    """Return the bytes of all texts, one after the other."""
    _, offsets, data = array.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int32)
    start, stop = bounds[array.offset], bounds[array.offset + len(array)]
    return memoryview(data or b"")[start:stop]
