"""Delimited text: the delimiter, the encoding, and types that only later rows decide."""

from datetime import datetime

import pyarrow.parquet as pq
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.sources.delimited import write_delimited
from lr_pipeline.tables.sources.header import read_header
from lr_pipeline.tables.sources.locations import find_files
from lr_pipeline.tables.split.split_table import SplitPolicy, split_table
from lr_pipeline.tables.table import Table


@pytest.fixture
def read(tmp_path):
    """Read all columns of a text, and return them as lists."""

    def read(text, text_columns=(), encoding="utf-8", block_bytes=0):
        path = tmp_path / "rows.csv"
        path.write_text(text, encoding=encoding, newline="")
        files = find_files(path)
        header = read_header(files[0])
        out = tmp_path / "rows.parquet"
        write_delimited(files, header, header.names, out, text_columns, block_bytes=block_bytes)
        return pq.read_table(out).to_pydict()

    return read


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_recognised(read, delimiter):
    """It is a comma, a semicolon or a tab; quoted names may contain the others."""
    rows = [["a", '"b,;\tc"', "d"], ["1", "x", "2.5"]]
    assert read("\n".join(delimiter.join(row) for row in rows)) == {
        "a": [1],
        "b,;\tc": ["x"],
        "d": [2.5],
    }


def test_a_single_column_needs_no_delimiter(read):
    """One name makes one column."""
    assert read("a\n1\n2\n") == {"a": [1, 2]}


def test_quotes_newlines_and_markup_are_part_of_a_name(read):
    """Names are data; the code that shows them escapes them."""
    assert read('"a\nb","<b>""x""</b>"\r\n1,"two\nlines"\r\n') == {
        "a\nb": [1],
        '<b>"x"</b>': ["two\nlines"],
    }


def test_a_byte_order_mark_is_no_part_of_the_first_name(read):
    """Spreadsheets write such marks."""
    assert read("a,b\n1,2\n", encoding="utf-8-sig") == {"a": [1], "b": [2]}


def test_empty_fields_and_the_usual_words_are_missing(read):
    """They are missing in numbers and in text."""
    assert read("a,b\n,\nNA,NA\nnan,null\n1,x\n") == {
        "a": [None, None, None, 1],
        "b": [None, None, None, "x"],
    }


@pytest.mark.parametrize("first", ["7", "2.5"])
def test_integers_beyond_64_bits_are_refused_as_others_beyond_2_to_53_are(read, first):
    """One late row is enough for an error; large measurements and identifiers are not refused."""
    text = "k,x\n" + f"{first},1e30\n" * 50 + "12345678901234567890,-2.5e19\n"
    with pytest.raises(TableError) as caught:
        read(text, block_bytes=64)
    assert str(caught.value) == (
        "column 'k' has integers beyond 2^53, inexact in float64 (first '12345678901234567890' at "
        "row 51). Set exclude=['k'], or id= for an identifier."
    )
    assert read(text, text_columns=["k"])["x"] == [1e30] * 50 + [-2.5e19]


@pytest.mark.parametrize("block_bytes", [0, 64])
def test_hexadecimal_numbers_are_refused(read, block_bytes):
    """Digits with letters are never read as an integer; 0x in a text column is no number."""
    text = "k,x\n" + "7,1\n" * 50 + "8,0x35\n"
    with pytest.raises(TableError) as caught:
        read(text, block_bytes=block_bytes)
    assert str(caught.value) == (
        "column 'x' has hexadecimal numbers (first '0x35' at row 51). Write decimal digits, or "
        "set category=['x'] if they are codes."
    )
    assert read(text, text_columns=["x"])["x"][-1] == "0x35"
    assert read("k,x\n10x10,5\n0x,6\n") == {"k": ["10x10", "0x"], "x": [5, 6]}


def test_text_columns_keep_leading_zeros(read):
    """An identifier is not a number."""
    assert read("k,a\n007,007\n", text_columns=["k"]) == {"k": ["007"], "a": [7]}


def test_semicolons_allow_for_decimal_commas(read):
    """1,5 is a number between semicolons; a text with a comma stays text."""
    assert read("a;b;c\n1,5;x, y;1\n-2;z;2\n") == {
        "a": [1.5, -2.0],
        "b": ["x, y", "z"],
        "c": [1, 2],
    }


@pytest.mark.parametrize(("late", "value"), [("1.5", 1.5), ("many", "many")])
def test_a_type_that_a_later_block_contradicts_is_read_again(read, late, value):
    """If other values follow integers, the column takes the wider type."""
    column = read("a,b\n" + "1,2\n" * 100 + f"{late},2\n", block_bytes=64)["a"]
    assert column[-1] == value
    assert type(column[0]) is type(value)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["", "7", "2.5"], [None, 7.0, 2.5]),
        (["1", "true", "x"], ["1", "true", "x"]),
        (["2024-01-01", "2024-01-01 10:00:00", "soon"], None),
        (["1", "2.5", 'a "quoted" word'], ["1", "2.5", 'a "quoted" word']),
    ],
)
def test_a_column_takes_one_wider_type_after_another(read, values, expected):
    """It does so each time that a later block does not fit, whatever the value contains."""
    quote = '"{}"'.format
    lines = [quote(v.replace('"', '""')) + ",2\n" for v in values for _ in range(50)]
    column = read("a,b\n" + "".join(lines), block_bytes=64)["a"]
    assert [column[0], column[50], column[100]] == (expected or values)
    assert len(column) == 150


def test_a_row_longer_than_a_block_is_read(read):
    """The block grows until it holds the row."""
    assert read("a,b\n1," + "x" * 1000 + "\n", block_bytes=64)["b"] == ["x" * 1000]


def test_a_header_without_a_line_break_has_no_rows(read):
    """It is treated like a header with a line break."""
    with pytest.raises(TableError, match=r"the table has no rows\. Add rows below the header"):
        read("age,y")


def test_dates_far_from_today_are_times(read, tmp_path):
    """Nanoseconds cover 1677 to 2262; a column may begin with dates in these years."""
    days = ["2024-01-01 10:00:00.5"] * 90 + ["1500-01-01 00:00:00"] * 10
    days += ["9999-12-31 23:59:59"] * 50
    rows = "".join(f"{day},{k * k % 7},{k % 2}\n" for k, day in enumerate(days))
    read("t,x,y\n" + rows, block_bytes=1 << 10)
    declared = FileTable(tmp_path / "rows.csv", "y", time="t")
    stored = Table(tmp_path / "rows.parquet", declared.roles(["t", "x", "y"]))
    table = declared.settled(stored, "rows.csv", to_split=True)
    assert table.column("t")[149].as_py() == datetime(9999, 12, 31, 23, 59, 59)
    _, test = split_table(table, SplitPolicy(kind="time", test_size=0.3))
    assert {value.year for value in test.column("t").to_pylist()} == {9999}
