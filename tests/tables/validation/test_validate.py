"""Every problem of a table's content is found at once, with column, row and remedy."""

import random
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.split.split_table import SplitPolicy
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.validate import (
    by_severity,
    find_problems,
    require_sound,
    useful_features,
)

Y = [0, 1, 0, 1]
CLEAN = {"y": Y, "x": [0.1, 0.2, 0.3, 0.5]}


def problems(columns, **roles):
    """Problems of a table with these columns and target y; the other columns are features."""
    special = {"y", *roles.values()}
    features = tuple(name for name in columns if name not in special)
    return find_problems(Table(pa.table(columns), ColumnRoles("y", None, features, **roles)))


def test_a_sound_table_has_no_problem():
    """Missing values in numbers and text are imputed."""
    columns = CLEAN | {"n": [1, None, 3, 1], "s": ["a", None, "b", "a"], "b": [True, False] * 2}
    assert problems(columns) == []


@pytest.mark.parametrize(
    ("column", "message", "row"),
    [
        ([0.1, float("inf"), -float("inf"), 1], "has infinite values: 2 (first at row 2)", 2),
        ([1, 2, 2**53 + 2, 4], "has integers beyond 2^53, inexact in float64 (row 3)", 3),
        ([1, 2, 3, -(2**53) - 2], "has integers beyond 2^53, inexact in float64 (row 4)", 4),
        (pa.array([1, 2, 3, 2**64 - 1], pa.uint64()), "has integers beyond 2^53", 4),
        ([date(2020, 1, 1)] * 4, "has the type date32[day]; numbers, booleans and text", None),
        ([[1], [2], [3], [4]], "has the type list<item: int64>", None),
        ([b"\xff"] * 4, "has the type binary", None),
        (["a", "b", "c", "d"], "is text with 4 different values in 4 rows", None),
    ],
)
def test_an_unusable_feature_is_an_error_with_a_remedy(column, message, row):
    """It names the column, the row if there is one, and advises to exclude the column."""
    [problem] = problems(CLEAN | {"bad": column})
    assert problem.severity == "error"
    assert (problem.column, problem.row) == ("bad", row)
    assert f"feature 'bad' {message}" in problem.message
    assert "['bad']" in problem.remedy


def test_a_column_of_numbers_with_a_few_words_names_the_first_word():
    """The message has the word that made the column text, and its row: a common fault of CSV."""
    text = [*(str(row / 2) for row in range(200)), "abc", "-1e3"]
    (problem,) = problems({"y": [0, 1] * 101, "s": text})
    assert "is text because of 'abc' (first at row 201): 201 of 202 values are numbers" in str(
        problem
    )
    assert "make them missing" in problem.remedy


@pytest.mark.parametrize("values", [["48,120.00", "950"], ["48,12", "3,5"], ["48.1%"], ["$48"]])
@pytest.mark.parametrize("levels", [2, 200])
def test_numbers_with_separators_or_signs_are_an_error(values, levels):
    """They are not left out or coded as categories; an income would be lost without a message."""
    text = [
        f"{k}{values[k % len(values)]}" if values != ["$48"] else f"${k}" for k in range(levels)
    ]
    column = [text[k % levels] for k in range(399)] + ["unknown"]
    (problem,) = problems({"y": [0, 1] * 200, "income": column})
    assert not problem.useless
    row = next(k for k, value in enumerate(column, 1) if not value.isdigit())
    assert f"because of {column[row - 1]!r} (first at row {row}): " in problem.message
    assert "of 400 values are numbers with thousands separators, a decimal" in problem.message
    assert "as in 1234.5, or set exclude=['income']" in problem.remedy


@pytest.mark.parametrize("date", ["{:02}/28/2024", "28.{:02}.2024", "2024/{}/28 10:05"])
def test_dates_as_text_are_an_error_as_other_dates_are(date):
    """A column with nine tenths of dates is an error; words with a few dates are categories."""
    dates = [date.format(1 + k % 12) for k in range(180)]
    (problem,) = problems({"y": [0, 1] * 100, "d": [*dates, *["unknown"] * 20]})
    assert "feature 'd' has dates as text: 180 of 200 values (first " in problem.message
    assert problem.remedy.startswith("Set exclude=['d'] or convert it")
    assert problems({"y": [0, 1] * 100, "d": [*dates[:3], *["a", "b", "c", "d"] * 49, "a"]}) == []


def test_text_with_more_than_100_levels_is_an_error():
    """101 levels are too many and 100 are not, in a table of many rows."""
    for levels, found in ((100, 0), (101, 1)):
        text = [f"level {row % levels}" for row in range(1000)]
        assert len(problems({"y": [0, 1] * 500, "s": text})) == found


