"""The target's positive value is given, recognised, or the last in order; labels follow from it."""

import re
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.target import TargetValues, labels, positive_value
from lr_pipeline.tables.unknown_answers import other_answers
from lr_pipeline.tables.values.spelling import shown_spelling


def settle(values, positive=None):
    """Determine the positive value of a target 'churned' with these values."""
    return positive_value("churned", pa.chunked_array([values]), positive)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1], 1),
        ([1, 2], 1),
        ([2, 3], 3),
        ([-1.0, 1.0], 1.0),
        ([0.0, 0.5], 0.5),
        ([True, False], True),
        (["yes", "no"], "yes"),
        (["N", "Y"], "Y"),
        (["TRUE", "FALSE"], "TRUE"),
        (["malignant", "benign"], "malignant"),
        (["1", "0"], "1"),
        (["red", "blue"], "red"),
        (["yes", "true"], "yes"),
        ([Decimal("0.0"), Decimal("1.0")], 1.0),
    ],
)
def test_the_value_that_says_yes_is_positive(values, expected):
    """It is 1, True or a word that means yes; otherwise the larger or last value."""
    for column in (values, values[::-1]):
        found = settle(column)
        assert found == expected
        assert type(found) is type(expected)


def test_a_dictionary_column_is_treated_as_its_values():
    """Categories are text."""
    assert settle(pa.array(["no", "yes", "no"]).dictionary_encode()) == "yes"


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        (["yes", "no"], "no", "no"),
        ([0, 1], "0", 0),
        ([0.0, 1.0], 0, 0.0),
        ([True, False], "false", False),
        (["setosa", "virginica", "versicolor"], "virginica", "virginica"),
        ([0.0, 1.0], "1", 1.0),
        ([0, 1], "1.0", 1),
        (["1", "1.0", "1.0"], "1", "1"),
        (["no", "No", "Yes"], "yes", "Yes"),
    ],
)
def test_a_given_positive_value_is_taken_against_all_others(values, positive, expected):
    """That holds also for text from a command line, and with more than two values."""
    found = settle(values, positive)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("values", "positive", "message"),
    [
        (
            ["no"] * 16 + ["unknown", "yes", "yes"],
            None,
            "target 'churned' must have two values, found 3: 'no', 'yes', 'unknown' "
            "(first 'unknown' at row 17). Set positive= or drop those rows.",
        ),
        (
            ["no", "no"],
            None,
            "target 'churned' must have two values, found 1: 'no'. Add rows with the other answer.",
        ),
        (
            ["no", "no"],
            "yes",
            "target 'churned' must have two values, found 1: 'no'. Add rows with the other answer.",
        ),
        (
            ["no", None, "yes", None],
            None,
            "target 'churned' has missing values: 2 (first at row 2). Fill or drop those rows.",
        ),
        (
            [0.0, 1.0, float("nan")],
            None,
            "target 'churned' has missing values: 1 (first at row 3). Fill or drop those rows.",
        ),
        (
            ["no", "yes", "no"],
            "ja",
            "positive value 'ja' not found in target 'churned'; its values are 'no', 'yes'. "
            "Set positive= to one of them.",
        ),
        (
            [[1], [2]],
            None,
            "target 'churned' must hold numbers, booleans or text, found list<item: int64>. "
            "Name another target, or convert it.",
        ),
    ],
)
def test_an_unusable_target_is_described(values, positive, message):
    """One line has count, values, first row and remedy."""
    with pytest.raises(TableError) as caught:
        settle(values, positive)
    assert str(caught.value) == message
    assert caught.value.problems[0].column == "churned"


@pytest.mark.parametrize(
    ("values", "positive", "message"),
    [
        (["no", "yes", "Yes", "YES", "yes"], "Yes", "'Yes' also as 'yes', 'YES' (first at row 2)"),
        (["no", "yes", "Yes", "YES", "yes"], "yES", "'yes' also as 'Yes', 'YES' (first at row 3)"),
        (["Yes", "yes"], None, "'yes' also as 'Yes' (first at row 1)"),
    ],
)
def test_a_positive_value_of_several_spellings_is_refused(values, positive, message):
    """Rows with another spelling would silently become negative."""
    expected = f"target 'churned' has its positive value {message}. Write it in one way, or"
    with pytest.raises(TableError, match=f"^{re.escape(expected)}"):
        settle(values, positive)


