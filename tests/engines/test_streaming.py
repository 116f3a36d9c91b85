"""Rows streamed from a table give the sums of the whole design."""

import threading
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.rows import Rows, largest
from lr_pipeline.engines.block_cache import BlockCache
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.tables.preparation.encoding import NumberEncoding
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.row_choice import MaskedRows
from lr_pipeline.tables.table import Table


@pytest.fixture(scope="module")
def table():
    """Return 500 rows of whole numbers, so that sums are exact in any order; weights and text."""
    rng = np.random.default_rng(4)
    df = pd.DataFrame(
        {
            "a": rng.integers(-50, 50, 500),
            "s": rng.choice(["u", "v", None], 500),
            "w": rng.integers(1, 4, 500),
            "y": rng.integers(0, 2, 500),
        }
    )
    return Table.from_pandas(df, "y", weight="w")


@pytest.fixture(scope="module")
def preparation(table):
    """Return the preparation fitted on the table itself."""
    return Preparation.fit(table)


def moments(block):
    """Return Σ wxxᵀ, Σ wyx and the number of rows."""
    weighted = block.X * block.weight[:, None]
    return weighted.T @ block.X, weighted.T @ block.y, len(block.y)


@pytest.mark.parametrize("block_rows", [1, 7, 100, 500, 10_000])
def test_sums_equal_those_of_the_whole_design(table, preparation, block_rows):
    """They are equal for any block size, here without any rounding."""
    df = table.to_pandas()
    level = preparation.columns[1].removeprefix("s=")
    X = np.c_[df["a"], df["s"] == level, df["s"].isna()].astype(float)
    rows = TableRows(table, preparation, block_rows)
    second, first, count = rows.sum(moments)
    w = df["w"].to_numpy(dtype=float)
    np.testing.assert_array_equal(second, X.T @ np.diag(w) @ X)
    np.testing.assert_array_equal(first, X.T @ (w * df["y"]))
    assert count == rows.num_rows == 500
    assert rows.num_columns == 3


@pytest.mark.parametrize("block_rows", [7, 500])
def test_max_is_that_of_all_blocks(table, preparation, block_rows):
    """The maximum is the largest |a| of all rows."""
    rows = TableRows(table, preparation, block_rows)
    found = largest(rows, lambda block: float(np.abs(block.X[:, 0]).max()))
    assert found == np.abs(table.column("a").to_numpy()).max()


@pytest.mark.promise(
    "Numbers",
    "A table that is streamed from disk gives the same bits as one in memory.",
)
def test_memory_and_disk_give_the_same_bits(table, preparation, tmp_path):
    """Row groups have no effect on a sum that rounds."""
    path = tmp_path / "rows.parquet"
    pq.write_table(table.to_arrow(), path, row_group_size=13)

    def rounding(block):
        return (np.sin(block.X).sum(axis=0),)

    in_memory = TableRows(table, preparation, 64).sum(rounding)[0]
    on_disk = TableRows(Table.read_parquet(path), preparation, 64).sum(rounding)[0]
    np.testing.assert_array_equal(in_memory, on_disk)


@pytest.fixture
def large(table, tmp_path):
    """Return the table in a file of 39 row groups."""
    path = tmp_path / "rows.parquet"
    pq.write_table(table.to_arrow(), path, row_group_size=13)
    return Table.read_parquet(path)


