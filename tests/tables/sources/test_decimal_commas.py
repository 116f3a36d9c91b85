"""Each column's decimal comma is recognised or refused: it never becomes text or another number."""

import csv

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.scoring.new_rows import open_new_rows
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.sources.declared_tables import FileTable

Y = ["0", "1", "1", "0", "1", "0", "1", "0"]


def read(folder, columns, delimiter=";", **declared):
    """Read columns of texts with eight rows each."""
    path = folder / "rows.csv"
    with path.open("w", newline="") as file:
        rows = zip(*columns.values(), Y[: len(next(iter(columns.values())))], strict=True)
        csv.writer(file, delimiter=delimiter).writerows([[*columns, "y"], *rows])
    return FileTable(path, "y", features=list(columns), **declared).read()


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_each_column_has_its_own_decimal_point(tmp_path, delimiter) -> None:
    """One column has commas and another has points, whatever separates the columns."""
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
    """If the column may mean something else, it is refused instead."""
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
    """The message has the first such value, its row and the remedy."""
    row, first = next((k, t) for k, t in enumerate(texts, 1) if not t.isdigit())
    with pytest.raises(TableError) as caught:
        read(tmp_path, {"a": texts}, delimiter)
    assert f"feature 'a' is text because of '{first}' (first at row {row}): " in str(caught.value)
    assert "Write digits and a decimal point alone, as in 1234.5" in str(caught.value)


def test_points_that_may_separate_thousands_are_refused_beside_decimal_commas(tmp_path) -> None:
    """1.234 could mean 1234 there; if no other column has commas, it is read as 1.234."""
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
    """That holds even if the new rows alone do not show it."""
    table = read(tmp_path, {"a": ["0,5", "1,5", "2,25", "3", "1", "2", "4", "7,5"]})
    new = tmp_path / "new.csv"
    new.write_text("a;z\n1,234;0\n1,2;0\n")
    found = open_new_rows(new, Preparation.fit(table)).table.column("a")
    assert found.to_pylist() == [1.234, 1.2]


def test_signs_and_spaces_are_part_of_numbers(tmp_path) -> None:
    """A plus does not make a column text; a number too long for float64 is still refused."""
    table = read(tmp_path, {"a": ["+1", " 2 ", "+.5", "3.", "1e3", "+7", "0", ""]})
    assert table.schema.field("a").type == pa.float64()
    assert table.column("a").to_pylist() == [1.0, 2.0, 0.5, 3.0, 1000.0, 7.0, 0.0, None]
    with pytest.raises(TableError, match=r"'a' has integers beyond 2\^53.*'\+12345678901234567'"):
        read(tmp_path, {"a": ["1", "+12345678901234567", "3", "4", "5", "6", "7", "8"]})


ANSWERS = ["1,2", "1,3", "2", "3", "2,4", "1", "2,3", "1"]
THOUSANDS = ["1,234", "5,678", "12,000", "7", "1,000", "3", "2,500", "9"]
PLAIN_COMMAS = ["0,5", "-1,5", "2,25", "3", "1", "2", "4", "7,5"]


def as_floats(texts):
    """The numbers as Python reads them."""
    return [float(text.replace(",", ".")) for text in texts]


@pytest.mark.parametrize(
    "texts",
    [
        ["9,75", "3,50", "1,25", "12,99", "4,05", "2,10", "7,15", "8,88"],
        ["9,75", "3", "1,25", "12", "4,05", "2", "7,15", "8"],
        ["0,17", "0,73", "0,42", "0,58", "0,91", "0,33", "0,66", "0,25"],
        ["0,1", "0,7", "1", "0", "0,4", "0,9", "0,2", "0,3"],
    ],
    ids=["prices", "prices and whole ones", "shares", "shares of one digit"],
)
def test_prices_and_shares_are_no_lists_of_answers(tmp_path, texts) -> None:
    """If a value begins with 0, or all decimals have two digits, they are numbers."""
    assert read(tmp_path, {"a": texts}).column("a").to_pylist() == as_floats(texts)


