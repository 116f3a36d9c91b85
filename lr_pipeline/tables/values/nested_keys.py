"""Writes lists, structs and maps as texts; equal values give equal texts."""

import json
from collections.abc import Iterator
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

NULL = "null"
LISTS = (
    pt.is_list,
    pt.is_large_list,
    pt.is_fixed_size_list,
    pt.is_list_view,
    pt.is_large_list_view,
)


def nested_texts(column: pa.Array) -> list[str | None]:
    """Return each value as text: its parts as JSON, in their order; None where it is missing."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return nested_texts(column.storage)
    if pt.is_run_end_encoded(kind):
        return nested_texts(pc.run_end_decode(column))
    if pt.is_dictionary(kind):
        return nested_texts(column.dictionary_decode())
    if pt.is_struct(kind):
        return _struct_texts(column)
    if pt.is_map(kind):
        entries = pa.struct([("key", kind.key_type), ("value", kind.item_type)])
        return _list_texts(column.cast(pa.list_(entries)))
    # Arrow's cast of a list view to a list reads beyond its end.
    return _list_texts(column) if any(one(kind) for one in LISTS) else _plain_texts(column)


def _list_texts(column: pa.Array) -> list[str | None]:
    parts = iter(nested_texts(column.flatten()))
    lengths = pc.list_value_length(column).to_pylist()
    return [
        None if length is None else f"[{', '.join(_written(islice(parts, length)))}]"
        for length in lengths
    ]


def _struct_texts(column: pa.Array) -> list[str | None]:
    names = [json.dumps(field.name, ensure_ascii=False) for field in column.type]
    parts = [list(_written(nested_texts(part))) for part in column.flatten()]
    rows = zip(*parts, strict=True) if parts else ([] for _ in range(len(column)))
    texts = (", ".join(f"{n}: {p}" for n, p in zip(names, row, strict=True)) for row in rows)
    known = column.is_valid().to_pylist()
    return [f"{{{text}}}" if valid else None for text, valid in zip(texts, known, strict=True)]


def _plain_texts(column: pa.Array) -> list[str | None]:
    kind = column.type
    if pt.is_string(kind) or pt.is_large_string(kind) or kind == pa.string_view():
        texts = column.to_pylist()
        return [None if t is None else json.dumps(t, ensure_ascii=False) for t in texts]
    if pt.is_floating(kind):
        column = pc.add(column.cast(pa.float64()), 0.0)  # -0.0 is 0.0
    elif pt.is_interval(kind):
        column = column.view(pa.binary(kind.bit_width // 8))
    if (
        pt.is_binary(column.type)
        or pt.is_large_binary(kind)
        or pt.is_fixed_size_binary(column.type)
    ):
        return [None if b is None else f'"{b.hex()}"' for b in column.to_pylist()]
    if kind == pa.binary_view():
        return _plain_texts(column.cast(pa.binary()))
    if pt.is_nested(kind):
        # Only unions come here; their parts may be of any type.
        return [None if v is None else repr(v) for v in column.to_pylist()]
    return list(column.cast(pa.string()).to_pylist())


def _written(texts: Iterator[str | None] | list[str | None]) -> Iterator[str]:
    return (NULL if text is None else text for text in texts)
