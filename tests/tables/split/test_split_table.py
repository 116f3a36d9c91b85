"""Splits: scikit-learn's rows in the table's order; each part has the other's fingerprint."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import SyntheticTable
from lr_pipeline.tables.split.split_table import SplitPolicy, choose_rows, split_table
from lr_pipeline.tables.table import Table


@pytest.fixture(scope="module")
def table():
    """A table of 200 rows, a quarter of them positive; their number is a feature."""
    y = np.repeat(["no", "no", "no", "yes"], 50)
    return Table.from_pandas(pd.DataFrame({"row": np.arange(200), "y": y}), "y")


def rows(part):
    """The numbers of a part's rows, in its order."""
    return part.column("row").to_numpy()


def test_the_tutorials_split_has_scikit_learns_rows():
    """Features and labels of both parts are equal; their order is that of the table."""
    source = SyntheticTable()
    X, y = make_classification(n_features=10, random_state=source.random_state)
    expected = train_test_split(np.arange(100), test_size=0.2, shuffle=True, random_state=123)
    parts = split_table(source.read(), source.split)
    for part, numbers in zip(parts, map(np.sort, expected), strict=True):
        np.testing.assert_array_equal(part.to_pandas().drop(columns="y"), X[numbers])
        np.testing.assert_array_equal(part.labels(), y[numbers])


@pytest.mark.parametrize("stratify", [True, False])
def test_any_table_is_split_as_by_scikit_learn(table, stratify, tmp_path):
    """That holds in memory and on disk."""
    expected = train_test_split(
        np.arange(200),
        test_size=0.3,
        random_state=7,
        stratify=table.labels() if stratify else None,
    )
    table.write_parquet(tmp_path / "rows.parquet")
    policy = SplitPolicy(test_size=0.3, stratify=stratify, seed=7)
    for source in (table, Table.read_parquet(tmp_path / "rows.parquet")):
        for part, numbers in zip(split_table(source, policy), expected, strict=True):
            np.testing.assert_array_equal(rows(part), np.sort(numbers))


@settings(max_examples=60, deadline=None)
@given(
    y=st.lists(st.integers(0, 1), min_size=12, max_size=80).filter(
        lambda y: 2 < sum(y) < len(y) - 2
    ),
    test_size=st.floats(0.2, 0.8),
    stratify=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_draw_is_scikit_learns(y, test_size, stratify, seed):
    """That holds for any labels, share and seed, also if the shares must be rounded."""
    table = Table.from_pandas(pd.DataFrame({"row": np.arange(len(y)), "y": y}), "y", positive=1)
    policy = SplitPolicy(test_size=test_size, stratify=stratify, seed=seed)
    expected = train_test_split(
        np.arange(len(y)), test_size=test_size, random_state=seed, stratify=y if stratify else None
    )
    try:
        parts = split_table(table, policy)
    except TableError as error:
        assert "only one value" in str(error)
        return
    for part, numbers in zip(parts, expected, strict=True):
        np.testing.assert_array_equal(rows(part), np.sort(numbers))


def numbered(n, **roles):
    """A table with number, key and place as columns; labels alternate."""
    k = np.arange(n)
    columns = {"row": k, "key": [f"c{i}" for i in k], "place": k // 5, "y": k % 2}
    return Table.from_pandas(pd.DataFrame(columns), "y", positive=1, **roles)


@pytest.mark.parametrize("roles", [{}, {"id": "key"}, {"id": "row"}, {"group": "place"}])
def test_a_sticky_split_moves_no_row_when_rows_are_added(roles, tmp_path):
    """The first 4,000 of 5,000 rows are placed as without the others, in memory and on disk."""
    numbered(5_000, **roles).write_parquet(tmp_path / "rows.parquet")
    policy = SplitPolicy(kind="sticky")
    few = split_table(numbered(4_000, **roles), policy)
    many = split_table(Table.read_parquet(tmp_path / "rows.parquet"), policy)
    for before, after in zip(few, many, strict=True):
        numbers = rows_of(after)
        np.testing.assert_array_equal(rows_of(before), numbers[numbers < 4_000])
    train, test = map(rows_of, many)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(5_000))
    # The bound is six standard deviations of the share of 1,000 keys or more.
    assert abs(len(test) / 5_000 - 0.2) < 6 * np.sqrt(0.2 * 0.8 / 1_000)


def rows_of(part):
    """The numbers of a part's rows, read from the feature or from the id."""
    return part.to_pandas()["row"].to_numpy()


def test_a_sticky_split_keeps_groups_together_and_depends_on_the_seed():
    """Each group has five rows; another seed draws other groups."""
    table = numbered(500, group="place")
    train, test = split_table(table, SplitPolicy(kind="sticky", seed=1))
    assert set(train.column("place").to_pylist()).isdisjoint(test.column("place").to_pylist())
    other = split_table(table, SplitPolicy(kind="sticky", seed=2))[1]
    assert other.fingerprint != test.fingerprint


def test_a_sticky_split_follows_the_id_and_not_the_order():
    """The same keys in another order are in the same parts."""
    table = numbered(300, id="key")
    shuffled = table.take(np.random.default_rng(0).permutation(300))
    parts = [split_table(one, SplitPolicy(kind="sticky"))[1] for one in (table, shuffled)]
    keys = [set(part.column("key").to_pylist()) for part in parts]
    assert keys[0] == keys[1]


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint32(), pa.dictionary(pa.int32(), pa.string())])
def test_a_sticky_split_is_the_same_whether_ids_are_text_or_numbers(kind):
    """A CSV file's ids are text; the same rows from Parquet or SQL are placed alike."""
    ids = [10 * k for k in range(400)]
    columns = {"y": [0, 1] * 200, "x": [k % 7 for k in range(400)]}
    text = pa.array(map(str, ids))
    other = text.cast(kind) if pa.types.is_dictionary(kind) else pa.array(ids, kind)
    parts = [
        split_table(
            Table.from_arrow(pa.table(columns | {"k": keys}), "y", id="k"),
            SplitPolicy(kind="sticky"),
        )[1]
        for keys in (text, other)
    ]
    assert [str(k) for k in parts[1].column("k").to_pylist()] == parts[0].column("k").to_pylist()
    assert 0 < parts[0].num_rows < 400


