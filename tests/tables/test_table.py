"""A table has the same rows in memory and on disk, block by block."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.table import Table


@pytest.fixture(scope="module")
def frame():
    """A frame of 1,000 rows: numbers, missing values, text, categories, booleans and times."""
    rng = np.random.default_rng(0)
    n = 1000
    number = rng.normal(size=n)
    return pd.DataFrame(
        {
            "y": rng.choice(["yes", "no"], n),
            "number": np.where(number < -1, np.nan, number),
            "text": rng.choice(["u", "v", None], n),
            "category": pd.Categorical(rng.choice(["a", "b", "c"], n)),
            "flag": rng.random(n) > 0.5,
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(n), "s"),
            "unused": 1.0,
        }
    )


@pytest.fixture(scope="module")
def table(frame):
    """The frame as a table with a time column and without the unused one."""
    return Table.from_pandas(frame, "y", time="when", exclude=["unused"])


@pytest.fixture(scope="module")
def stored(table, tmp_path_factory):
    """The table on disk in row groups of 7 rows."""
    path = tmp_path_factory.mktemp("table") / "rows.parquet"
    pq.write_table(table.to_arrow(), path, row_group_size=7)
    return Table.read_parquet(path)


def test_only_columns_with_a_role_belong_to_the_table(table):
    """Excluded columns are not in the table; the others keep their order."""
    assert table.schema.names == ["y", "number", "text", "category", "flag", "when"]
    assert table.roles == ColumnRoles(
        "y", "yes", ("number", "text", "category", "flag"), time="when"
    )


@pytest.mark.parametrize("rows", [1, 6, 7, 8, 300, 1000, 5000])
def test_blocks_have_the_size_asked_for_whatever_the_row_groups(table, stored, rows):
    """Every block but the last has exactly ``rows`` rows, and the rows keep their order."""
    for handle in (table, stored):
        blocks = list(handle.blocks(rows))
        sizes = [block.num_rows for block in blocks]
        assert sizes[:-1] == [rows] * (len(sizes) - 1)
        assert 1 <= sizes[-1] <= rows
        assert pa.Table.from_batches(blocks).to_pandas().equals(handle.to_pandas())


def test_a_block_without_rows_is_refused(table):
    """Asking for blocks of 0 rows is an error, not an endless loop."""
    with pytest.raises(ValueError, match="at least 1 row, found rows=0"):
        list(table.blocks(0))


def test_the_handle_on_a_file_reads_no_rows(table, tmp_path, monkeypatch):
    """Opening a table and asking for its schema, roles and row count reads only the footer."""
    path = tmp_path / "rows.parquet"
    table.write_parquet(path)

    def refuse(*args, **kwargs):
        raise AssertionError("rows were read")

    monkeypatch.setattr(pq.ParquetFile, "iter_batches", refuse)
    handle = Table.read_parquet(path)
    assert (handle.num_rows, handle.roles) == (1000, table.roles)
    assert handle.schema.names == table.schema.names
    with pytest.raises(AssertionError):
        list(handle.blocks())


def test_written_and_read_again_it_is_the_same_table(table, tmp_path):
    """Values, roles and provenance survive the file."""
    path = tmp_path / "rows.parquet"
    table.with_provenance({"split": {"part": "train"}}).write_parquet(path)
    again = Table.read_parquet(path)
    assert again.roles == table.roles
    assert again.provenance == {"split": {"part": "train"}}
    assert again.fingerprint == table.fingerprint
    again.write_parquet(tmp_path / "copy.parquet")
    assert Table.read_parquet(tmp_path / "copy.parquet").fingerprint == table.fingerprint


def test_numbers_that_never_repeat_take_eight_bytes_and_others_fewer(tmp_path):
    """A dictionary of values that each occur once would be as large as the column itself."""
    n = 50_000
    rng = np.random.default_rng(1)
    columns = {
        "once": rng.normal(size=n),
        "price": rng.choice(np.arange(2_000) / 100, n),
        "town": rng.choice([f"town {number}" for number in range(500)], n),
        "y": rng.integers(0, 2, n),
    }
    path = tmp_path / "rows.parquet"
    Table.from_arrow(pa.table(columns), "y").write_parquet(path)
    group = pq.read_metadata(path).row_group(0)
    found = [group.column(j) for j in range(4)]
    bytes_a_row = {one.path_in_schema: one.total_compressed_size / n for one in found}
    assert bytes_a_row["once"] < 8.1
    with_dictionary = {one.path_in_schema for one in found if one.has_dictionary_page}
    assert with_dictionary == {"price", "town", "y"}
    assert bytes_a_row["price"] < 2
    assert bytes_a_row["town"] < 2


def test_a_table_without_rows_can_be_stored(table, tmp_path):
    """It has no rows and no blocks, but a schema with roles."""
    table.take(np.array([], dtype=np.int64)).write_parquet(tmp_path / "none.parquet")
    empty = Table.read_parquet(tmp_path / "none.parquet")
    assert empty.num_rows == 0
    assert list(empty.blocks()) == []
    assert empty.roles == table.roles


def test_labels_are_one_where_the_target_is_positive(table, stored, frame):
    """Labels are 0.0 and 1.0 in float64, by the roles' positive value."""
    expected = np.array([1.0 if answer == "yes" else 0.0 for answer in frame["y"]])
    for handle in (table, stored):
        np.testing.assert_array_equal(handle.labels(), expected)


