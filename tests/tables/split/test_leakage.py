"""Leakage is counted: rows, ids and groups that are in both parts, missing and added rows."""

from collections import Counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.tables.aggregate import aggregate_here
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.split.leakage import Leakage, find_leakage
from lr_pipeline.tables.table import Table
from tests.tables.split.mixed_rows import mixed_rows

N = 60


@pytest.fixture(scope="module")
def frame():
    """Rows that all differ, with every kind of value and missing values."""
    return mixed_rows(N)


def build(frame, rows, **roles):
    """Table of some rows of the frame."""
    return Table.from_pandas(frame.iloc[list(rows)], "y", **roles)


def leakage(frame, train, test, hashes_held=2_000_000, **roles):
    """Leakage between rows of the frame."""
    parts = (build(frame, rows, **roles) for rows in (range(len(frame)), train, test))
    return find_leakage(*parts, hashes_held=hashes_held)


def test_a_split_of_all_rows_is_clean(frame, tmp_path):
    """It is clean in any order, and with the parts read from disk."""
    order = np.random.default_rng(2).permutation(N)
    parts = [build(frame, rows, time="when") for rows in (range(N), order[:40], order[40:])]
    for number, part in enumerate(parts):
        part.write_parquet(tmp_path / f"{number}.parquet")
    stored = [Table.read_parquet(tmp_path / f"{number}.parquet") for number in range(3)]
    for three in (parts, stored):
        found = find_leakage(*three)
        assert found == Leakage(0, 0, 0, 0, 0, 0)
        assert found.clean
        assert str(found) == "no row, id or group is in both parts"


def test_one_row_in_both_parts_is_found(frame):
    """A test row is added to the training part."""
    found = leakage(frame, [*range(40), 45], range(40, N))
    assert (found.shared_rows, found.clean) == (1, False)
    assert str(found) == "shared rows: 1"
    assert found.to_dict()["shared_rows"] == 1


def test_one_shared_id_is_found(frame):
    """Two rows that differ belong to the same customer."""
    frame = frame.assign(key=[f"c{k}" for k in range(N)])
    clean = leakage(frame, range(40), range(40, N), id="key")
    assert clean.clean
    frame.loc[50, "key"] = "c3"
    found = leakage(frame, range(40), range(40, N), id="key")
    assert found == Leakage(0, 0, 0, shared_ids=1, shared_groups=0, identical_rows=0)
    assert not found.clean


def test_one_shared_group_is_found(frame):
    """The split cuts a group in two."""
    frame = frame.assign(place=["a"] * 40 + ["b"] * 20)
    assert leakage(frame, range(40), range(40, N), group="place").clean
    found = leakage(frame, range(41), range(41, N), group="place")
    assert (found.shared_groups, found.shared_rows, found.clean) == (1, 0, False)


def test_one_future_row_is_found(frame):
    """A training row is as late as the first test row, after a split by time."""
    split = {"split": {"policy": {"kind": "time"}}}
    dataset = build(frame, range(N), time="when")

    def overlap(train, test, provenance):
        parts = [
            build(frame, rows, time="when").with_provenance(provenance) for rows in (train, test)
        ]
        return find_leakage(dataset, *parts)

    assert overlap(range(40), range(40, N), split).clean
    mixed = [*range(39), 50], [39, *range(40, 50), *range(51, N)]
    found = overlap(*mixed, split)
    assert (found.time_overlap, found.clean, str(found)) == (1, False, "time overlap: 1")
    assert overlap(*mixed, {}).clean


def test_a_missing_row_and_an_added_row_are_found(frame):
    """A row with one changed value counts twice: one row is missing, one was added."""
    changed = frame.copy()
    changed.loc[3, "number"] = 77.0
    found = find_leakage(
        build(frame, range(N)), build(changed, range(40)), build(frame, range(40, N))
    )
    assert (found.missing_rows, found.added_rows, found.shared_rows) == (1, 1, 0)
    assert leakage(frame, range(39), range(40, N)).missing_rows == 1
    assert leakage(frame, [*range(40), 3], range(40, N)).added_rows == 1


def test_duplicates_of_the_data_are_no_leakage(frame):
    """Equal rows of the dataset itself are counted separately, also if only the id differs."""
    twins = pd.concat([frame, frame.iloc[[3, 3]]], ignore_index=True)
    found = leakage(twins, range(40), range(40, N + 2))
    assert found == Leakage(0, 0, 0, 0, 0, identical_rows=2)
    assert found.clean
    named = twins.assign(key=np.arange(N + 2))
    assert leakage(named, range(40), range(40, N + 2), id="key").identical_rows == 2
    third = leakage(twins, [*range(40), 60], range(40, N + 2))
    assert (third.shared_rows, third.clean) == (1, False)


@settings(max_examples=50, deadline=None)
@given(*[st.lists(st.integers(0, 3), max_size=12) for _ in range(3)])
def test_the_counts_are_those_of_multisets(dataset, train, test):
    """Python's own multisets give the expected counts."""

    def table(numbers):
        return Table(pa.table({"x": pa.array(numbers, pa.int64())}), ColumnRoles("x", 1, ("x",)))

    found = find_leakage(table(dataset), table(train), table(test))
    held, parts = Counter(dataset), Counter(train) + Counter(test)
    excess, everywhere = parts - held, set(dataset) & set(train) & set(test)
    shared = sum(excess[value] for value in everywhere)
    assert found.shared_rows == shared
    assert found.added_rows == excess.total() - shared
    assert found.missing_rows == (held - parts).total()


@pytest.mark.parametrize("spoiled", [None, 3])
def test_a_large_table_is_compared_by_sums_of_hashes_first(frame, spoiled):
    """Only if the sums differ are rows compared, one share after the other; counts are equal."""
    parts = [build(frame, rows) for rows in (range(N), range(40), range(40, N))]
    if spoiled is not None:
        parts[1] = build(frame, [*range(spoiled), *range(spoiled + 1, 40), 45])
    expected = find_leakage(*parts)
    assert expected.clean == (spoiled is None)
    gathered = []

    def aggregate(table, columns, function):
        found = aggregate_here(table, columns, function)
        gathered.append(sum(map(len, found[0])) if isinstance(found, tuple) else 0)
        return found

    assert find_leakage(*parts, aggregate, hashes_held=30) == expected
    passes_of_clean = 3 + 2  # sums of each table; twins in one share of four
    assert (len(gathered) == passes_of_clean) == (spoiled is None)
    assert max(gathered) < N


def test_twins_in_a_large_table_are_estimated_from_some(frame):
    """Each row is once in either part: the estimate is near the number of test rows."""
    twice = pd.concat([frame] * 2, ignore_index=True)
    found = leakage(twice, range(N), range(N, 2 * N), hashes_held=30)
    assert found.clean
    # One row in 8 is examined: 8 times a binomial count, with standard deviation √(60 · 7).
    assert abs(found.identical_rows - N) < 4 * np.sqrt(N * 7)
    assert found.identical_rows % 8 == 0