def test_a_sticky_split_cannot_stratify():
    """A row's place would depend on other rows; by default a sticky split does not stratify."""
    assert SplitPolicy(kind="sticky").stratify is False
    with pytest.raises(TableError, match="a sticky split cannot stratify"):
        SplitPolicy(kind="sticky", stratify=True)
    for kind in ("group", "time"):
        with pytest.raises(TableError, match=f"a {kind} split cannot stratify"):
            SplitPolicy(kind=kind, stratify=True)
    with pytest.raises(TableError, match="split kind 'hash' is unknown"):
        SplitPolicy(kind="hash")


def test_a_stratified_split_keeps_the_share_of_positive_rows(table):
    """A quarter of the rows of each part is positive."""
    train, test = split_table(table, SplitPolicy())
    assert train.labels().sum() == 40
    assert test.labels().sum() == 10


def test_each_part_carries_the_other_ones_fingerprint(table):
    """Later steps can check that two parts belong together; earlier provenance is kept."""
    policy = SplitPolicy(seed=5)
    train, test = split_table(table.with_provenance({"source": "here"}), policy)
    assert train.provenance == {
        "source": "here",
        "split": {
            "part": "train",
            "counterpart": test.fingerprint,
            "dataset": table.fingerprint,
            "policy": {"test_size": 0.2, "stratify": True, "seed": 5, "kind": "random"},
        },
    }
    assert test.provenance["split"]["part"] == "test"
    assert test.provenance["split"]["counterpart"] == train.fingerprint


def test_a_group_is_in_one_part_only():
    """Of 40 groups of 5 rows, 8 whole groups are tested, the same groups at each split."""
    rng = np.random.default_rng(0)
    group = rng.permutation(np.repeat([f"g{k}" for k in range(40)], 5))
    df = pd.DataFrame({"x": rng.normal(size=200), "y": rng.integers(0, 2, 200), "g": group})
    table = Table.from_pandas(df, "y", group="g")
    train, test = split_table(table, SplitPolicy())
    groups = [set(part.column("g").to_pylist()) for part in (train, test)]
    assert groups[0].isdisjoint(groups[1])
    assert len(groups[1]) == 8
    assert train.num_rows + test.num_rows == 200
    assert split_table(table, SplitPolicy())[1].fingerprint == test.fingerprint


def timed(days):
    """A table with these days (numbers of 2024's dates), in that order."""
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(days, "D")
    return pd.DataFrame({"x": days, "y": np.arange(len(days)) % 2, "when": when})


@pytest.mark.parametrize("kind", ["timestamp", "date", "number", "real"])
def test_a_split_by_time_tests_on_the_latest_rows(kind, tmp_path):
    """That holds for any order of the rows and any type of time."""
    frame = timed(np.random.default_rng(2).permutation(100))
    if kind == "date":
        frame["when"] = frame["when"].dt.date
    elif kind != "timestamp":
        frame["when"] = frame["x"] * (0.5 if kind == "real" else 1)
    Table.from_pandas(frame, "y", time="when").write_parquet(tmp_path / "rows.parquet")
    table = Table.read_parquet(tmp_path / "rows.parquet")
    train, test = split_table(table, SplitPolicy(kind="time"))
    assert sorted(test.column("x").to_pylist()) == list(range(80, 100))
    assert train.num_rows == 80
    assert test.provenance["split"]["policy"]["kind"] == "time"


