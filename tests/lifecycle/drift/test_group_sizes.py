"""A group of rows counts as one unit: its size, and the groups of each level."""

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.lifecycle.drift.group_sizes import GroupSizes, Independence, LevelGroups
from lr_pipeline.tables.table import Table
from tests.lifecycle.drift.conftest import fit, rows

ROWS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7), st.integers(0, 3)), min_size=1)


@given(ROWS, st.integers(1, 5))
def test_sizes_and_groups_of_levels_are_counted_in_any_blocks(found, block) -> None:
    """A dictionary of groups counts the same; a row of weight 0 does not count."""
    level, group, weight = (np.array(one) for one in zip(*found, strict=True))
    sizes, levels = GroupSizes(), LevelGroups(6)
    for start in range(0, len(level), block):
        part = slice(start, start + block)
        hashes, cases = group[part].astype(np.uint64), weight[part].astype(float)
        sizes.add(hashes, cases)
        levels.add(level[part].astype(np.int64), hashes)
    expected, of_level = defaultdict(float), defaultdict(set)
    for one, g, w in found:
        expected[g] += w
        of_level[one].add(g)
    total = sum(expected.values())
    mean = sum(one * one for one in expected.values()) / total if total else 1.0
    assert sizes.mean == pytest.approx(mean)
    assert levels.number.tolist() == [min(len(of_level[k]), 3) for k in range(6)]


def test_of_many_groups_a_part_is_held() -> None:
    """The mean size of the sampled groups is that of all, within five standard errors."""
    rng = np.random.default_rng(1)
    groups = rng.integers(0, 2**64, 50_000, dtype=np.uint64)
    sizes = rng.integers(1, 6, 50_000)
    counted = GroupSizes(most_groups=1_000)
    for one in np.array_split(np.repeat(groups, sizes), 20):
        counted.add(one, np.ones(len(one)))
    assert 200 < len(counted.cases) <= 1_000
    assert counted.mean == pytest.approx(float(sizes @ sizes) / sizes.sum(), abs=0.25)


def test_new_rows_without_the_group_are_grouped_as_in_training() -> None:
    """Of a sample of every tenth case, fewer are of one group."""
    assert Independence.of_groups(5.0, 1, None) == (0.2, 0.2, 0.2)
    assert Independence.of_groups(5.0, 10, 2.0) == (0.2, 1 / 1.4, 0.5)
    assert Independence.of_groups(1.0, 7, 1.0) == (1.0, 1.0, 1.0)


def test_a_group_of_equal_rows_is_one_row(compare) -> None:
    """Each row five times, in a group: the p-values are those of the rows, once, without groups.

    The score is another one: a level of six persons is rare, one of thirty rows has a coefficient.
    """
    frames = [rows(400, 1), rows(300, 2)]
    for k, frame in enumerate(frames):
        rare = frame.index % 20 == 0
        frame["city"] = frame["city"].mask(
            rare, [f"c{(i // 20 + 9 * k) % 16}" for i in frame.index]
        )
    frames[1]["age"] += 3.0
    frames[1].loc[:3, "age"] = 500.0
    train = Table.from_pandas(frames[0], target="died")
    alone = compare(fit(train), train, frames[1])
    first, second = (
        one.loc[one.index.repeat(5)].assign(person=np.repeat(np.arange(len(one)), 5))
        for one in frames
    )
    train = Table.from_pandas(first, target="died", group="person")
    model = fit(train)
    grouped = compare(model, train, second)
    assert grouped.independence == pytest.approx((0.2, 0.2, 0.2))
    for one, other in zip(alone.comparisons, grouped.comparisons, strict=True):
        assert (one.subject, one.aspect) == (other.subject, other.aspect)
        if one.kind == "score":
            continue
        assert other.p_value == pytest.approx(one.p_value, rel=1e-6), one
        assert other.effect == pytest.approx(one.effect, rel=1e-6, abs=1e-9), one
    assert grouped.drifted_features == alone.drifted_features == ("age",)
    ungrouped = compare(model, train, second.drop(columns="person"))
    assert ungrouped.independence == grouped.independence


def test_grouped_rows_that_did_not_change_do_not_alarm(compare) -> None:
    """30 persons of 100 rows each: as independent rows nearly every column would have drifted."""
    rng = np.random.default_rng(8)

    def visits(first: int) -> pd.DataFrame:
        persons = rng.normal(size=(30, 4)).repeat(100, axis=0)
        frame = pd.DataFrame(persons, columns=list("abcd"))
        frame["city"] = np.array([f"c{k}" for k in rng.integers(0, 40, 30)]).repeat(100)
        frame["person"] = np.repeat(np.arange(30), 100) + first
        return frame.assign(y=rng.integers(0, 2, 3_000))

    train, new = visits(0), visits(1_000)
    table = Table.from_pandas(train, target="y", group="person")
    assert compare(fit(table), table, new).drifted == ()
    table = Table.from_pandas(train.drop(columns="person"), target="y")
    assert len(compare(fit(table), table, new).drifted_features) >= 3