def test_many_values_are_counted_but_not_all_listed():
    """A target with many different numbers does not fill the screen."""
    with pytest.raises(TableError, match=r"found 500: .* and 488 more \(first") as caught:
        settle(list(range(500)))
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        (["a", "b", "c", "b"], "b", [0, 1, 0, 1]),
        ([True, False], True, [1, 0]),
        ([2, 1, 2], 1, [0, 1, 0]),
        ([0.5, 0.0], 0.5, [1, 0]),
    ],
)
def test_labels_mark_the_positive_rows(values, positive, expected):
    """Labels are (n,) float64, 0 or 1."""
    found = labels("y", pa.chunked_array([values]), positive)
    np.testing.assert_array_equal(found, np.array(expected, dtype=np.float64), strict=True)


def test_labels_refuse_missing_values_and_an_unsettled_target():
    """A missing answer does not mean no."""
    with pytest.raises(TableError, match="missing values: 1"):
        labels("y", pa.chunked_array([[1, None, 0]]), 1)
    with pytest.raises(TableError, match="no positive value yet"):
        labels("y", pa.chunked_array([[1, 0]]), None)


@pytest.mark.parametrize(("values", "positive"), [(["a", "b"], 1), ([0, 1], "yes")])
def test_labels_refuse_a_target_of_another_type(values, positive):
    """The model was trained on numbers, and the new target has words."""
    with pytest.raises(TableError, match="Give the target the type that it had in training"):
        labels("y", pa.chunked_array([values]), positive)


@pytest.mark.parametrize("positive", ["yes", None])
@pytest.mark.parametrize("word", ["?", "N.A.", "unknown", "Unknown ", "#N/A", ".", "", "not known"])
def test_an_answer_that_is_not_known_is_no_answer(word, positive) -> None:
    """Otherwise it would count as no, or as the second answer beside one other value."""
    values = ["yes", word, "yes", word] if positive is None else ["yes", "no", word, "no", word]
    row = values.index(word) + 1
    with pytest.raises(TableError) as caught:
        settle(values, positive)
    assert str(caught.value) == (
        f"target 'churned' has {shown_spelling(word)} (rows: 2, first at row {row}), which would "
        "count as an answer. Correct or drop those rows, or write another word if it is an answer."
    )
    assert (caught.value.problems[0].column, caught.value.problems[0].row) == ("churned", row)


@pytest.mark.parametrize("values", [["1", "0", "-999"], [1, 0, -999], [1.0, 0.0, -99.0]])
def test_a_number_that_stands_for_none_is_no_third_answer(values) -> None:
    """An example is -999 in a column of 0 and 1; it may be one of only two values."""
    with pytest.raises(TableError, match=r"\(rows: 1, first at row 3\), which would count"):
        settle(values, values[0])
    assert settle([1, -9]) == 1


def test_words_that_can_be_answers_are_taken() -> None:
    """Such words are None, a dash, and the given positive value."""
    assert settle(["none", "mild", "severe"], "severe") == "severe"
    assert settle(["-", "+", "++"], "+") == "+"
    assert settle(["known", "unknown"], "unknown") == "unknown"


def test_other_values_than_two_are_told() -> None:
    """A note names the most frequent ones first, with their rows; two values need no note."""
    target = TargetValues("y")
    target.add(pa.array(["a", "b", "c", "c", "d", "e", "f", "g"]))
    (note,) = other_answers("y", target.counts, "a")
    assert (note.severity, note.column) == ("note", None)
    assert note.message == (
        "target 'y' has 6 values besides 'a' that count as the other answer: 'c' (rows: 2), "
        "'b' (rows: 1), 'd' (rows: 1), 'e' (rows: 1), 'f' (rows: 1) and 1 more"
    )
    assert other_answers("y", {True: 5, False: 3}, True) == []