@pytest.mark.parametrize(
    ("days", "tested"),
    [
        ([0] * 10 + [1] * 4 + [2] * 6, 6),  # 6 is nearer to 4 than 10
        ([0] * 10 + [1] * 6 + [2] * 1 + [3] * 3, 4),
        ([0] * 2 + [1] * 18, 18),  # never all rows
        ([0] * 19 + [1] * 1, 1),  # never none
    ],
)
def test_rows_of_one_time_stay_together(days, tested):
    """``tested`` of 20 rows become test rows where a share of 4 rows is asked for."""
    table = Table.from_pandas(timed(np.array(days)), "y", time="when")
    in_test = choose_rows(table, SplitPolicy(kind="time"))[1]
    assert table.where(in_test).num_rows == tested


def test_a_split_by_group_keeps_groups_whole():
    """The rows are those of a random split of a table with groups; the policy has the kind."""
    rng = np.random.default_rng(0)
    df = pd.DataFrame({"x": rng.normal(size=90), "y": rng.integers(0, 2, 90)})
    table = Table.from_pandas(df.assign(g=rng.integers(0, 20, 90)), "y", group="g")
    train, test = split_table(table, SplitPolicy(kind="group"))
    groups = [set(part.column("g").to_pylist()) for part in (train, test)]
    assert groups[0].isdisjoint(groups[1])
    assert len(groups[1]) == 4
    assert test.fingerprint == split_table(table, SplitPolicy())[1].fingerprint


def small(y, **roles):
    """A small table with these labels."""
    columns = {"x": np.arange(len(y), dtype=float), "g": "a", "z": 1.0}
    return Table.from_pandas(pd.DataFrame(columns | {"y": y}), "y", **roles)


@pytest.mark.parametrize(
    ("table", "policy", "message"),
    [
        (
            small([0] * 20 + [1]),
            SplitPolicy(),
            "a stratified split needs 2 rows of each class, found 1 positive and 20 negative",
        ),
        (
            small([0] * 20 + [1]),
            SplitPolicy(stratify=False),
            r"the (test|training) rows would hold only one value of target 'y'\. Stratify",
        ),
        (
            small([0, 1, 0, 1]),
            SplitPolicy(),
            r"test_size=0.2 of 4 rows leaves 3 for training and 1 for the test; each part needs 2",
        ),
        (small([0, 1] * 10), SplitPolicy(kind="group"), "needs a group column. Set group="),
        (small([0, 1] * 10), SplitPolicy(kind="time"), "needs a time column. Set time="),
        (
            small([0, 1] * 10, time="x", group="g"),
            SplitPolicy(kind="time"),
            "would cut the groups of column 'g'. Name no group",
        ),
        (
            small([0, 1] * 10, time="g"),
            SplitPolicy(kind="time"),
            "needs 2 different times in column 'g', found 1",
        ),
        (
            small([0] * 10 + [1] * 10, time="x"),
            SplitPolicy(kind="time"),
            "the test rows would hold only one value of target 'y'",
        ),
        (
            small([0, 1] * 10, group="g"),
            SplitPolicy(),
            "a split by group needs 2 groups, found 1 in column 'g'",
        ),
    ],
)
def test_a_table_that_cannot_be_split_says_why(table, policy, message):
    """Our message, with the remedy, comes before scikit-learn refuses."""
    with pytest.raises(TableError, match=message):
        split_table(table, policy)


@pytest.mark.parametrize("test_size", [0.0, 1.0, -0.2, 20.0])
def test_a_test_size_that_leaves_a_part_empty_is_refused(test_size):
    """It is a share of the rows, not a number of them."""
    with pytest.raises(TableError, match="must lie between 0 and 1"):
        SplitPolicy(test_size=test_size)


@pytest.mark.parametrize("stored", [False, True], ids=["in memory", "stored"])
@pytest.mark.parametrize(
    "roles", [{}, {"weight": "row"}, {"group": "group"}, {"time": "row"}], ids=str
)
def test_fingerprints_of_the_parts_are_those_of_their_rows(tmp_path, roles, stored):
    """They are found in one pass over the whole table; each part alone has the same."""
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {
            "row": np.arange(300) % 7,
            "x": rng.normal(size=300),
            "group": [f"g{k}" for k in rng.integers(0, 30, 300)],
            "y": rng.integers(0, 2, 300),
        }
    )
    table = Table.from_pandas(frame, "y", **roles)
    if stored:
        table.write_parquet(tmp_path / "rows.parquet")
        table = Table.read_parquet(tmp_path / "rows.parquet")
    for part in split_table(table, SplitPolicy()):
        assert part.fingerprint == Table(part.to_arrow(), part.roles).fingerprint


def test_another_table_or_policy_is_split_anew(table):
    """What is remembered of the last split belongs to its table and policy alone."""
    first, again = (split_table(table, SplitPolicy(seed=seed)) for seed in (1, 1))
    assert [part.fingerprint for part in first] == [part.fingerprint for part in again]
    other = table.take(np.arange(199, -1, -1))
    for found in (split_table(table, SplitPolicy(seed=2)), split_table(other, SplitPolicy(seed=1))):
        for part in found:
            assert part.fingerprint == Table(part.to_arrow(), part.roles).fingerprint
            assert part.fingerprint not in [one.fingerprint for one in first]