def test_column_returns_the_stored_values(stored, frame):
    """A column is read by name; NaN of pandas is missing."""
    column = stored.column("number")
    assert column.null_count == frame["number"].isna().sum()
    np.testing.assert_array_equal(column.to_pandas(), frame["number"])


def test_a_wrong_column_is_named_with_the_closest(table):
    """The message lists the columns and suggests one."""
    with pytest.raises(TableError, match=r"'numbr' not found; .*Did you mean 'number'\?"):
        table.column("numbr")


@settings(max_examples=30, deadline=None)
@given(indices=st.lists(st.integers(0, 999), max_size=50))
def test_take_follows_the_indices(stored, frame, indices):
    """With any order and repetitions, rows on disk equal those of pandas' ``take``."""
    taken = stored.take(np.array(indices, dtype=np.int64))
    expected = frame.take(indices).reset_index(drop=True)
    assert taken.num_rows == len(indices)
    np.testing.assert_array_equal(taken.to_pandas()["number"], expected["number"])
    assert taken.column("category").to_pylist() == expected["category"].tolist()


def test_take_refuses_rows_that_are_not_there(table):
    """Indices beyond the end, and negative ones, are errors."""
    for index in (1000, -1):
        with pytest.raises(IndexError, match="the table has 1000"):
            table.take(np.array([5, index]))


def test_take_keeps_the_provenance(table):
    """The rows still come from the same source."""
    known = table.with_provenance({"from": "a"})
    assert known.take(np.array([0])).provenance == {"from": "a"}


def test_a_table_cannot_be_changed(table):
    """Its fields cannot be set, and changing the returned provenance does not change its own."""
    with pytest.raises(AttributeError):
        table.roles = None
    table.provenance["split"] = "forged"
    assert table.provenance == {}


def test_a_parquet_file_without_roles_is_refused(tmp_path):
    """The message names the file and the remedy."""
    path = tmp_path / "foreign.parquet"
    pq.write_table(pa.table({"y": [0, 1]}), path)
    with pytest.raises(TableError, match=r"foreign.parquet: .* no column roles. Read it with File"):
        Table.read_parquet(path)


def test_a_dotted_name_does_not_bring_in_other_columns(tmp_path):
    """Parquet reads ``a`` and ``a.b`` as one nested column; the table keeps them apart."""
    data = pa.table({"y": [0, 1], "a": [1.0, 2.0], "a.b": [3.0, 4.0]})
    path = tmp_path / "dots.parquet"
    Table.from_arrow(data, "y").write_parquet(path)
    table = Table.read_parquet(path)
    assert table.column("a").to_pylist() == [1.0, 2.0]
    assert table.column("a.b").to_pylist() == [3.0, 4.0]
    assert table.to_arrow().column_names == ["y", "a", "a.b"]
