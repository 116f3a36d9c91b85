"""Rows streamed from a table: the same sums as from the whole design at once."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from lr_pipeline.core.rows import Rows
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import Table


@pytest.fixture(scope="module")
def table():
    """500 rows of whole numbers, so that sums are exact in any order, with weights and text."""
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
    """Fitted on the table itself."""
    return Preparation.fit(table)


def moments(block):
    """Σ wxxᵀ, Σ wyx and the number of rows."""
    weighted = block.X * block.weight[:, None]
    return weighted.T @ block.X, weighted.T @ block.y, len(block.y)


@pytest.mark.parametrize("block_rows", [1, 7, 100, 500, 10_000])
def test_sums_equal_those_of_the_whole_design(table, preparation, block_rows):
    """Whatever the block size, here without any rounding."""
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
    """The largest |a| of all rows."""
    rows = TableRows(table, preparation, block_rows)
    largest = rows.max(lambda block: float(np.abs(block.X[:, 0]).max()))
    assert largest == np.abs(table.column("a").to_numpy()).max()


def test_memory_and_disk_give_the_same_bits(table, preparation, tmp_path):
    """Row groups leave no trace in a sum that rounds."""
    path = tmp_path / "rows.parquet"
    pq.write_table(table.to_arrow(), path, row_group_size=13)

    def rounding(block):
        return (np.sin(block.X).sum(axis=0),)

    in_memory = TableRows(table, preparation, 64).sum(rounding)[0]
    on_disk = TableRows(Table.read_parquet(path), preparation, 64).sum(rounding)[0]
    np.testing.assert_array_equal(in_memory, on_disk)


def test_it_is_an_engine(table, preparation):
    """It offers what the core asks of rows."""
    assert isinstance(TableRows(table, preparation), Rows)
