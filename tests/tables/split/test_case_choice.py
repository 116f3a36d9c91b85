"""A split of whole weights places cases; rows of weight 0 are in neither part."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.model_selection import train_test_split

from lr_pipeline.evaluation.weight_notices import weight_notices
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.parts import parts_of
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.split.leakage import find_leakage
from lr_pipeline.tables.split.random_split import draw_cases
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table

PATTERNS = 40


def counts(weight=None, **roles):
    """A table with a row for each answer of 40 patterns, and the number of cases as weight."""
    k = np.arange(2 * PATTERNS)
    weight = np.random.default_rng(0).integers(1, 30, len(k)) if weight is None else weight
    columns = {"x": k // 2 % 7, "k": k, "g": k // 8, "y": k % 2, "w": weight}
    left = [name for name in "kg" if name not in roles.values()]
    return Table.from_arrow(pa.table(columns), "y", 1, weight="w", exclude=left, **roles)


def cases_by_row(part):
    """Row's number → its weight in a part."""
    frame = part.to_pandas()
    return dict(zip(frame["k"], frame["w"], strict=True))


def test_cases_are_drawn_as_scikit_learn_draws_rows():
    """A file read in parts gives the same; a row's weight is its number of cases in the part."""
    table = counts(id="k")
    weight = table.weights().astype(int)
    rows = np.repeat(np.arange(len(weight)), weight)
    expected = train_test_split(rows, test_size=0.2, random_state=123, stratify=rows % 2)
    for part, drawn in zip(split_table(table, SplitPolicy()), expected, strict=True):
        assert cases_by_row(part) == dict(zip(*np.unique(drawn, return_counts=True), strict=True))


def test_parts_of_a_file_have_their_cases(tmp_path):
    """Each row group is read independently, as workers do."""
    table = counts(id="k")
    pq.write_table(table.to_arrow(), tmp_path / "rows.parquet", row_group_size=7)
    stored = Table(tmp_path / "rows.parquet", table.roles)
    for whole, part in zip(
        split_table(table, SplitPolicy()), split_table(stored, SplitPolicy()), strict=True
    ):
        pieces = [cases_by_row(piece) for piece in parts_of(part, 7)]
        assert len(pieces) > 5
        assert {k: v for piece in pieces for k, v in piece.items()} == cases_by_row(whole)
        assert part.fingerprint == whole.fingerprint


@pytest.mark.parametrize(
    "kind",
    [pa.int8(), pa.uint64(), pa.float32(), pa.float64(), pa.decimal128(6, 2)],
    ids=str,
)
def test_weights_of_any_type_are_divided(kind):
    """The parts have the table's type."""
    weight = np.random.default_rng(0).integers(1, 30, 2 * PATTERNS)
    texts = pa.array(map(str, weight))  # the only ones that can become decimals
    table = counts(
        texts.cast(kind) if pa.types.is_decimal(kind) else pa.array(weight, kind), id="k"
    )
    train, test = split_table(table, SplitPolicy())
    assert train.schema.field("w").type == table.schema.field("w").type
    sums = pd.Series(cases_by_row(train)).add(pd.Series(cases_by_row(test)), fill_value=0)
    np.testing.assert_array_equal(sums.sort_index().astype(float), weight)


@pytest.mark.parametrize("stratify", [True, False])
def test_more_cases_than_can_be_listed_are_drawn_alike(stratify):
    """Each class has the exact number of test cases, though 10¹² cases cannot be listed."""
    weight = np.random.default_rng(1).integers(1, 2 * 10**10, 2 * PATTERNS)
    table = counts(weight, id="k")
    train, test = split_table(table, SplitPolicy(stratify=stratify))
    tested = cases_by_row(test)
    assert sum(tested.values()) == np.ceil(0.2 * weight.sum())
    if stratify:
        positive = sum(n for k, n in tested.items() if k % 2)
        assert abs(positive - 0.2 * weight[1::2].sum()) <= 1
    assert find_leakage(table, train, test).clean


def test_all_sets_of_cases_are_alike_likely():
    """Mean and variance of a row's cases are hypergeometric, within five standard errors."""
    cases, number, draws = np.array([5, 1, 12, 2]), 7, 4_000
    random = np.random.RandomState(0)
    drawn = np.array([draw_cases(cases, number, random) for _ in range(draws)])
    assert (drawn.sum(axis=1) == number).all()
    assert (drawn >= 0).all() and (drawn <= cases).all()
    total = cases.sum()
    share = cases / total
    variance = number * share * (1 - share) * (total - number) / (total - 1)
    error = 5 * np.sqrt(variance / draws)
    assert (np.abs(drawn.mean(axis=0) - number * share) < error).all()
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.15)


def test_a_sticky_split_moves_no_case_when_rows_and_cases_are_added():
    """A row's number of training cases, or of test cases, can only grow."""
    weight = np.random.default_rng(2).integers(1, 100, 2 * PATTERNS)
    before = split_table(sticky(weight[:60]), SplitPolicy(kind="sticky"))
    after = split_table(sticky(weight + 7), SplitPolicy(kind="sticky"))
    for few, many in zip(before, after, strict=True):
        now = cases_of(many)
        assert all(now[place] >= n for place, n in cases_of(few).items())
    tested = sum(cases_of(after[1]).values()) / (weight + 7).sum()
    assert abs(tested - 0.2) < 6 * np.sqrt(0.16 / weight.sum())


def sticky(weight):
    """A table without a key; x is the row's number."""
    k = np.arange(len(weight))
    return Table.from_arrow(pa.table({"x": k, "y": k % 2, "w": weight}), "y", 1, weight="w")


