"""Damaged Parquet files: bytes that differ from those written."""

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.storage.formats import format_named
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.files.parquet import file_batches, open_parquet, write_blocks
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.table import Table

ROWS, GROUP = 400, 200
EVERY = 11  # bytes: one bit is flipped in every eleventh byte


@pytest.fixture
def table() -> pa.Table:
    """A table of numbers that do not repeat, integers and text that do, and a label."""
    rng = np.random.default_rng(0)
    return pa.table(
        {
            "x": rng.normal(size=ROWS),
            "k": rng.integers(0, 5, size=ROWS),
            "s": [f"v{i % 7}" for i in range(ROWS)],
            "y": rng.integers(0, 2, size=ROWS),
        }
    )


@pytest.fixture
def stored(tmp_path, table) -> Path:
    """The table as this package writes it, in two row groups."""
    path = tmp_path / "rows.parquet"
    write_blocks(path, table.schema, table.to_batches(max_chunksize=GROUP))
    return path


def _read(path: Path, name: str = "") -> pa.Table:
    with open_parquet(path) as file:
        schema = file.schema_arrow
        batches = list(file_batches(file, name or str(path), 100, schema.names))
    return pa.Table.from_batches(batches, schema)


def test_each_flipped_bit_is_noticed_or_changes_no_value(stored, table):
    """One bit in every eleventh byte is flipped: that gives an error, or the same values.

    The footer has no checksum. If reading succeeds although a bit of it is flipped, all columns
    have all their values in order; at most a column's name differs, which is visible.
    """
    content, outcomes = stored.read_bytes(), Counter[str]()
    for place in range(0, len(content), EVERY):
        damaged = bytearray(content)
        damaged[place] ^= 1 << (place // EVERY) % 8
        stored.write_bytes(damaged)
        try:
            found = _read(stored)
        except TableError as error:
            assert str(error).startswith(f"{stored}: ")
            assert "\n" not in str(error)
            outcomes["noticed"] += 1
            continue
        same = [one.type == other.type for one, other in zip(found, table, strict=True)]
        if all(same):
            assert found.rename_columns(table.column_names).equals(table), place
            outcomes["same"] += 1
        else:  # text whose type has become bytes: refused where the table is declared
            assert pa.types.is_binary(found.schema.types[same.index(False)])
            with pytest.raises(TableError, match="has the type binary"):
                FileTable(stored, target="y").read()
            outcomes["other type"] += 1
    assert outcomes["noticed"] > 4 * outcomes["same"]


def test_a_damaged_page_is_named_by_column_and_row_group(stored, table):
    """A value in the second row group of x is changed; the checksum shows it."""
    content = stored.read_bytes()
    raw = np.float64(table["x"][300].as_py()).tobytes()
    place = content.index(raw)
    stored.write_bytes(content[:place] + bytes(8) + content[place + 8 :])
    with pytest.raises(TableError) as caught:
        FileTable(stored, target="y").read()
    assert str(caught.value) == (
        f"{stored}: the Parquet file is damaged in column 'x', row group 2 of 2 (rows 201 to 400): "
        "could not verify page integrity, CRC checksum verification failed for page_ordinal 0. "
        "Write it again, or fetch it again from where it came."
    )
    problem = caught.value.problems[0]
    assert (problem.column, problem.row) == ("x", 201)


@pytest.mark.parametrize(
    "read",
    [
        lambda path: FileTable(path, target="y").read(),
        lambda path: FileTable(path.parent, target="y").read(),
        lambda path: Table.read_parquet(path).fingerprint,
        lambda path: format_named("predictions").read(path),
    ],
    ids=["file", "folder", "table", "predictions"],
)
def test_every_door_verifies_page_checksums(stored, table, read):
    """A changed number is an error in a file, a folder, a stored table or stored predictions."""
    Table.from_arrow(table, "y").write_parquet(stored)
    content = stored.read_bytes()
    place = content.index(np.float64(table["x"][5].as_py()).tobytes())
    stored.write_bytes(content[:place] + bytes(8) + content[place + 8 :])
    with pytest.raises((TableError, OSError), match="CRC checksum verification failed"):
        read(stored)


def test_what_is_written_has_a_checksum_for_each_page(stored):
    """Another reader that verifies checksums notices a changed value, too."""
    content = bytearray(stored.read_bytes())
    first = pq.read_metadata(stored).row_group(0).column(0)
    content[first.data_page_offset + first.total_compressed_size // 2] ^= 1
    stored.write_bytes(bytes(content))
    with pytest.raises(OSError, match="CRC checksum"):
        pq.read_table(stored, page_checksum_verification=True)


def test_fewer_rows_than_declared_are_an_error(stored, monkeypatch):
    """The footer declares 400 rows, and reading stops after the first row group's 200."""
    with open_parquet(stored) as file:
        read = file.iter_batches

        def shortened(rows, row_groups, columns, use_threads=True):
            return read(rows, row_groups=[0], columns=columns)

        monkeypatch.setattr(file, "iter_batches", shortened)
        with pytest.raises(TableError, match="400 rows are declared, 200 found"):
            list(file_batches(file, "rows.parquet", 100, ["x", "y"]))


def test_only_numbers_of_many_digits_are_stored_as_they_are(tmp_path: Path):
    """Snappy finds nothing in them; in whole numbers and in what repeats it does."""
    rng = np.random.default_rng(1)
    rows = pa.table(
        {
            "digits": rng.normal(size=5_000),
            "whole": rng.permutation(5_000).astype(float),
            "number": np.arange(5_000),
            "repeats": rng.integers(0, 5, size=5_000),
            "text": [f"v{i}" for i in range(5_000)],
        }
    )
    path = tmp_path / "rows.parquet"
    write_blocks(path, rows.schema, rows.to_batches())
    group = pq.read_metadata(path).row_group(0)
    found = {rows.column_names[j]: group.column(j).compression for j in range(rows.num_columns)}
    assert found.pop("digits") == "UNCOMPRESSED"
    assert set(found.values()) == {"SNAPPY"}
    assert pq.read_table(path).equals(rows)