@pytest.mark.parametrize("column", [[None] * 4, [float("nan")] * 4])
def test_a_feature_without_any_value_is_left_out_as_a_constant_one_is(column):
    """If it is named it is an error, since nothing can be imputed."""
    [problem] = problems(CLEAN | {"empty": column})
    assert problem.message == "feature 'empty' has no value in any row"
    assert problem.useless
    table = Table.from_arrow(pa.table(CLEAN | {"empty": column}), "y")
    assert useful_features(table)[0].roles.features == ("x",)
    with pytest.raises(TableError, match="'empty' has no value in any row"):
        useful_features(table, named=True)


@pytest.mark.parametrize("column", [[2.5] * 4, ["a"] * 4, [True] * 4])
def test_a_constant_feature_is_a_warning(column):
    """The table can be used with or without it."""
    [problem] = problems(CLEAN | {"same": column})
    assert problem.severity == "warning"
    assert problem.message == f"feature 'same' has one value only: {column[0]!r}"


def test_a_value_that_is_sometimes_missing_is_not_constant():
    """Whether it is missing may tell the classes apart."""
    assert problems(CLEAN | {"x2": [1.0, None, 1.0, None]}) == []


@pytest.mark.parametrize(
    ("role", "column", "message"),
    [
        ("id", ["a", "b", "b", "b"], "id 'k' must differ from row to row, found 2 repetitions"),
        ("id", ["a", None, "b", "c"], "column 'k' has missing values: 1 (first at row 2)"),
        ("id", pa.array(["a", "a", "b", "c"]).dictionary_encode(), "found 1 repetition"),
        ("group", ["a", "a", None, "c"], "column 'k' has missing values: 1 (first at row 3)"),
        ("time", [1.0, 2.0, 3.0, float("nan")], "column 'k' has missing values: 1"),
        ("weight", [1.0, -1.0, 2.0, 1.0], "weight 'k' must be finite and ≥ 0, found -1.0…2.0"),
        ("weight", [1.0, float("inf"), 2.0, 1.0], "must be finite and ≥ 0, found 1.0…inf"),
        ("weight", [1, None, 2, 1], "column 'k' has missing values: 1"),
        ("weight", ["1", "2", "3", "4"], "weight 'k' must be numbers, found string"),
    ],
)
def test_an_unusable_key_or_weight_is_an_error(role, column, message):
    """Ids must differ, keys must not be missing, weights must be numbers from 0 up."""
    [problem] = problems(CLEAN | {"k": column}, **{role: "k"})
    assert (problem.severity, problem.column) == ("error", "k")
    assert message in problem.message


def test_all_problems_are_said_at_once():
    """The target, two features and the id have a line each."""
    columns = {"y": [0, 1, 2, 1], "a": [float("inf")] * 4, "d": [None] * 4, "k": [1, 1, 2, 3]}
    table = Table(pa.table(columns), ColumnRoles("y", None, ("a", "d"), id="k"))
    found = find_problems(table)
    assert [problem.column for problem in found] == ["y", "k", "a", "a", "d"]
    assert found[-1].useless
    with pytest.raises(TableError) as caught:
        require_sound(table)
    assert len(str(caught.value).splitlines()) == 4  # the constant column is a warning


def test_a_table_without_rows_is_an_error():
    """The file has only a header."""
    [problem] = problems({"y": pa.array([], pa.int64()), "x": pa.array([], pa.float64())})
    assert str(problem) == "the table has no rows. Add rows below the header."


ROWS = 200
USELESS = {
    "number": (range(7, 7 + ROWS), "counts the rows, from 7 to 206"),
    "shuffled": (
        [k * 77 % 200 + 1_000_000 for k in range(ROWS)],
        "200 different integers from 1000",
    ),
    "gap": ([*range(150), *range(151, 201)], "looks like an identifier: 200 different integers"),
    "client_id": ([k * k for k in range(ROWS)], "looks like an identifier: 200 different"),
    "sparse": ([k * 4 + k % 3 for k in range(ROWS)], "looks like an identifier: 200 different"),
    "same": ([3.5] * ROWS, "has one value only: 3.5"),
    "name": ([f"n{k}" for k in range(ROWS)], "is text with 200 different values in 200 rows"),
    "copy": ([k % 7 for k in range(ROWS)], "equals 'day' in every row"),
}