@pytest.mark.parametrize("texts", [ANSWERS, THOUSANDS], ids=["answers", "thousands"])
@pytest.mark.parametrize("used", [True, False], ids=["a feature", "excluded"])
def test_another_column_with_decimal_commas_decides(tmp_path, texts, used) -> None:
    """It decides even if it is not used itself."""
    path = tmp_path / "rows.csv"
    lines = [f"{a};{b};{y}" for a, b, y in zip(texts, PLAIN_COMMAS, Y, strict=True)]
    path.write_text("\n".join(["a;b;y", *lines]))
    table = FileTable(path, "y", exclude=[] if used else ["b"]).read()
    assert table.column("a").to_pylist() == as_floats(texts)
    assert table.provenance["reading"]["decimal_comma"] == ["a", "b"][: 1 + used]


@pytest.mark.parametrize("role", ["number", "weight", "time"])
def test_a_column_declared_to_be_numbers_is_no_list_of_answers(tmp_path, role) -> None:
    """The declaration decides for a decimal comma; it does not decide about thousands."""
    texts = ["1,20", "1,2", "2,3", "1,35", "1,4", "1,5", "2,5", "3,4"]
    path = tmp_path / "rows.csv"
    for column, found in (("a", texts), ("b", THOUSANDS)):
        lines = [f"{a};{k % 3};{y}" for k, (a, y) in enumerate(zip(found, Y, strict=True))]
        path.write_text("\n".join([f"{column};x;y", *lines]))
        source = FileTable(path, "y", **{role: column})
        if column == "a":
            assert source.read().column("a").to_pylist() == as_floats(texts)
        else:
            with pytest.raises(TableError, match="'1,234'"):
                source.read()


def test_lists_of_answers_are_refused_with_what_settles_them(tmp_path) -> None:
    """The message says why it is not a number column; both declarations that it names solve it."""
    with pytest.raises(TableError) as caught:
        read(tmp_path, {"a": ANSWERS})
    assert str(caught.value) == (
        f"{tmp_path}/rows.csv: feature 'a' is text because of '1,2' (first at row 1): it may be a "
        "number with a decimal comma, or a list of answers. Write digits and a decimal point "
        "alone, as in 1234.5, or set number=['a'] for decimal commas, category=['a'] for lists, "
        "or exclude=['a']."
    )
    assert read(tmp_path, {"a": ANSWERS}, number=["a"]).column("a").to_pylist() == as_floats(
        ANSWERS
    )
    assert read(tmp_path, {"a": ANSWERS}, category=["a"]).column("a").to_pylist() == ANSWERS


@pytest.mark.parametrize("declared", [{"exclude": ["a"]}, {"features": ["b"]}])
def test_commas_of_a_column_without_a_role_are_evidence_on_points(tmp_path, declared) -> None:
    """7.141 beside 5,32 may be thousands, even if the column with 5,32 is not used."""
    path = tmp_path / "rows.csv"
    rows = enumerate(zip(PLAIN_COMMAS, "78" * 4, Y, strict=True))
    lines = [f"{a};{b}.{k}41;{y}" for k, (a, b, y) in rows]
    path.write_text("\n".join(["a;b;y", *lines]))
    message = r"'b' may have points between thousands, as '7.041' at row 1: column 'a' has"
    with pytest.raises(TableError, match=message):
        FileTable(path, "y", **declared).read()


def test_columns_without_a_role_may_have_any_text(tmp_path) -> None:
    """They are only searched for commas; otherwise they are not checked."""
    path = tmp_path / "rows.csv"
    lines = [f"Müller, 5,3;;{k}.141;{y}" for k, y in enumerate(Y, 1)]
    path.write_text("\n".join(["a;e;b;y", *lines]), encoding="utf-8")
    table = FileTable(path, "y", features=["b"]).read()
    assert table.column("b").to_pylist() == [float(f"{k}.141") for k in range(1, 9)]
