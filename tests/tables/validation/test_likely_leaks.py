"""Features that leak the answer are flagged; features that are merely strong are not."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lr_pipeline.tables.aggregate import aggregate_here
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.likely_leaks import drawn_rows, known_leaks, likely_leaks

N = 400
Y = np.arange(N) % 2
NOISE = np.random.default_rng(8).normal(size=N)


def flagged(column, y=Y, class_rows=50_000):
    """Whether a feature is flagged beside a harmless one."""
    columns = {"y": y, "noise": np.resize(NOISE, len(y)), "x": column}
    found = likely_leaks(Table.from_arrow(pa.table(columns), "y"), class_rows=class_rows)
    assert all(problem.severity == "warning" for problem in found)
    return [problem.column for problem in found] == ["x"]


@pytest.mark.parametrize(
    "column",
    [
        Y * 5.0 + NOISE / 9,
        -Y,
        np.where(Y == 1, "closed", "open"),
        pa.array(np.where(Y == 1, "closed", "open")).dictionary_encode(),
        pa.array(NOISE, mask=Y == 0),
        Y == 1,
    ],
    ids=["number", "falling", "text", "dictionary", "missing", "boolean"],
)
def test_a_feature_that_is_known_after_the_answer_is_flagged(column):
    """It orders the classes in either direction, by value, by level, or by being missing."""
    assert flagged(column)


@pytest.mark.parametrize(
    "column",
    [Y + NOISE / 2, NOISE, np.full(N, "a"), pa.array(NOISE, mask=np.arange(N) % 3 == 0)],
    ids=["strong", "noise", "constant", "missing at random"],
)
def test_a_feature_that_is_merely_good_is_not(column):
    """Its area is below 0.995."""
    assert not flagged(column)


@pytest.mark.parametrize("positive", [100, 6_000])
def test_the_whole_table_is_drawn_from(positive):
    """The rows are sorted by class, and one class is rare; 1,000 rows of each are enough."""
    y = (np.arange(12_000) >= 12_000 - positive).astype(int)
    assert flagged(y + np.resize(NOISE, 12_000) / 9, y, 1_000)
    assert not flagged(y * 0.5 + np.resize(NOISE, 12_000), y, 1_000)
    table = Table.from_arrow(pa.table({"y": y, "x": np.arange(12_000)}), "y")
    rows = drawn_rows(table, ["x", "y"], aggregate_here, 1_000, 20_000_000)
    drawn = pa.Table.from_batches(rows)
    counts = np.bincount(drawn["y"])
    # Four standard deviations of a binomial count, √1,000 each.
    assert abs(counts[0] - 1_000) < 4 * 1_000**0.5
    assert counts[1] == 100 or abs(counts[1] - 1_000) < 4 * 1_000**0.5
    rows = drawn_rows(table, ["x", "y"], aggregate_here, 1_000, 400)
    held = pa.Table.from_batches(rows).num_rows
    assert abs(held - 200) < 4 * 200**0.5


def test_few_rows_of_a_class_prove_nothing():
    """One class has 19 rows."""
    y = np.array([1] * 19 + [0] * 60)
    assert not flagged(y, y)
    assert flagged(np.array([1] * 20 + [0] * 60), np.array([1] * 20 + [0] * 60))


def test_leaks_are_found_once_when_the_source_is_read_to_be_split(tmp_path):
    """The parts of a split have the warnings with them; rows without a record are looked at."""
    columns = {"y": Y, "noise": NOISE, "late": Y + NOISE / 9}
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    source = FileTable(tmp_path / "rows.parquet", "y")
    dataset = source.read(to_split=True)
    train, test = split_table(dataset, SplitPolicy())

    def no_pass(*_):
        raise AssertionError("the rows are read again")

    for table in (dataset, train, test):
        (warning,) = known_leaks(table, no_pass)
        assert warning.startswith("feature 'late' alone tells the classes apart")
    harmless = pa.table({"y": Y, "noise": NOISE})
    pq.write_table(harmless, tmp_path / "rows.parquet")
    assert known_leaks(source.read(to_split=True), no_pass) == []
    unrecorded = known_leaks(source.read().with_provenance({}))
    assert unrecorded == []
    (warning,) = known_leaks(Table.from_arrow(pa.table(columns), "y"))
    assert "'late'" in warning