def wide(**columns):
    """A sound table with further features."""
    day = [k % 7 for k in range(ROWS)]
    return Table.from_arrow(pa.table({"y": [0, 1] * 100, "day": day} | columns), "y")


@pytest.mark.parametrize("name", USELESS)
def test_a_useless_feature_is_left_out_with_its_reason(name):
    """If it was named, it stays with a warning, or is an error if it is text."""
    values, reason = USELESS[name]
    table = wide(**{name: pa.array(values)})
    kept, (left_out,) = useful_features(table)
    assert kept.roles.features == ("day",)
    assert left_out["column"] == name
    assert left_out["type"] == ("text" if name == "name" else "number")
    assert reason in left_out["reason"]
    if name == "name":
        with pytest.raises(TableError, match="200 different values"):
            useful_features(table, named=True)
    else:
        kept, left_out = useful_features(table, named=True)
        assert (kept.roles, left_out) == (table.roles, [])


def test_what_only_resembles_a_counter_or_a_copy_stays():
    """Examples: a repeated or missing value, few rows, a wide range, a copy except for one row."""
    lost, almost = [*range(199), None], [k % 7 for k in range(199)] + [5]
    twice, far = [*range(199), 0], [k * k for k in range(200)]
    table = wide(twice=twice, lost=lost, almost=almost, far=far, paid=far[::-1])
    assert useful_features(table)[0].roles == table.roles
    assert problems(CLEAN | {"k": [1, 2, 3, 4]}) == []


def test_a_repetition_in_another_block_is_found():
    """The first pass finds only repetitions within a block."""
    table = wide(twice=[*range(199), 0], gap=[*range(150), *range(151, 201)])
    table = replace(table, block_bytes=8 * 3 * 40)
    kept, (left_out,) = useful_features(table)
    assert kept.roles.features == ("day", "twice")
    assert left_out["column"] == "gap"


def test_a_useless_feature_with_an_error_is_an_error():
    """A column of infinite values is constant too, but it stays an error."""
    with pytest.raises(TableError, match="'bad' has infinite values: 200") as caught:
        useful_features(wide(bad=[float("inf")] * ROWS))
    assert len(caught.value.problems) == 1


def test_fewer_rows_than_features_are_a_warning():
    """That includes tables with very many columns."""
    rng = random.Random(1)
    columns = {f"x{j}": [rng.random() for _ in range(4)] for j in range(3_000)}
    (problem,) = problems({"y": Y} | columns)
    assert problem.severity == "warning"
    assert problem.message == "4 rows are too few for 3,000 features"


def test_too_few_rows_are_counted_against_the_features_that_stay() -> None:
    """Copies add no unknowns: the table with and without them gets the same message."""
    rng = random.Random(1)
    columns = {f"x{j}": [rng.random() for _ in range(4)] for j in range(5)}
    table = Table.from_arrow(pa.table({"y": Y} | columns | {"copy": columns["x0"]}), "y")
    kept, _ = useful_features(table)
    assert by_severity(kept)["warning"] == [
        "4 rows are too few for 5 features. Add rows, or name fewer features: the estimate is not "
        "unique."
    ]
    enough = {name: columns[name] for name in list(columns)[:4]} | {"copy": columns["x0"]}
    assert [one.column for one in problems({"y": Y} | enough)] == ["copy"]


def test_more_columns_than_can_be_fitted_are_an_error():
    """Useless features do not count; a category counts for all columns that it makes."""
    rng = random.Random(1)
    columns = {f"x{j}": [rng.random() for _ in range(4)] for j in range(2_998)}
    columns |= {"one": [1, 1, 1, 1], "s": ["a", "b", "c", "c"]}
    assert {one.severity for one in problems({"y": Y} | columns)} == {"warning"}
    (problem, _) = problems({"y": Y, "x": [1.5, 2, 3, 1]} | columns | {"one": [0.5, 2, 3, 1]})
    assert problem.message.startswith("3,001 features in 4 rows make 3,002 columns of numbers and")
    assert problem.remedy.startswith("Name the features that matter in features=, or leave others")


@pytest.mark.parametrize("levels", [2, 20, 150])
@pytest.mark.parametrize("role", ["feature", "weight", "time"])
def test_a_word_among_numbers_is_named_however_few_they_are(levels, role):
    """A few question marks would turn a measurement into 54 columns and separate the classes."""
    text = [*(str(k % levels) for k in range(300)), "?", "?", "unknown"] * 2
    table = {"y": [0, 1] * 303, "x": [k % 7 + 0.5 for k in range(606)], "s": text}
    roles = {} if role == "feature" else {role: "s"}
    (problem,) = problems(table, **roles)
    assert problem.message == (
        f"{role} 's' is text because of '?' (first at row 301): 600 of 606 values are numbers, 6 "
        "are words: '?' (4), 'unknown' (2)"
    )
    missing = "Correct the others, or make them missing: set missing=['?', 'unknown']"
    other = f"{missing}, or set exclude=['s'], or category=['s'] if they are codes"
    assert problem.remedy == (other if role == "feature" else "Correct or drop those rows")


