"""A stratified draw takes scikit-learn's number of rows of each class, without scikit-learn."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split
from sklearn.utils.extmath import _approximate_mode

from lr_pipeline.tables.split.random_split import numbers_drawn
from lr_pipeline.tables.split.split_policy import SplitPolicy
from lr_pipeline.tables.split.split_table import choose_rows
from lr_pipeline.tables.table import Table


@settings(max_examples=500, deadline=None)
@given(
    counts=st.lists(st.integers(0, 10) | st.integers(0, 10**7), min_size=1, max_size=6).filter(any),
    share=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
@example(counts=[1, 1], share=0.5, seed=0)
@example(counts=[5, 5], share=0.5, seed=1)
@example(counts=[3, 3, 3, 3], share=0.5, seed=2)
def test_numbers_are_scikit_learns_ties_included(counts, share, seed):
    """The same random numbers are consumed too, so that what is drawn next is also the same."""
    counts, drawn = np.array(counts), round(share * sum(counts))
    ours, theirs = np.random.RandomState(seed), np.random.RandomState(seed)
    np.testing.assert_array_equal(
        numbers_drawn(counts, drawn, ours), _approximate_mode(counts, drawn, theirs)
    )
    assert ours.randint(2**31) == theirs.randint(2**31)


@settings(max_examples=100, deadline=None)
@given(
    zeros=st.integers(5, 400),
    ones=st.integers(5, 400),
    test_size=st.sampled_from([0.25, 0.5]) | st.floats(0.2, 0.8),
    seed=st.integers(0, 2**32 - 1),
)
@example(zeros=15, ones=15, test_size=0.5, seed=0)
@example(zeros=15, ones=15, test_size=0.5, seed=3)
def test_rows_of_classes_of_any_size_are_scikit_learns(zeros, ones, test_size, seed):
    """Classes of equal size with an odd number of rows each are a tie."""
    y = np.repeat([0, 1], [zeros, ones])
    y = y[np.random.default_rng(seed).permutation(len(y))]
    table = Table.from_arrow(pa.table({"x": np.arange(len(y)), "y": y}), "y", 1)
    _, chosen = choose_rows(table, SplitPolicy(test_size=test_size, seed=seed))
    _, expected = train_test_split(
        np.arange(len(y)), test_size=test_size, random_state=seed, stratify=y
    )
    np.testing.assert_array_equal(np.flatnonzero(chosen.chosen), np.sort(expected))


READ_AND_SPLIT = """
import sys
from lr_pipeline import FileTable
from lr_pipeline.tables.split.split_table import split_table
source = FileTable(sys.argv[1], "y")
train, test = split_table(source.read(to_split=True), source.split)
print(train.num_rows, test.num_rows, *sys.modules)
"""


def test_a_file_is_read_and_split_without_scikit_learn(tmp_path: Path) -> None:
    """Its import would take longer than all fits of a small table."""
    rng = np.random.default_rng(0)
    columns = {"x": rng.normal(size=100), "y": rng.integers(0, 2, 100)}
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    command = [sys.executable, "-c", READ_AND_SPLIT, str(tmp_path / "rows.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    train_rows, test_rows, *modules = done.stdout.split()
    assert (train_rows, test_rows) == ("80", "20")
    assert not {"sklearn", "scipy.stats", "matplotlib", "torch", "dagster"} & set(modules)
