"""Parts of a stored table have all of its rows once each, in its order."""

import pickle
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.tables.errors import Problem, TableError
from lr_pipeline.tables.parts import parts_of
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.row_choice import EveryRow, HashedRows, MaskedRows
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table

ROWS = 1_000


@pytest.fixture
def table(tmp_path) -> Table:
    """A table of numbered rows in row groups of 64."""
    data = pa.table({"a": np.arange(ROWS), "y": np.arange(ROWS) % 2})
    pq.write_table(data, tmp_path / "rows.parquet", row_group_size=64)
    return Table(tmp_path / "rows.parquet", Table.from_arrow(data, "y").roles)


@pytest.mark.parametrize(("rows", "parts"), [(1, 16), (64, 16), (65, 8), (500, 2), (10_000, 1)])
def test_parts_are_row_groups_side_by_side(table, rows, parts):
    """Each part has the fewest row groups with at least ``rows`` rows; the last may be smaller."""
    found = parts_of(table, rows)
    assert len(found) == parts
    assert all(part.num_rows >= rows for part in found[:-1])
    numbers = np.concatenate([part.column("a").to_numpy() for part in found])
    np.testing.assert_array_equal(numbers, np.arange(ROWS))


@pytest.mark.parametrize(
    "choice",
    [
        HashedRows(3, 0.3, True),
        HashedRows(3, 0.3, True, "a"),
        MaskedRows(np.arange(ROWS) % 7 > 2),
        EveryRow(7),
    ],
    ids=["by number", "by column", "by mask", "every seventh"],
)
def test_parts_of_a_view_have_its_rows(table, choice):
    """Choices use a row's number in the whole table, not in the part."""
    view = table.where(choice)
    numbers = [part.column("a").to_numpy() for part in parts_of(view, 100)]
    np.testing.assert_array_equal(np.concatenate(numbers), view.column("a").to_numpy())


def test_a_refused_row_has_its_number_in_the_whole_table(tmp_path):
    """An error in a later part names the row of the table, however its kind was declared."""
    texts = [*(["1.5"] * 70), "u", *(["2.5"] * 29)]
    numbers = [*([1.0] * 80), np.inf, *([2.0] * 19)]
    data = pa.table({"t": texts, "x": numbers, "y": [0, 1] * 50})
    pq.write_table(data, tmp_path / "rows.parquet", row_group_size=50)
    for feature, number, row in (("t", ("t",), 71), ("x", (), 81)):
        roles = ColumnRoles("y", 1, (feature,), number=number)
        later = parts_of(Table(tmp_path / "rows.parquet", roles), 50)[1]
        with pytest.raises(TableError, match=f"first at row {row}\\)"):
            Preparation.fit(later)


LONG = 12_345_678_901_234_567_890
KEYS = {
    "decimals": pa.array([Decimal(LONG + k // 3) for k in range(ROWS)], pa.decimal128(38, 0)),
    "bytes": pa.array([(LONG + k // 3).to_bytes(16) for k in range(ROWS)], pa.binary(16)),
    "lists": pa.array([[LONG % 2**62 + k // 3] for k in range(ROWS)]),
    "durations": pa.array([k // 3 for k in range(ROWS)]).cast(pa.duration("ns")),
}


@pytest.mark.parametrize(
    ("kind", "role", "policy"),
    [
        *((kind, "group", policy) for kind in KEYS for policy in ("group", "sticky")),
        ("decimals", "time", "time"),
        ("durations", "time", "time"),
    ],
)
def test_parts_of_a_split_by_any_key_have_its_rows(tmp_path, kind, role, policy):
    """Each row is in one part, also if choice and part are sent to another process."""
    data = pa.table({"a": np.arange(ROWS), "y": np.arange(ROWS) % 2, "key": KEYS[kind]})
    pq.write_table(data, tmp_path / "rows.parquet", row_group_size=64)
    roles = Table.from_arrow(data, "y", **{role: "key"}).roles
    table = Table(tmp_path / "rows.parquet", roles)
    train, test = split_table(table, SplitPolicy(kind=policy, test_size=0.3))
    found = [
        [
            set(part.column("a").to_pylist())
            for part in pickle.loads(pickle.dumps(parts_of(view, 64)))
        ]
        for view in (train, test)
    ]
    of_train, of_test = (set().union(*parts) for parts in found)
    assert of_train == set(train.column("a").to_pylist())
    assert of_test == set(test.column("a").to_pylist())
    assert of_train | of_test == set(range(ROWS))
    assert not {k // 3 for k in of_train} & {k // 3 for k in of_test}
    assert 0.2 < len(of_test) / ROWS < 0.4


def test_a_table_behind_a_url_has_the_same_parts(table):
    """The table is read through fsspec."""
    remote = Table(table.data.as_uri(), table.roles)
    assert remote.num_rows == ROWS
    numbers = [part.column("a").to_numpy() for part in parts_of(remote, 300)]
    np.testing.assert_array_equal(np.concatenate(numbers), np.arange(ROWS))


def test_a_file_that_changed_is_read_anew(table):
    """The footer is kept only as long as the file does not change."""
    assert len(parts_of(table, 64)) == 16
    data = table.to_arrow()
    pq.write_table(data.slice(0, 640), table.data, row_group_size=64)
    assert len(parts_of(table, 64)) == 10


def test_rows_in_memory_are_refused(table):
    """Workers cannot read them."""
    with pytest.raises(TableError, match="memory"):
        parts_of(Table(table.to_arrow(), table.roles), 64)


def test_rows_numbered_among_chosen_ones_are_refused(table):
    """The number of rows chosen before a part is not known without reading."""
    view = table.where(HashedRows(3, 0.3, True)).where(HashedRows(4, 0.5, True))
    with pytest.raises(TableError, match="chosen by number among rows"):
        parts_of(view, 64)


def test_an_error_of_another_process_keeps_its_problems():
    """Its message, problems and source are the same after pickling."""
    error = TableError(Problem("wrong", "Mend it", "a", 3), source="rows.csv")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "rows.csv: wrong. Mend it."
    assert again.problems == error.problems


def test_a_table_stored_again_can_be_cut_whatever_its_source_was(tmp_path):
    """A single row group cannot be cut; stored tables have one for each 8 MiB of numbers."""
    data = pa.table({"a": np.arange(150_000.0), "y": np.arange(150_000) % 2})
    pq.write_table(data, tmp_path / "one.parquet")
    source = Table(tmp_path / "one.parquet", Table.from_arrow(data, "y").roles)
    assert len(parts_of(source, 1)) == 1
    source.write_parquet(tmp_path / "again.parquet")
    again = Table.read_parquet(tmp_path / "again.parquet")
    assert [part.num_rows for part in parts_of(again, 1)] == [65_536, 65_536, 18_928]
