"""The fingerprint depends on values, types, names and roles, but not on the storage."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.table import Table

BASE = {"y": [0, 1, 1, 0], "x": [1.5, None, -0.5, 2.0], "s": ["a", "bc", None, ""]}

NO_DIGITS = st.characters(exclude_categories=["N", "Cs"])  # numbers as text are refused
VALUES = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(-(2**60), 2**60)), min_size=2, max_size=40),
    st.lists(st.one_of(st.none(), st.text(NO_DIGITS, max_size=5)), min_size=2, max_size=40),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=2, max_size=40),
    st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), min_size=2, max_size=40),
)


def fingerprint(data, **roles):
    """The fingerprint of a table in memory with target y."""
    return Table.from_arrow(data, "y", **roles).fingerprint


@settings(max_examples=60, deadline=None)
@given(values=VALUES, chunk=st.integers(1, 7), group=st.integers(1, 7), rows=st.integers(1, 9))
def test_chunks_row_groups_and_the_disk_leave_no_trace(
    tmp_path_factory, values, chunk, group, rows
):
    """In memory, rechunked, sliced or on disk in any row groups, the fingerprint is the same."""
    y = [0, 1] * len(values)
    plain = pa.table({"y": y[: len(values)], "x": pa.array(values)})
    expected = fingerprint(plain)
    chunked = pa.Table.from_batches(plain.to_batches(max_chunksize=chunk))
    assert fingerprint(chunked) == expected
    padded = pa.concat_tables([plain.slice(0, 1), plain]).combine_chunks().slice(1)
    assert fingerprint(padded) == expected
    path = tmp_path_factory.mktemp("fingerprint") / "rows.parquet"
    pq.write_table(Table.from_arrow(plain, "y").to_arrow(), path, row_group_size=group)
    assert Table.read_parquet(path).fingerprint == expected


@pytest.mark.parametrize(
    "same",
    [
        pa.array(BASE["s"]).dictionary_encode(),
        pa.array(BASE["s"], pa.large_string()),
        pa.array(BASE["s"], pa.string_view()),
    ],
    ids=["dictionary", "large_string", "string_view"],
)
def test_the_encoding_of_text_leaves_no_trace(same):
    """Dictionary, large and view strings are the same text."""
    data = pa.table(BASE)
    assert fingerprint(data.set_column(2, "s", same)) == fingerprint(data)


def test_every_difference_in_content_is_seen():
    """A change of a value, name, type, role, the rows' order or the bounds of texts changes it."""
    data = pa.table(BASE)
    different = {
        "base": fingerprint(data),
        "value": fingerprint(pa.table(BASE | {"x": [1.5, None, -0.5, 2.5]})),
        "missing": fingerprint(pa.table(BASE | {"x": [1.5, 0.0, -0.5, 2.0]})),
        "name": fingerprint(data.rename_columns(["y", "z", "s"])),
        "type": fingerprint(data.set_column(1, "x", data["x"].cast(pa.float32()))),
        "positive": fingerprint(data, positive=0),
        "role": fingerprint(data, group="s"),
        "rows": fingerprint(data.take([1, 0, 2, 3])),
        "bounds": fingerprint(pa.table(BASE | {"s": ["ab", "c", None, ""]})),
        "empty": fingerprint(pa.table(BASE | {"s": ["a", "bc", "", None]})),
    }
    assert len(set(different.values())) == len(different)


def test_the_provenance_is_not_part_of_it():
    """The same rows from elsewhere have the same fingerprint."""
    table = Table.from_arrow(pa.table(BASE), "y")
    assert table.with_provenance({"from": "elsewhere"}).fingerprint == table.fingerprint


@pytest.mark.parametrize(
    "column",
    [
        pa.array([0, None, 86_400, 1], pa.int64()).cast(pa.timestamp("s")),
        pa.array([0, None, 86_400, 1], pa.int64()).cast(pa.timestamp("ns", "UTC")),
        pa.array([0, None, 8_640, 1], pa.int32()).cast(pa.time32("s")),
        pa.array([0, None, 86_400_000, 0], pa.int64()).cast(pa.date64()),
        pa.array([0, None, 1, 2], pa.int32()).cast(pa.date32()),
        pa.array([0, None, 1, 2], pa.int64()).cast(pa.duration("s")),
        pa.array([Decimal("1.20"), None, Decimal("-3"), None], pa.decimal128(10, 2)),
        pa.array([1, None, 2, 3], pa.uint64()),
        pa.array(np.array([1, 2, 3, 4], np.float16)),
        pa.array([b"abc", None, b"xyz", b"   "], pa.binary(3)),
        pa.nulls(4),
    ],
    ids=lambda column: str(column.type),
)
def test_every_flat_type_survives_the_file(column, tmp_path):
    """That includes the types that Parquet stores as other types."""
    table = Table.from_arrow(pa.table({"y": [0, 1, 1, 0], "x": column}), "y")
    table.write_parquet(tmp_path / "x.parquet")
    assert Table.read_parquet(tmp_path / "x.parquet").fingerprint == table.fingerprint


def test_a_nested_column_is_named():
    """There is no fingerprint of lists; the message says which column to leave out."""
    data = pa.table({"y": [0, 1], "x": [[1], [2]]})
    with pytest.raises(TableError, match=r"'x' has the nested type list<.*exclude=\['x'\]"):
        fingerprint(data)
