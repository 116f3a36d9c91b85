"""Folds of training rows: each row held out once, as the table's split would divide it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.split.folds import divide, plan_folds
from lr_pipeline.tables.split.split_policy import SplitPolicy
from lr_pipeline.tables.split.split_table import split_table
from lr_pipeline.tables.table import Table


def table_of(n: int = 60, seed: int = 0, ones: int | None = None, **columns: object) -> Table:
    """Return a table with a number x that identifies each row, and further columns."""
    y = np.zeros(n, int)
    y[: n // 3 if ones is None else ones] = 1
    y = np.random.default_rng(seed).permutation(y)
    roles = {name: name for name in columns}
    return Table.from_pandas(
        pd.DataFrame({"x": np.arange(n, dtype=float), **columns, "y": y}), target="y", **roles
    )


def held_out(table: Table, folds: int, repeat: int = 0) -> list[tuple[Table, Table]]:
    """Return the training and the held-out rows of each fold."""
    plan = plan_folds(table, folds)
    return [
        (table.where(fold.training), table.where(fold.held_out))
        for fold in divide(table, plan, repeat)
    ]


@settings(deadline=None, max_examples=30)
@given(st.integers(12, 90), st.integers(2, 6), st.integers(0, 99), st.data())
def test_each_row_is_held_out_once_and_classes_are_dealt_evenly(n, folds, seed, data) -> None:
    """Classes and rows of two folds differ by one at most, and no row is in both parts."""
    ones = data.draw(st.integers(folds, n - folds))
    parts = held_out(table_of(n, seed, ones), folds)
    assert len(parts) == folds
    seen = [part.to_pandas() for _, part in parts]
    assert sorted(pd.concat(seen)["x"]) == list(range(n))
    for counts in ([len(one) for one in seen], [one["y"].sum() for one in seen]):
        assert max(counts) - min(counts) <= 1
    for training, part in parts:
        assert set(training.to_pandas()["x"]) == set(range(n)) - set(part.to_pandas()["x"])


def test_another_repeat_is_another_division_and_the_same_one_is_the_same() -> None:
    """Folds depend on the split's seed and on the number of the repeat alone."""
    table = table_of()
    first, again, other = (
        [part.to_pandas()["x"].tolist() for _, part in held_out(table, 5, repeat)]
        for repeat in (0, 0, 1)
    )
    assert first == again != other


def test_groups_stay_whole() -> None:
    """No group is trained on and held out at once, and positive rows are spread over the folds."""
    groups = np.random.default_rng(1).integers(0, 20, 120)
    table = table_of(120, group=groups)
    parts = held_out(table, 4)
    for training, part in parts:
        assert not set(training.to_pandas()["group"]) & set(part.to_pandas()["group"])
        assert 5 <= part.to_pandas()["y"].sum() <= 15
    assert sum(part.num_rows for _, part in parts) == 120


def test_keys_of_a_sticky_split_stay_whole() -> None:
    """Rows of one id were placed together by the split, and are held out together."""
    table = table_of(80, id=[f"c{i % 30}" for i in range(80)])
    train, _ = split_table(table, SplitPolicy(kind="sticky"))
    for training, part in held_out(train, 3):
        assert not set(training.to_pandas()["id"]) & set(part.to_pandas()["id"])


def test_time_is_held_out_forward() -> None:
    """Each fold is later than every row that its model is trained on, ties together."""
    times = np.random.default_rng(2).integers(0, 40, 150)
    parts = held_out(table_of(150, time=times), 5)
    assert len(parts) == 5
    for training, part in parts:
        assert training.to_pandas()["time"].max() < part.to_pandas()["time"].min()
    sizes = [part.num_rows for _, part in parts]
    assert min(sizes) > 0.6 * 150 / 6


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 9), min_size=6, max_size=40), st.integers(2, 6))
def test_no_fold_by_time_is_empty(times, folds) -> None:
    """Even where most rows have one time, there are as many folds as the plan says."""
    table = table_of(len(times), time=times)
    if len(set(times)) < 3:
        with pytest.raises(TableError, match="found"):
            plan_folds(table, folds)
        return
    parts = held_out(table, folds)
    assert len(parts) == min(folds, len(set(times)) - 1)
    assert all(training.num_rows and part.num_rows for training, part in parts)


def test_cases_are_dealt_out_where_weights_count_them() -> None:
    """The held-out weights of a row add up to its weight, and each fold has its share of cases."""
    weight = np.random.default_rng(3).integers(1, 30, 40)
    table = table_of(40, weight=weight)
    total = np.zeros(40)
    for training, part in held_out(table, 5):
        rows, others = part.to_pandas(), training.to_pandas()
        total[rows["x"].astype(int)] += rows["weight"]
        assert rows["weight"].sum() + others["weight"].sum() == weight.sum()
        assert abs(rows["weight"].sum() - weight.sum() / 5) <= 2
    assert total.tolist() == weight.tolist()


def test_a_rare_class_has_as_many_folds_as_rows() -> None:
    """With three positive rows there are three folds; with one there is no cross-validation."""
    assert plan_folds(table_of(50, ones=3), 5).folds == 3
    with pytest.raises(TableError, match="needs 2 rows of each class in the training set"):
        plan_folds(table_of(50, ones=1), 5)


def test_a_row_without_a_group_belongs_to_the_group_of_those() -> None:
    """Missing groups are held out together, as the split places them."""
    groups = [None if i % 4 == 0 else f"g{i % 7}" for i in range(60)]
    for training, part in held_out(table_of(60, group=groups), 3):
        missing = [one.to_pandas()["group"].isna().any() for one in (training, part)]
        assert missing.count(True) == 1
