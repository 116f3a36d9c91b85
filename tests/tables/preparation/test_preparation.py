"""Preparation: design columns fitted only to the training table."""

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.preparation.encoding_fit import MedianLimits
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.table import Table

SAMPLES = Path(__file__).parents[3] / "data" / "samples"


def design(preparation, table):
    """The whole design of a table."""
    return np.concatenate([preparation.design(block) for block in table.blocks()])


def table_of(**columns):
    """A table with these columns and an alternating target y."""
    n = len(next(iter(columns.values())))
    return Table.from_arrow(pa.table({"y": [k % 2 for k in range(n)], **columns}), "y")


def test_titanic_becomes_the_design_that_pandas_makes():
    """Medians, missing indicators and dummies of every row equal those that pandas makes.

    The two rows without embarked and the one without a fare are too few for an indicator.
    """
    table = FileTable(SAMPLES / "titanic.csv", "survived").read()
    df = pd.read_csv(SAMPLES / "titanic.csv")
    expected = pd.DataFrame(
        {
            "pclass": df["pclass"],
            "sex=female": df["sex"] == "female",
            "age": df["age"].fillna(df["age"].median()),
            "age=missing": df["age"].isna(),
            "sibsp": df["sibsp"],
            "parch": df["parch"],
            "fare": df["fare"].fillna(df["fare"].median()),
            "embarked=C": df["embarked"] == "C",
            "embarked=Q": df["embarked"] == "Q",
        }
    )
    preparation = Preparation.fit(table)
    assert preparation.columns == tuple(expected.columns)
    np.testing.assert_array_equal(design(preparation, table), expected.to_numpy(dtype=float))


def test_numbers_of_every_type_become_float64():
    """The types are integers, decimals, booleans, small floats and dictionaries of numbers."""
    table = table_of(
        i=pa.array([1, 2, 3], pa.uint8()),
        d=pa.array([Decimal("1.25"), Decimal("2"), Decimal("3")]),
        b=[True, False, True],
        f=pa.array(np.array([0.5, 1, 2], np.float16)),
        k=pa.array([5, 6, 5]).dictionary_encode(),
    )
    expected = [[1, 1.25, 1, 0.5, 5], [2, 2, 0, 1, 6], [3, 3, 1, 2, 5]]
    np.testing.assert_array_equal(
        design(Preparation.fit(table), table), np.array(expected, dtype=float), strict=True
    )


def test_another_tables_missing_values_take_the_training_median():
    """NaN and null are treated alike; without missing training values there is no indicator."""
    preparation = Preparation.fit(table_of(a=[1.0, 2.0, 9.0], b=[1.0, None, 3.0]))
    other = table_of(a=[None, float("nan"), 5.0], b=[7.0, None, 8.0])
    assert preparation.columns == ("a", "b", "b=missing")
    np.testing.assert_array_equal(design(preparation, other), [[2, 7, 0], [2, 2, 1], [5, 8, 0]])


def test_the_most_frequent_level_is_the_reference():
    """Of equally frequent levels the first in order is the reference; the others are in order."""
    levels = ["b", "c", "a", "c", "b", "d"]
    preparation = Preparation.fit(table_of(s=levels))
    assert preparation.columns == ("s=a", "s=c", "s=d")
    assert preparation.encodings[0].reference == "b"


def test_an_unseen_level_is_counted_and_coded_as_the_reference():
    """A missing value is not an unseen level; if training has none, it is the reference too."""
    preparation = Preparation.fit(table_of(s=["a", "a", "b"], t=["u", "u", "v"]))
    other = table_of(s=["z", "b", "q"], t=["u", None, "v"])
    [block] = other.blocks()
    assert preparation.unseen(block) == {"s": 2}
    np.testing.assert_array_equal(preparation.design(block), [[0, 0], [1, 0], [0, 1]])


def test_a_text_with_one_level_has_no_column():
    """The reference needs no column."""
    table = table_of(s=["a", "a", "a"], x=[1.0, 2.0, 3.0])
    preparation = Preparation.fit(table)
    assert preparation.columns == ("x",)
    np.testing.assert_array_equal(design(preparation, table), [[1], [2], [3]])


def test_dictionary_and_plain_text_are_prepared_alike():
    """Whether a file stores categories or strings changes nothing."""
    values = ["a", None, "b", "a"]
    plain = Preparation.fit(table_of(s=values))
    coded = Preparation.fit(table_of(s=pa.array(values).dictionary_encode()))
    assert plain == coded


def test_a_block_has_labels_and_weights():
    """They follow the roles with which the preparation was fitted."""
    data = pa.table({"y": ["no", "yes"], "x": [1.0, 2.0], "w": [2, 3]})
    table = Table.from_arrow(data, "y", weight="w")
    X, y, weight = Preparation.fit(table).block(next(table.blocks()))
    np.testing.assert_array_equal(X, [[1], [2]])
    np.testing.assert_array_equal(y, np.array([0.0, 1.0]), strict=True)
    np.testing.assert_array_equal(weight, np.array([2.0, 3.0]), strict=True)
    unweighted = table_of(x=[1.0, 2.0])
    assert Preparation.fit(unweighted).block(next(unweighted.blocks())).weight is None


