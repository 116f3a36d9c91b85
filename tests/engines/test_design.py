"""Preparation and rows of a table from a single reading of a large file of numbers."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.engines.design import prepare_rows
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.opening import open_rows
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.row_choice import HashedRows
from lr_pipeline.tables.table import Table

N = 3_000
MANY_NUMBERS = 4 * N - 1  # a file of four features is then a large one


def columns(kind):
    """Return three features, a weight and a label."""
    rng = np.random.default_rng(3)
    number, other = rng.normal(size=(2, N))
    if kind == "few missing":
        other[[5, 2_900]] = np.nan
    if kind == "missing":
        number[::9] = np.nan
    last = rng.integers(0, 9, N)
    if kind == "missing":
        last = pa.array(last, mask=rng.random(N) < 0.2)
    if kind == "text":
        last = pa.array(rng.choice(["a", "b", None], N))
    return {
        "number": number,
        "flag": rng.random(N) < 0.3,
        "last": last,
        "other": other,
        "w": rng.integers(1, 4, N).astype(float),
        "y": rng.integers(0, 2, N),
    }


def opened(*arguments, **settings):
    """Return a table's preparation and its rows."""
    prepared = prepare_rows(*arguments, **settings, many_numbers=MANY_NUMBERS)
    return prepared.preparation, prepared.rows


@pytest.fixture
def store(tmp_path):
    """Write a file with row groups of 100 rows."""

    def write(kind, weight=None):
        data = pa.table(columns(kind))
        table = Table.from_arrow(data, "y", weight=weight, exclude=[] if weight else ["w"])
        path = tmp_path / "rows.parquet"
        with pq.ParquetWriter(path, table.schema) as writer:
            writer.write_table(data.select(table.schema.names), row_group_size=100)
        return Table.read_parquet(path)

    return write


def rounding(block):
    """Return sums that round, of everything in a block."""
    weight = np.ones(len(block.y)) if block.weight is None else block.weight
    return np.sin(block.X).T @ weight, np.cos(block.X).T @ block.y


def assert_same_sums(rows, table, preparation, block_rows=64, **settings):
    """Check that sums equal those of the table to the bit, at the first pass and the next."""
    other = TableRows(table, preparation, block_rows, **settings, many_numbers=MANY_NUMBERS)
    for _ in range(2):
        for found, expected in zip(rows.sum(rounding), other.sum(rounding), strict=True):
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("weight", [None, "w"])
@pytest.mark.parametrize(
    ("kind", "design"), [("complete", 4), ("few missing", 4), ("missing", 6), ("text", 5)]
)
def test_preparation_and_rows_are_those_of_separate_passes(store, kind, design, weight):
    """With imputed values, missing indicators, text and weights, the bits are the same."""
    table = store(kind, weight)
    preparation, rows = opened(table, "streaming", block_rows=64)
    assert preparation == Preparation.fit(table)
    assert rows.num_columns == design
    assert_same_sums(rows, table, preparation)


@pytest.mark.parametrize("engine", ["streaming", "memory"])
@pytest.mark.parametrize("kind", ["complete", "few missing", "missing"])
def test_a_file_of_numbers_is_read_once(store, monkeypatch, kind, engine):
    """One reading serves the preparation and all passes, whether rows are held or not."""
    table = store(kind)
    read, batches = [], Table._stored_batches

    def counted(part, *arguments):
        read.append(part.num_rows)
        return batches(part, *arguments)

    monkeypatch.setattr(Table, "_stored_batches", counted)
    _, rows = opened(table, engine, block_rows=64)
    rows.sum(rounding)
    rows.sum(rounding)
    assert isinstance(rows, ArrayRows) == (engine == "memory")
    assert sum(read) == N and len(read) == 15


def test_chosen_rows_are_cached_after_the_choice(store):
    """A view of some rows is cut into parts like the file."""
    table = store("missing").where(HashedRows(0, 0.7, below=True))
    preparation, rows = opened(table, "streaming", block_rows=64)
    assert preparation == Preparation.fit(table)
    assert rows.num_rows == table.num_rows < N
    assert_same_sums(rows, table, preparation)


def test_a_large_file_without_a_chosen_row_has_no_medians(store):
    """The error names the columns, as for any table without rows."""
    table = store("complete").where(HashedRows(0, 0.0, below=True))
    with pytest.raises(TableError, match="'other' has no value in the training rows"):
        opened(table)


def test_without_room_every_pass_reads_the_file(store, monkeypatch):
    """It gives the same bits."""
    for module in ("design", "opening"):
        monkeypatch.setattr(f"lr_pipeline.engines.{module}.block_cache_for", lambda *shape: None)
    table = store("missing")
    preparation, rows = opened(table, "streaming", block_rows=64)
    assert preparation == Preparation.fit(table)
    assert rows.block_cache is rows.numbers is None
    assert_same_sums(rows, table, preparation)


def test_on_a_disk_that_is_full_at_once_the_fit_goes_without(store, monkeypatch):
    """The numbers are read again and imputed, with the same bits."""

    def full(fd, data, offset):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    table = store("missing")
    preparation, rows = opened(table, "streaming", block_rows=64)
    assert rows.numbers.block_cache.given_up
    assert_same_sums(rows, table, preparation)


def test_numbers_cut_otherwise_than_the_design_are_left(store):
    """Missing indicators make a small budget's blocks shorter, and these decide the bits."""
    table = store("missing")
    preparation, rows = opened(table, "streaming", memory_budget_mb=0.1)
    assert rows.numbers is None
    assert rows.block_rows == 65
    assert_same_sums(rows, table, preparation, None, memory_budget=1e5)


@pytest.mark.parametrize("bad", ["infinite", "label"])
def test_what_is_wrong_with_the_rows_is_said(store, tmp_path, bad):
    """The first pass reports an infinite value or a missing label."""
    rows = store("complete").to_arrow().to_pydict()
    rows["other" if bad == "infinite" else "y"][17] = np.inf if bad == "infinite" else None
    path = tmp_path / "bad.parquet"
    pq.write_table(pa.table(rows), path, row_group_size=100)
    table = Table(path, store("complete").roles)
    message = "'other' has infinite values" if bad == "infinite" else "'y' has missing values"
    with pytest.raises(TableError, match=message):
        opened(table)


def test_many_levels_are_encoded_at_every_pass(tmp_path):
    """To write nine columns of zeros and ones takes longer than to encode the text."""
    for levels, cached in [(9, True), (10, False)]:
        text = [f"level {number % levels}" for number in range(300)]
        path = tmp_path / f"{levels}.parquet"
        Table.from_arrow(pa.table({"s": text, "y": [0, 1] * 150}), "y").write_parquet(path)
        table = Table.read_parquet(path)
        rows = open_rows(table, Preparation.fit(table), "streaming")
        assert (rows.block_cache is not None) == cached


def test_rows_in_memory_have_no_file_and_others_none_where_told_so(store):
    """There is none for held rows, a table in memory, or if the engine's setting says so."""
    table = store("complete")
    in_memory = Table(table.to_arrow(), table.roles)
    assert opened(table, "streaming")[1].numbers is not None
    for off in ({"disk_cache": False}, {"keep": False}):
        _, rows = opened(table, "streaming", **off)
        assert rows.numbers is rows.block_cache is None
    assert opened(in_memory, "streaming")[1].block_cache is None
    assert isinstance(opened(table, "memory")[1], ArrayRows)
