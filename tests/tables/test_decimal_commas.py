"""A decimal comma is decided by column, or refused: never text, never another number."""

import csv

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.scoring.new_rows import open_new_rows
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.sources import FileTable

Y = ["0", "1", "1", "0", "1", "0", "1", "0"]


def read(folder, columns, delimiter=";", **declared):
    """Read columns of texts, eight rows each."""
    path = folder / "rows.csv"
    with path.open("w", newline="") as file:
        rows = zip(*columns.values(), Y[: len(next(iter(columns.values())))], strict=True)
        csv.writer(file, delimiter=delimiter).writerows([[*columns, "y"], *rows])
    return FileTable(path, "y", features=list(columns), **declared).read()


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_each_column_has_its_own_decimal_point(tmp_path, delimiter) -> None:
    """Commas in one and points in the other, whatever separates the columns."""
    texts = ["-0,36", "1,204", "1,397", "0,317", "0,414", "-0,49", "7", "-1e2"]
    columns = {"a": texts, "b": ["0.177", "3.250", "1.160", "0.519", "2", "1.5", "", "4"]}
    columns |= {"s": ["x, y", "z", "z", "x, y"] * 2}
    table = read(tmp_path, columns, delimiter)
    a = [-0.36, 1.204, 1.397, 0.317, 0.414, -0.49, 7.0, -100.0]
    assert table.column("a").to_pylist() == a
    assert table.column("b").to_pylist() == [0.177, 3.25, 1.16, 0.519, 2.0, 1.5, None, 4.0]
    assert table.column("s").to_pylist() == columns["s"]
    assert table.provenance["reading"] == {"decimal_comma": ["a"]}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=8, max_size=8), st.integers(1, 9))
def test_a_number_with_a_comma_has_the_bits_of_that_with_a_point(
    tmp_path_factory, x, digits
) -> None:
    """Or the column is refused, since it may mean something else."""
    folder = tmp_path_factory.mktemp("rows")
    texts = [f"{value:.{digits}f}" for value in x]
    try:
        table = read(folder, {"a": [text.replace(".", ",") for text in texts]})
    except TableError as error:
        assert digits in {1, 3} or "one value only" in str(error)
    else:
        assert table.column("a").to_pylist() == [float(text) for text in texts]


@pytest.mark.parametrize(
    "texts",
    [
        ["1,234", "5,678", "12,000", "7", "1,000", "3", "2,500", "9"],
        ["1,2", "1,3", "2", "3", "2,4", "1", "2,3", "1"],
        ["1,5", "2.5", "3", "4", "5,5", "6", "7", "8"],
        ["1,234,567", "1,000", "2", "3", "4", "5", "6", "7"],
        ["1.234,5", "1,0", "2", "3", "4", "5", "6", "7"],
    ],
    ids=["thousands or decimals", "answers or decimals", "both", "thousands", "both in a number"],
)
@pytest.mark.parametrize("delimiter", [";", ","])
def test_what_may_mean_something_else_is_refused(tmp_path, texts, delimiter) -> None:
    """With the first such value, its row and the remedy."""
    row, first = next((k, t) for k, t in enumerate(texts, 1) if not t.isdigit())
    with pytest.raises(TableError) as caught:
        read(tmp_path, {"a": texts}, delimiter)
    assert f"feature 'a' is text because of '{first}' (first at row {row}): " in str(caught.value)
    assert "Write digits and a decimal point alone, as in 1234.5" in str(caught.value)


def test_points_that_may_separate_thousands_are_refused_beside_decimal_commas(tmp_path) -> None:
    """1.234 was read as one and a bit; where no other column has commas, it is."""
    points = ["1.234", "5.678", "12.000", "7", "1.000", "3", "2.500", "9"]
    with pytest.raises(TableError) as caught:
        read(tmp_path, {"b": points, "a": ["0,5", "1,5", "2,25", "3", "1", "2", "4", "7,5"]})
    assert str(caught.value) == (
        f"{tmp_path}/rows.csv: column 'b' may have points between thousands, as '1.234' at row 1: "
        "column 'a' has decimal commas. Write every number with a decimal point alone, or set "
        "exclude=['b']."
    )
    assert read(tmp_path, {"b": points}).column("b").to_pylist()[:2] == [1.234, 5.678]


def test_new_rows_have_the_comma_of_training(tmp_path) -> None:
    """Even where few of them could mean anything."""
    table = read(tmp_path, {"a": ["0,5", "1,5", "2,25", "3", "1", "2", "4", "7,5"]})
    new = tmp_path / "new.csv"
    new.write_text("a;z\n1,234;0\n1,2;0\n")
    found = open_new_rows(new, Preparation.fit(table)).table.column("a")
    assert found.to_pylist() == [1.234, 1.2]


def test_signs_and_spaces_are_part_of_numbers(tmp_path) -> None:
    """A column is not text because of a plus; what is too long for float64 is still refused."""
    table = read(tmp_path, {"a": ["+1", " 2 ", "+.5", "3.", "1e3", "+7", "0", ""]})
    assert table.schema.field("a").type == pa.float64()
    assert table.column("a").to_pylist() == [1.0, 2.0, 0.5, 3.0, 1000.0, 7.0, 0.0, None]
    with pytest.raises(TableError, match=r"'a' has integers beyond 2\^53.*'\+12345678901234567'"):
        read(tmp_path, {"a": ["1", "+12345678901234567", "3", "4", "5", "6", "7", "8"]})
