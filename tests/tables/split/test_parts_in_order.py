"""The parts of a clean split are proven to be the chosen rows, in order, in one pass."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.engines.streaming import aggregate_by_threads
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.row_choice import MaskedRows
from lr_pipeline.tables.split import leakage
from lr_pipeline.tables.split.leakage import Leakage, find_leakage
from lr_pipeline.tables.split.parts_in_order import twins_of_parts_in_order
from lr_pipeline.tables.split.split_table import SplitPolicy, choose_rows, split_table
from lr_pipeline.tables.table import Table
from tests.tables.split.mixed_rows import mixed_rows

N = 300
IN_TRAIN = np.arange(N) % 3 > 0
CHOICES = MaskedRows(IN_TRAIN), MaskedRows(~IN_TRAIN)


@pytest.fixture(scope="module")
def frame():
    """Rows that all differ, with every kind of value, missing values and both zeros."""
    rng = np.random.default_rng(2)
    return mixed_rows(N).assign(
        zero=np.where(rng.random(N) > 0.5, 0.0, -0.0).astype("float32"),
        kind=pd.Categorical(rng.choice(["a", "b"], N)),
    )


def table_of(frame, rows=slice(None)):
    """Return some rows of the frame as a table."""
    return Table.from_pandas(frame.iloc[rows], "y")


def parts_of(frame, in_train=IN_TRAIN):
    """Return the training part and the test part, in memory."""
    return [table_of(frame, np.flatnonzero(rows)) for rows in (in_train, ~in_train)]


def in_order(frame, parts, choices=CHOICES):
    """Whether the parts are proven to be the chosen rows of the frame."""
    return twins_of_parts_in_order(table_of(frame), parts, choices) is not None


@pytest.mark.parametrize("block_rows", [7, 1_000])
def test_stored_parts_are_proven_without_hashes_of_whole_tables(
    frame, tmp_path, block_rows, monkeypatch
):
    """Blocks end at other rows in the dataset and in its parts; each is read once."""
    tables = [table_of(frame), *parts_of(frame)]
    for number, table in enumerate(tables):
        table.write_parquet(tmp_path / f"{number}.parquet")
    stored = [
        replace(Table.read_parquet(tmp_path / f"{k}.parquet"), block_bytes=8 * 7 * block_rows)
        for k in range(3)
    ]
    passes = []
    blocks = Table.blocks
    monkeypatch.setattr(
        Table, "blocks", lambda table, *given: passes.append(table) or blocks(table, *given)
    )
    monkeypatch.setattr(leakage, "_find_in_share", None)
    found = find_leakage(*stored, partial(aggregate_by_threads, threads=2), choices=CHOICES)
    assert found == Leakage(0, 0, 0, 0, 0, 0)
    assert passes == stored


@pytest.mark.parametrize("kind", ["random", "sticky", "group", "time"])
def test_every_kind_of_split_is_proven(frame, kind):
    """The choices are made again from the table and the policy."""
    roles = {"time": "when"} if kind == "time" else {"group": "text"} if kind == "group" else {}
    frame = frame.assign(text=[f"g{k % 40}" for k in range(N)])
    table, policy = Table.from_pandas(frame, "y", **roles), SplitPolicy(kind=kind)
    parts = split_table(table, policy)
    assert twins_of_parts_in_order(table, parts, choose_rows(table, policy)) == 0


def faulty_parts(frame):
    """Yield each fault with its parts, and the counts that a comparison of multisets gives."""
    train, test = (np.flatnonzero(rows) for rows in (IN_TRAIN, ~IN_TRAIN))
    changed = frame.copy()
    changed.loc[train[5], "number"] = 77.0
    sets = {
        "a test row in both": ([*train, test[3]], test, {"shared_rows": 1}),
        "a training row in both": (train, [train[0], *test], {"shared_rows": 1}),
        "a row in neither": (train[:-1], test, {"missing_rows": 1}),
        "a row lost in the middle": (train, np.delete(test, 4), {"missing_rows": 1}),
        "a row twice": (np.repeat(train, np.where(train == 4, 2, 1)), test, {"added_rows": 1}),
    }
    for name, (of_train, of_test, counts) in sets.items():
        yield name, [table_of(frame, of_train), table_of(frame, of_test)], counts
    yield (
        "a changed value",
        [table_of(changed, train), table_of(frame, test)],
        {"missing_rows": 1, "added_rows": 1},
    )


def test_a_fault_is_counted_by_hashes(frame):
    """No fault is proven clean, and its counts are those of a comparison without the choices."""
    for name, parts, counts in faulty_parts(frame):
        assert not in_order(frame, parts), name
        found = find_leakage(table_of(frame), *parts, choices=CHOICES)
        assert {fault: n for fault, n in found.counts.items() if n} == counts, name
        assert not found.clean


def test_rows_in_another_order_or_by_other_choices_are_not_proven(frame):
    """They may be a clean split all the same, which the hashes then show."""
    train, test = parts_of(frame)
    turned = table_of(frame, np.flatnonzero(IN_TRAIN)[::-1])
    assert not in_order(frame, [turned, test])
    assert find_leakage(table_of(frame), turned, test, choices=CHOICES).clean
    everything = MaskedRows(np.ones(N, bool))
    assert not in_order(frame, [table_of(frame), test], (everything, CHOICES[1]))
    nothing = MaskedRows(np.zeros(N, bool))
    assert not in_order(frame, [train, test.where(nothing)], (CHOICES[0], nothing))
    assert in_order(frame, [train, test])


def test_a_type_or_a_column_that_differs_is_not_proven(frame):
    """The parts must have the dataset's columns, in its types."""
    _, test = parts_of(frame)
    wider = Table.from_pandas(frame[IN_TRAIN].assign(zero=frame["zero"].astype(float)), "y")
    assert not in_order(frame, [wider, test])
    assert not in_order(frame, [Table.from_pandas(frame[IN_TRAIN].drop(columns="flag"), "y"), test])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=30))
def test_twins_are_the_test_rows_that_equal_a_training_row(rows):
    """Python's own sets give the number; ids and weights do not count."""
    values, in_train = (np.array(column) for column in zip(*rows, strict=True))
    columns = {
        "x": pa.array(values / 4),
        "key": pa.array(np.arange(len(rows))),
        "w": pa.array(1.0 + np.arange(len(rows))),
        "y": pa.array(values % 2),
    }
    roles = ColumnRoles("y", 1, ("x",), id="key", weight="w")
    whole = Table(pa.table(columns), roles)
    choices = MaskedRows(in_train), MaskedRows(~in_train)
    parts = [whole.where(choice) for choice in choices]
    seen = set(values[in_train])
    expected = sum(value in seen for value in values[~in_train])
    assert twins_of_parts_in_order(whole, parts, choices) == expected


def test_twins_of_many_rows_are_estimated(frame):
    """Each row is once in either part: the estimate is near the number of test rows."""
    twice = pd.concat([frame] * 2, ignore_index=True)
    first = np.arange(2 * N) < N
    parts = [table_of(twice, np.flatnonzero(rows)) for rows in (first, ~first)]
    found = twins_of_parts_in_order(
        table_of(twice), parts, (MaskedRows(first), MaskedRows(~first)), hashes_held=N // 2
    )
    # One row in 4 is examined: 4 times a binomial count, with standard deviation √(N · 3).
    assert found % 4 == 0
    assert abs(found - N) < 4 * np.sqrt(N * 3)