def test_numbers_as_text_are_an_error_unless_they_name_rows():
    """They come from Parquet, SQL or data frames; whole numbers that all differ are left out."""
    y = [0, 1] * 100
    (problem,) = problems({"y": y, "x": Y * 50, "s": [str(k % 5) for k in range(200)]})
    assert (problem.row, problem.useless) == (1, False)
    assert (
        problem.message == "feature 's' has numbers as text: 200 of 200 values (first '0' at row 1)"
    )
    (problem,) = problems({"y": y, "x": Y * 50, "s": [str(k) for k in range(200)]})
    assert problem.useless


def test_third_answers_are_a_note_that_keeps_nothing_back() -> None:
    """Three kinds of flowers, one against the others, give a note and are split."""
    rows = pa.table({"y": ["a", "b", "c", "b"] * 10, "x": [0, 1, 2, 3, 4] * 8})
    found = find_problems(Table.from_arrow(rows, "y", positive="a"), SplitPolicy())
    (note,) = [one for one in found if "target" in one.message]
    assert note.severity == "note"
    assert "'b' (rows: 20), 'c' (rows: 10)" in note.message
    assert not [one for one in found if one.severity == "error"]


@pytest.mark.parametrize(
    ("times", "found"),
    [
        (["2024-01-31", "2024-02-30", "2024-03-01", "soon"], "'2024-02-30' at row 2"),
        (["31/01/2024", "29/02/2024", "01/03/2024", "02/03/2024"], "'31/01/2024' at row 1"),
        (["2024-01-31", None, "2024-01-31", "soon"], "'soon' at row 4"),
    ],
)
def test_the_first_value_that_is_no_date_is_named_with_its_row(times, found):
    """A single bad date makes a whole column text."""
    problem = problems(CLEAN | {"t": times}, time="t")[0]
    message = f"time 't' must be numbers, dates or timestamps, found {found}"
    assert (problem.message, problem.row) == (message, int(found[-1]))


def _validated(columns: dict, **roles) -> Table:
    features = tuple(name for name in columns if name not in {"y", *roles.values()})
    kept, _ = useful_features(Table(pa.table(columns), ColumnRoles("y", 1, features, **roles)))
    return kept


def test_one_pass_validates_and_finds_fingerprint_and_positive_value(monkeypatch):
    """The rows are visited once; the fingerprint is the one that the rows alone have."""
    rng = np.random.default_rng(8)
    columns = {
        "x": rng.normal(size=60),
        "same": np.ones(60),
        "word": [f"w{k}" for k in rng.integers(0, 4, 60)],
        "y": ["yes", "no"] * 30,
    }
    table = Table(pa.table(columns), ColumnRoles("y", None, ("x", "same", "word")))
    blocks, passes = Table.blocks, []
    monkeypatch.setattr(
        Table, "blocks", lambda *given, **named: (passes.append(1), blocks(*given, **named))[1]
    )
    kept, left_out = useful_features(table)
    assert [one["column"] for one in left_out] == ["same"]
    assert kept.roles.positive == "yes"
    found = kept.fingerprint
    assert len(passes) == 1
    assert found == Table(kept.to_arrow(), kept.roles).fingerprint


def test_validated_rows_are_validated_again_only_where_something_may_be_found():
    """A column left out may have hidden a problem of the others; other rows are not validated."""
    rng = np.random.default_rng(9)
    sound = {"x": rng.normal(size=60), "y": [0, 1] * 30}
    kept = _validated(sound)
    assert kept.provenance["validated"] == kept.fingerprint
    assert "validated" not in _validated(sound | {"same": np.ones(60)}).provenance
    weighted = sound | {"w": np.repeat([0.0, 1.0], 30)}
    assert "validated" not in _validated(weighted, weight="w").provenance
    spoiled = sound | {"x": np.append(np.inf, rng.normal(size=59))}
    other = Table.from_arrow(pa.table(spoiled), "y").with_provenance(kept.provenance)
    assert by_severity(kept) == {"error": [], "warning": [], "note": []}
    assert any("infinite" in text for text in by_severity(other)["error"])
