"""Data frames and Arrow tables with text that is mostly numbers, and markers in them."""

import pandas as pd
import pyarrow as pa
import pytest

from lr_pipeline.models.frame_rows import rows_to_predict
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table

Y = [0, 1] * 6
TEXTS = ["1.5", "2", "?", "4"] * 3
NUMBERS = [1.5, 2.0, None, 4.0] * 3


def test_numbers_as_text_are_refused_in_data_frames() -> None:
    """Otherwise one column would become 54 columns of 0 and 1; each offered remedy works."""
    frame = pd.DataFrame({"x": TEXTS, "y": Y})
    with pytest.raises(TableError) as caught:
        Table.from_pandas(frame, "y")
    assert str(caught.value) == (
        "feature 'x' is text because of '?' (first at row 3): 9 of 12 values are numbers, 3 are "
        "words: '?' (3). Correct the others, or make them missing: set missing=['?'], or set "
        "exclude=['x'], or category=['x'] if they are codes."
    )
    with pytest.raises(TableError) as caught:
        Table.from_pandas(frame, "y", missing=["?"])
    assert str(caught.value) == (
        "feature 'x' has numbers as text: 9 of 9 values (first '1.5' at row 1). Set number=['x'], "
        "category=['x'] if they are codes, or exclude=['x']."
    )
    table = Table.from_pandas(frame, "y", missing=["?"], number=["x"])
    assert table.column("x").to_pylist() == NUMBERS
    assert Preparation.fit(table).rules.missing == ("?",)
    codes = Table.from_pandas(frame, "y", category=["x"])
    declared = Table.from_pandas(frame.astype({"x": "category"}), "y")
    for one in (codes, declared):
        assert Preparation.fit(one).columns == ("x=2", "x=4", "x=?")


def test_numbers_and_texts_in_one_column_of_a_data_frame_are_named() -> None:
    """Spreadsheets give such columns; a declared marker becomes missing, numbers stay numbers."""
    frame = pd.DataFrame({"x": [1.5, 2, "?", 4] * 3, "y": Y})
    with pytest.raises(TableError) as caught:
        Table.from_pandas(frame, "y")
    assert str(caught.value) == (
        "column 'x' holds 9 numbers and 3 texts (first '?' at row 3). Correct them, or set "
        "missing=['?'] if it stands for no value."
    )
    assert Table.from_pandas(frame, "y", missing=["?"]).column("x").to_pylist() == NUMBERS
    assert frame["x"][2] == "?"


def test_an_integer_beyond_every_float_counts_as_a_number_beside_texts() -> None:
    """It has no float that could be NaN."""
    frame = pd.DataFrame({"x": [10**400, "u", float("nan"), 1] * 3, "y": Y})
    with pytest.raises(TableError, match=r"'x' holds 6 numbers and 3 texts \(first 'u' at row 2\)"):
        Table.from_pandas(frame, "y")


def test_markers_are_found_in_columns_whose_names_are_no_texts_or_occur_twice() -> None:
    """Frames made of arrays number their columns; a name that occurs twice is refused by name."""
    frame = pd.DataFrame({0: [1.5, 2, "?", 4] * 3, 1: Y})
    assert Table.from_pandas(frame, "1", missing=["?"]).column("0").to_pylist() == NUMBERS
    twice = pd.DataFrame([["?", 1, 0], [2, "?", 1]] * 6, columns=["x", "x", "y"])
    with pytest.raises(TableError, match="column names occur more than once: 'x'"):
        Table.from_pandas(twice, "y", missing=["?"])


def test_the_first_row_is_counted_over_chunks() -> None:
    """The row is counted over all chunks; a column of words is a category."""
    column = pa.chunked_array([["1", "2"], ["3", "n.d."], ["4", "5"]])
    words = pa.array(["a", "b", "a", "1", "2", "c"])
    with pytest.raises(TableError, match=r"because of 'n\.d\.' \(first at row 4\): 5 of 6"):
        Table.from_arrow(pa.table({"x": column, "w": words, "y": Y[:6]}), "y")
    assert Table.from_arrow(pa.table({"w": words, "y": Y[:6]}), "y").roles.features == ("w",)


def test_markers_of_training_are_missing_in_a_data_frame_to_predict() -> None:
    """-999 is no measurement there either; without markers the rows are not changed."""
    columns = {"x": [1.5, -999.0, 2.0, 4.0] * 3, "s": ["a", "?", "b", "a"] * 3}
    frame = pd.DataFrame(columns | {"y": Y})
    new = pd.DataFrame({"s": ["?", "b"], "x": [-999, 7]})
    for missing, expected in ((["-999", "?"], [None, 7]), ([], [-999, 7])):
        preparation = Preparation.fit(Table.from_pandas(frame, "y", missing=missing))
        rows = rows_to_predict(new, preparation)
        assert rows.column("x").to_pylist() == expected
        assert rows.column("s").to_pylist() == [None if missing else "?", "b"]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
def test_numbers_with_a_unit_are_refused_in_any_type_of_text(kind) -> None:
    """Arrow has several types of text, and no function for a mixture of them."""
    weights = pa.array([f"{k}kgs" for k in range(40)]).cast(kind)
    with pytest.raises(TableError, match=r"'x'.*kgs"):
        Table.from_arrow(pa.table({"y": [0, 1] * 20, "x": weights}), "y")