in_parts = partial(TableRows, block_rows=10, many_numbers=1000)  # 500 rows of 3 numbers have more


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_parts_of_a_large_file_are_added_in_order_by_any_number_of_threads(
    large, table, preparation, threads
):
    """The bits are those of one part after the other, and every row counts once."""
    seen = []
    rows = in_parts(large, preparation, progress=lambda *told: seen.append(told))
    rows.threads = threads

    def rounding(block):
        return np.sin(block.X).sum(axis=0), [threading.current_thread().name]

    found, names = rows.sum(rounding)
    cut = -(-500 // 16 // 13) * 13  # rows of a part: whole row groups that have a sixteenth
    X = TableRows(table, preparation, 500).sum(lambda block: ([block.X],))[0][0]
    parts = [X[start : start + cut] for start in range(0, 500, cut)]
    expected = None
    for part in parts:
        blocks = [np.sin(part[i : i + 10]).sum(axis=0) for i in range(0, len(part), 10)]
        total = blocks[0]
        for block in blocks[1:]:
            total = total + block
        expected = total if expected is None else expected + total
    np.testing.assert_array_equal(found, expected)
    assert len(names) == sum(-(-len(part) // 10) for part in parts)
    assert sorted(seen)[-1] == (500, 500) and len(seen) == len(names)
    assert largest(rows, lambda block: float(block.X[:, 0].max())) == X[:, 0].max()


@pytest.mark.parametrize("threads", [1, 5])
@pytest.mark.parametrize("many_numbers", [1000, 10**6])
def test_with_a_block_cache_the_bits_are_the_same_and_the_file_is_read_once(
    large, preparation, monkeypatch, threads, many_numbers
):
    """The sums round, at the first and later passes; with text and weights."""

    def rounding(block):
        return np.sin(block.X).T @ block.weight, np.exp(block.X[:, 0]) @ block.y

    rows = partial(TableRows, large, preparation, 10, many_numbers=many_numbers)
    expected, rows = rows().sum(rounding), rows(block_cache=BlockCache())
    rows.threads = threads
    assert rows.in_parts == (many_numbers == 1000)
    for number in range(3):
        for found, wanted in zip(rows.sum(rounding), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)
        if number == 0:
            monkeypatch.setattr(Table, "_stored_batches", None)
    assert largest(rows, lambda block: float(block.X[:, 0].max())) == 49.0


def test_a_pass_that_failed_leaves_a_block_cache_that_the_next_completes(large, preparation):
    """Parts that were read before the error are kept; the others are read again."""
    rows = in_parts(large, preparation, block_cache=BlockCache())
    seen = []

    def fail(block):
        seen.append(len(block.y))
        if len(seen) == 20:
            raise ArithmeticError("no")
        return (block.X.sum(),)

    with pytest.raises(ArithmeticError, match="no"):
        rows.sum(fail)
    expected = in_parts(large, preparation).sum(moments)
    for _ in range(2):
        for found, wanted in zip(rows.sum(moments), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_what_is_kept_of_a_cached_block_stays(large, preparation):
    """A later block does not overwrite an earlier one that a caller keeps."""
    rows = in_parts(large, preparation, block_cache=BlockCache())
    first = rows.sum(lambda block: ([block.X],))[0]
    again = rows.sum(lambda block: ([block.X],))[0]
    np.testing.assert_array_equal(np.concatenate(first), np.concatenate(again))


def test_a_large_file_of_chosen_rows_is_cut_as_well(large, preparation):
    """A mask chooses rows; each chosen row counts once, and most parts have none."""
    chosen = np.zeros(500, dtype=bool)
    chosen[[3, 470, 499]] = True
    view = Table(large.data, large.roles, choices=(MaskedRows(chosen),))
    (places,) = in_parts(view, preparation).sum(lambda block: ([*block.X[:, 0]],))
    np.testing.assert_array_equal(places, large.column("a").to_numpy()[[3, 470, 499]])


def test_it_is_an_engine(table, preparation):
    """The class has what the core requires of rows."""
    assert isinstance(TableRows(table, preparation), Rows)


def test_an_error_of_the_computation_leaves_no_thread(table, preparation):
    """The reading thread ends when the caller's function fails."""

    def fail(block):
        raise ArithmeticError("no")

    before = threading.enumerate()
    with pytest.raises(ArithmeticError, match="no"):
        TableRows(table, preparation, 7).sum(fail)
    assert not set(threading.enumerate()) - set(before)


@settings(max_examples=25, deadline=None)
@given(
    groups=st.lists(st.integers(1, 200), min_size=1, max_size=40),
    block_rows=st.integers(1, 700),
)
def test_any_row_groups_and_block_size_give_the_coefficients_of_memory(
    tmp_path_factory, groups, block_rows
):
    """Each agrees to 1e-10, also with uneven row groups; equal block sizes give equal bits."""
    rng = np.random.default_rng(5)
    n = 600
    X = rng.normal(size=(n, 3)) * [1.0, 30.0, 0.02] + [0.0, 5.0, 1.0]
    y = (rng.random(n) < 1 / (1 + np.exp(-(X @ [0.8, -0.02, 20.0] - 20.0)))).astype(int)
    data = pa.table({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": y})
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    with pq.ParquetWriter(path, data.schema) as writer:
        start = 0
        for size in [*groups, n]:
            part = data.slice(start, size)
            if part.num_rows:
                writer.write_table(part, row_group_size=size)
            start += part.num_rows
    stored = Table(path, Table.from_arrow(data, "y").roles)
    preparation = Preparation.fit(stored)
    streamed = fit_logistic(TableRows(stored, preparation, block_rows), NumpyKernel())
    held = fit_logistic(ArrayRows(X, y.astype(float)), NumpyKernel())
    np.testing.assert_allclose(streamed.coefficients, held.coefficients, rtol=1e-10)
    np.testing.assert_allclose(streamed.intercept, held.intercept, rtol=1e-10)
    in_memory = Table.from_arrow(data, "y")
    again = fit_logistic(TableRows(in_memory, preparation, block_rows), NumpyKernel())
    np.testing.assert_array_equal(streamed.coefficients, again.coefficients)


@pytest.mark.parametrize(
    ("columns", "budget", "expected"),
    [(20, 512e6, 16_384), (10_000, 512e6, 200), (10_000, 1e6, 1)],
)
def test_the_block_size_follows_from_budget_and_columns(columns, budget, expected):
    """A block takes a 32nd of the budget at most, and is never empty."""
    names = [f"x{j}" for j in range(columns)]
    data = pa.table({name: [0.0, 1.0] for name in names} | {"y": [0, 1]})
    table = Table.from_arrow(data, "y")
    encodings = tuple(NumberEncoding(name, 0.5, False) for name in names)
    rows = TableRows(table, Preparation(table.roles, encodings), memory_budget=budget)
    assert rows.block_rows == expected
    assert rows.sum(lambda block: (block.X.sum(),)) == (float(columns),)
