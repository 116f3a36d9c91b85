"""A first line that is not a header: the message says what it is, and what to do."""

import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.header import read_header
from lr_pipeline.tables.sources.locations import find_files

ROWS = "1,2,no\n3,4,yes\n"
BAD = {
    "empty line": ("\na,b,y\n" + ROWS, "the first line is empty, where the header is expected"),
    "sep": ("sep=,\na,b,y\n" + ROWS, "the first line is 'sep=,', where the header is expected"),
    "comment": (
        "# exported\na,b,y\n" + ROWS,
        r"the file begins with 1 line of comment \('# exported'\), where the header is expected",
    ),
    "pipe": ("a|b|y\n1|2|no\n", r"the columns of 'a\|b\|y' are separated by \|. Separate them by"),
    "spaces": ("a b y\n1 2 no\n", "the columns of 'a b y' are separated by spaces"),
    "objects": ('[{"a": 1, "y": 0}]\n', "the file looks like JSON. Write it as CSV or Parquet"),
    "open quote": ('"a,b,y\n' + ROWS * 20_000, "Close the quotation mark that is left open"),
    "open quote below": ('a\n"' + "1,2," * 50_000, "Close the quotation mark that is left open"),
    "lines of objects": ('{"a": 1}\n{"a": 2}\n', "the file looks like JSON"),
}


def header_of(tmp_path, content: bytes):
    """Header of a file."""
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    return read_header(find_files(path)[0])


@pytest.mark.parametrize("case", BAD)
def test_a_first_line_that_is_no_header_is_refused(tmp_path, case) -> None:
    """It is not read as one strange column without the target."""
    text, message = BAD[case]
    with pytest.raises(TableError, match=message):
        header_of(tmp_path, text.encode())


def test_other_encodings_and_workbooks_are_refused(tmp_path) -> None:
    """Their first bytes show what they are."""
    with pytest.raises(TableError, match="zero bytes, as UTF-16 without a byte order mark has"):
        header_of(tmp_path, "a,y\n1,2\n".encode("utf-16-le"))
    with pytest.raises(TableError, match=r"Excel workbook is\. Save it as CSV UTF-8"):
        header_of(tmp_path, b"PK\x03\x04\xba\x00")


@pytest.mark.parametrize("text", ["mean radius\n17.5\n", "a\n1\n", "a|b\n1\n", "#,y\n1,2\n", "a"])
def test_one_column_or_an_odd_name_is_no_mistake(tmp_path, text) -> None:
    """A file to be scored may have a single feature."""
    assert header_of(tmp_path, text.encode()).names[0] in ("mean radius", "a", "a|b", "#")


def test_a_rare_line_break_in_a_name_is_a_part_of_it(tmp_path) -> None:
    """Unicode and ASCII have line breaks that no reader of CSV takes for the end of a row."""
    for sign in ("\u2028", "\x0b", "\x0c", "\x85"):
        assert header_of(tmp_path, f"a{sign}b,y\n1,2\n".encode()).names == [f"a{sign}b", "y"]
