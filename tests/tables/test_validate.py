"""Every problem of a table's content is found, at once, with column, row and remedy."""

from datetime import date

import pyarrow as pa
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validate import find_problems, require_sound

Y = [0, 1, 0, 1]
CLEAN = {"y": Y, "x": [0.1, 0.2, 0.3, 0.5]}


def problems(columns, **roles):
    """Problems of a table with these columns and target y; the rest are features."""
    special = {"y", *roles.values()}
    features = tuple(name for name in columns if name not in special)
    return find_problems(Table(pa.table(columns), ColumnRoles("y", None, features, **roles)))


def test_a_sound_table_has_no_problem():
    """Missing values in numbers and text are none: they are imputed."""
    columns = CLEAN | {"n": [1, None, 3, 1], "s": ["a", None, "b", "a"], "b": [True, False] * 2}
    assert problems(columns) == []


@pytest.mark.parametrize(
    ("column", "message", "row"),
    [
        ([0.1, float("inf"), -float("inf"), 1], "has infinite values: 2 (first at row 2)", 2),
        ([1, 2, 2**53 + 2, 4], "has integers beyond 2^53, inexact in float64 (row 3)", 3),
        ([1, 2, 3, -(2**53) - 2], "has integers beyond 2^53, inexact in float64 (row 4)", 4),
        (pa.array([1, 2, 3, 2**64 - 1], pa.uint64()), "has integers beyond 2^53", 4),
        ([None] * 4, "has no value in any row", None),
        ([float("nan")] * 4, "has no value in any row", None),
        ([date(2020, 1, 1)] * 4, "has the type date32[day]; numbers, booleans and text", None),
        ([[1], [2], [3], [4]], "has the type list<item: int64>", None),
        ([b"\xff"] * 4, "has the type binary", None),
        (["a", "b", "c", "d"], "is text with 4 different values in 4 rows", None),
    ],
)
def test_an_unusable_feature_is_an_error_with_a_remedy(column, message, row):
    """It names the column, the row where there is one, and says to exclude it."""
    [problem] = problems(CLEAN | {"bad": column})
    assert problem.severity == "error"
    assert (problem.column, problem.row) == ("bad", row)
    assert f"feature 'bad' {message}" in problem.message
    assert "['bad']" in problem.remedy


def test_a_column_of_numbers_with_a_few_words_names_the_first_word():
    """The commonest fault of a CSV file: what made the column text, and where."""
    text = [*(str(row / 2) for row in range(200)), "abc", "-1e3"]
    (problem,) = problems({"y": [0, 1] * 101, "s": text})
    assert "is text because of 'abc' (first at row 201): 201 of 202 values are numbers" in str(
        problem
    )
    assert "make them missing" in problem.remedy


def test_text_with_more_than_100_levels_is_an_error():
    """101 levels are too many, 100 are not; rows are plenty."""
    for levels, found in ((100, 0), (101, 1)):
        text = [f"level {row % levels}" for row in range(1000)]
        assert len(problems({"y": [0, 1] * 500, "s": text})) == found


@pytest.mark.parametrize("column", [[2.5] * 4, ["a"] * 4, [True] * 4])
def test_a_constant_feature_is_a_warning(column):
    """The table can be used without it, or with it."""
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
        ("id", pa.array(["a", "a", "b", "c"]).dictionary_encode(), "found 1 repetitions"),
        ("group", ["a", "a", None, "c"], "column 'k' has missing values: 1 (first at row 3)"),
        ("time", [1.0, 2.0, 3.0, float("nan")], "column 'k' has missing values: 1"),
        ("weight", [1.0, -1.0, 2.0, 1.0], "weight 'k' must be finite and ≥ 0, found -1.0…2.0"),
        ("weight", [1.0, float("inf"), 2.0, 1.0], "must be finite and ≥ 0, found 1.0…inf"),
        ("weight", [1, None, 2, 1], "column 'k' has missing values: 1"),
        ("weight", ["1", "2", "3", "4"], "weight 'k' must be numbers, found string"),
    ],
)
def test_an_unusable_key_or_weight_is_an_error(role, column, message):
    """Ids differ, keys are there, weights are numbers from 0 up."""
    [problem] = problems(CLEAN | {"k": column}, **{role: "k"})
    assert (problem.severity, problem.column) == ("error", "k")
    assert message in problem.message


def test_all_problems_are_said_at_once():
    """The target's, two features' and the id's: a line each, with the file."""
    columns = {"y": [0, 1, 2, 1], "a": [float("inf")] * 4, "d": [None] * 4, "k": [1, 1, 2, 3]}
    table = Table(pa.table(columns), ColumnRoles("y", None, ("a", "d"), id="k"))
    found = find_problems(table)
    assert [problem.column for problem in found] == ["y", "k", "a", "a", "d"]
    with pytest.raises(TableError) as caught:
        require_sound(table, "data/churn.csv")
    lines = str(caught.value).splitlines()
    assert len(lines) == 4  # the constant column is a warning
    assert all(line.startswith("data/churn.csv: ") for line in lines)


def test_a_table_without_rows_is_an_error():
    """Header only."""
    [problem] = problems({"y": pa.array([], pa.int64()), "x": pa.array([], pa.float64())})
    assert str(problem) == "the table has no rows. Add rows below the header."