@settings(max_examples=50, deadline=None)
@given(
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=8),
    texts=st.lists(st.text(max_size=4), min_size=2, max_size=8),
)
def test_it_survives_json_exactly(numbers, texts):
    """JSON keeps every float to the last bit, and every text."""
    n = min(len(numbers), len(texts))
    columns = {"y": [k % 2 for k in range(n)], "x": numbers[:n], "s": [*texts[1:n], None]}
    table = Table.from_arrow(pa.table(columns), "y", category=["s"])  # the texts may be numbers
    preparation = Preparation.fit(table)
    assert Preparation.from_dict(json.loads(json.dumps(preparation.to_dict()))) == preparation


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"x": [None, None]}, "feature 'x' has no value in the training rows. Set exclude="),
        (
            {"x": [1, 2**53 + 1]},
            r"feature 'x' has integers beyond 2\^53, inexact in float64 \(first at row 2\)",
        ),
        ({"x": [1.0, float("inf")]}, r"feature 'x' has infinite values \(first at row 2\)"),
        ({"x": [[1], [2]]}, "feature 'x' must be numbers or booleans, found list"),
        ({"s": ["missing", None]}, "two columns of the design would be called 's=missing'"),
        ({"s": ["b", "a"], "s=b": [1, 2]}, "two columns of the design would be called 's=b'"),
    ],
)
def test_what_cannot_be_prepared_is_refused(columns, message):
    """The message has the column and the remedy."""
    if columns == {"s": ["missing", None]}:
        columns = {"s": ["a", "a", "missing", None]}
    with pytest.raises(TableError, match=message):
        Preparation.fit(table_of(**columns))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"x": ["one", "2"], "s": ["a", "b"]}, "feature 'x' must be numbers or booleans, found"),
        ({"x": [1, 2], "s": [1, 2]}, "feature 's' must be text, found int64"),
        ({"x": [1, 2]}, "feature 's' is missing; there are: 'y', 'x'"),
        ({"x": [1.0, float("-inf")], "s": ["a", "b"]}, "feature 'x' has infinite values"),
    ],
)
def test_another_table_must_have_the_trained_columns_and_types(columns, message):
    """A number in place of text, or a missing column, is an error and never guessed."""
    preparation = Preparation.fit(table_of(x=[1.0, 2.0, 4.0], s=["a", "b", "b"]))
    with pytest.raises(TableError, match=message):
        design(preparation, table_of(**columns))


def test_rare_levels_share_a_column_and_an_unseen_one_joins_them():
    """Fewer than 10 rows that are less than 1 % are rare; 10 rows are not, nor 1 row of 100."""
    levels = ["a"] * 900 + ["b"] * 81 + ["c"] * 10 + ["d"] * 8 + ["e"]
    preparation = Preparation.fit(Table.from_arrow(pa.table({"s": levels, "y": [0, 1] * 500}), "y"))
    assert preparation.columns == ("s=b", "s=c", "s=(other)")
    rows = pa.record_batch({"s": ["a", "b", "c", "d", "e", "new", None]})
    np.testing.assert_array_equal(
        preparation.design(rows),
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 0]],
    )
    assert preparation.unseen(rows) == {"s": 1}
    again = Preparation.from_dict(json.loads(json.dumps(preparation.to_dict())))
    assert again == preparation
    few = pa.table({"s": ["a"] * 99 + ["b"], "y": [0, 1] * 50})
    assert Preparation.fit(Table.from_arrow(few, "y")).columns == ("s=b",)


@pytest.mark.parametrize(
    ("rows", "missing", "marked"),
    [(960, 1, False), (960, 9, False), (960, 10, True), (40, 1, False), (40, 2, True)],
)
def test_a_few_missing_values_are_imputed_without_an_indicator(rows, missing, marked):
    """One empty cell would separate the classes; JSON keeps the number of missing values."""
    lost = np.arange(rows) < missing
    table = table_of(
        x=pa.array(np.arange(rows) % 7 + 0.5, mask=lost),
        s=pa.array(["a", "b", "a", "b", "a"] * (rows // 5), mask=lost),
    )
    preparation = Preparation.fit(table)
    marks = ("x", "x=missing", "s=b", "s=missing") if marked else ("x", "s=b")
    assert preparation.columns == marks
    stored = preparation.to_dict()["encodings"]
    assert [one["missing"] for one in stored] == [missing, missing]
    assert Preparation.from_dict(json.loads(json.dumps({**preparation.to_dict()}))) == preparation
    if not marked:
        first = design(preparation, table)[0]
        np.testing.assert_array_equal(first, [preparation.encodings[0].median, 0])


@pytest.mark.parametrize("block_rows", [1_000, 700, 37])
def test_only_medians_that_impute_training_rows_are_exact_in_a_large_table(monkeypatch, block_rows):
    """A complete column's median is that of every fourth row, however the rows are cut."""
    rng = np.random.default_rng(5)
    complete, holed = rng.normal(size=(2, 2_000))
    holed[::7] = np.nan
    table = table_of(complete=complete, holed=holed)
    exact = Preparation.fit(table)
    assert [one.median for one in exact.encodings] == [np.median(complete), np.nanmedian(holed)]
    assert not any("sampled_rows" in one for one in exact.to_dict()["encodings"])
    blocks = Table.blocks
    monkeypatch.setattr(
        Table, "blocks", lambda self, rows=None, columns=None: blocks(self, block_rows, columns)
    )
    sampled = Preparation.fit(table, limits=MedianLimits(held_values=1_000, exact_rows=1_999))
    first, second = sampled.encodings
    assert (first.median, first.sampled_rows) == (np.median(complete[::4]), 500)
    assert (second.median, second.sampled_rows) == (np.nanmedian(holed), None)
    again = Preparation.from_dict(json.loads(json.dumps(sampled.to_dict())))
    assert again == sampled
    assert again.to_dict()["encodings"][0]["sampled_rows"] == 500