def cases_of(part):
    """Number of a row → its number of cases in a part."""
    return dict(zip(part.column("x").to_pylist(), part.weights().tolist(), strict=True))


def test_a_row_of_one_case_sticks_where_it_would_without_weights():
    """A weight column of ones moves no row."""
    k = np.arange(300)
    plain = Table.from_arrow(pa.table({"x": k, "y": k % 2}), "y", 1)
    for one, other in zip(
        split_table(sticky(np.ones(300)), SplitPolicy(kind="sticky")),
        split_table(plain, SplitPolicy(kind="sticky")),
        strict=True,
    ):
        assert one.column("x") == other.column("x")


@pytest.mark.parametrize(("kind", "roles"), [("group", {"group": "g"}), ("sticky", {"id": "k"})])
def test_a_split_by_key_keeps_rows_whole(kind, roles):
    """A row of a group or an id is in one part with all of its weight."""
    table = counts(**roles)
    train, test = split_table(table, SplitPolicy(kind=kind))
    assert train.provenance["split"]["unit"] == "rows"
    assert train.num_rows + test.num_rows == table.num_rows
    assert train.weights().sum() + test.weights().sum() == table.weights().sum()
    assert find_leakage(table, train, test).clean


def test_a_split_by_time_cuts_at_a_share_of_the_cases():
    """The last row alone has a fifth of the cases; rows of weight 0 do not move the cut."""
    data = pa.table(
        {
            "t": [1, 2, 3, 4, 5, 5, 6, 7],
            "x": [1, 2, 3, 4, 5, 6, 7, 8],
            "y": [0, 1, 0, 1, 0, 1, 0, 1],
            "w": [2, 2, 2, 2, 1, 1, 0, 0],
        }
    )
    table = Table.from_arrow(data, "y", 1, time="t", weight="w")
    assert table.num_rows == 6
    assert split_table(table, SplitPolicy())[1].column("t").to_pylist() == [5, 5]


def test_a_case_that_is_missing_or_added_is_found():
    """Training lacks one case by its weight, and the test has one more."""
    table = counts(id="k")
    train, test = split_table(table, SplitPolicy())

    def with_one_more(part, more):
        frame = part.to_pandas()
        frame.loc[frame["w"].idxmax(), "w"] += more
        changed = Table.from_pandas(frame, "y", 1, weight="w", id="k")
        return changed.with_provenance(part.provenance)

    assert find_leakage(table, train, test).clean
    assert find_leakage(table, with_one_more(train, -1), test).missing_rows == 1
    twice = find_leakage(table, train, with_one_more(test, 1))
    assert twice.shared_rows + twice.added_rows == 1
    assert "cases: 1" in str(twice)


def test_weights_that_are_no_counts_keep_rows_whole_and_it_is_said():
    """Weights of one half are no counts: the report says what that means for errors and split."""
    table = counts(np.arange(2 * PATTERNS) % 5 + 0.5)
    train, _ = split_table(table, SplitPolicy())
    assert train.provenance["split"]["unit"] == "rows"
    proportion, whole = (notice.text for notice in weight_notices(train))
    assert "no whole numbers" in proportion
    assert "keeps each row whole" in whole
    counted, _ = split_table(counts(), SplitPolicy())
    assert list(weight_notices(counted)) == []


def test_too_few_cases_are_said_so():
    """The message gives the number of cases, since cases are drawn."""
    data = pa.table({"x": [1.0, 2.0, 3.0], "y": [0, 0, 1], "w": [5, 5, 1]})
    with pytest.raises(TableError, match="needs 2 cases of each class, found 1 positive and 10"):
        split_table(Table.from_arrow(data, "y", 1, weight="w"), SplitPolicy())


@pytest.mark.parametrize("stored", ["csv", "parquet", "memory"])
def test_rows_in_messages_are_those_of_the_file(tmp_path, stored):
    """The fourth row is the first that has no answer and a weight other than 0."""
    frame = pd.DataFrame({"x": [1.0, 2, 3, 4], "y": ["a", None, "b", None], "w": [1, 0, 1, 1]})
    with pytest.raises(TableError, match=r"target 'y' has missing values: 1 \(first at row 4\)"):
        if stored == "csv":
            frame.to_csv(tmp_path / "rows.csv", index=False)
            FileTable(tmp_path / "rows.csv", "y", weight="w").read()
        elif stored == "parquet":
            frame.to_parquet(tmp_path / "rows.parquet")
            FileTable(tmp_path / "rows.parquet", "y", weight="w").read()
        else:
            Table.from_pandas(frame, "y", weight="w")


@pytest.mark.parametrize("stored", ["csv", "parquet"])
def test_rows_of_weight_0_in_a_file_are_none(tmp_path, stored):
    """Their levels, values and missing answers do not count; nothing is learned from them."""
    rng = np.random.default_rng(3)
    n = 120
    frame = pd.DataFrame({"x": rng.normal(size=n), "c": 1.0, "y": rng.integers(0, 2, n), "w": 1})
    others = pd.DataFrame({"x": 50.0, "c": 7.0, "y": 2, "w": 0}, index=range(40))
    both = pd.concat([others[:20], frame, others[20:]], ignore_index=True)
    path = tmp_path / f"rows.{stored}"
    both.to_csv(path, index=False) if stored == "csv" else both.to_parquet(path)
    table = FileTable(path, "y", weight="w").read(to_split=True)
    assert table.num_rows == n
    assert table.roles.features == ("x",)
    np.testing.assert_array_equal(table.column("x").to_numpy(), frame["x"])
