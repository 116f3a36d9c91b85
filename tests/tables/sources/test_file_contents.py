"""A file's first bytes decide its kind: it is read, or its kind is named with the remedy."""

import bz2
import gzip
import io
import lzma
import sqlite3
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import FileTable
from lr_pipeline.tables.sources.file_contents import require_table

COLUMNS = {"x": [1.5, 2.5, 3.5, 4.5], "y": ["no", "yes", "no", "yes"]}
TEXT = ("x,y\n" + "".join(f"{x},{y}\n" for x, y in zip(*COLUMNS.values(), strict=True))).encode()
TABLE = pa.table(COLUMNS)


def parquet() -> bytes:
    """The table as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(TABLE, sink)
    return sink.getvalue()


def feather(**options) -> bytes:
    """The table as a Feather file."""
    sink = io.BytesIO()
    pyarrow.feather.write_feather(TABLE, sink, **options)
    return sink.getvalue()


def stream() -> bytes:
    """The table as an Arrow stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)
    return sink.getvalue()


def archive() -> bytes:
    """The table's text in a zip archive, like the parts of a workbook."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as file:
        file.writestr("rows.csv", TEXT)
    return sink.getvalue()


def array() -> bytes:
    """Numbers as numpy stores them."""
    sink = io.BytesIO()
    np.save(sink, np.arange(3))
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gzip.csv", gzip.compress(TEXT, mtime=0)),
        ("text.csv.gz", TEXT),
        ("parquet.csv", parquet()),
        ("parquet.txt", parquet()),
        ("nothing", TEXT),
        ("mark.csv", b"\xef\xbb\xbf" + TEXT),
    ],
)
def test_a_file_is_read_whatever_its_name_says(tmp_path, name, content):
    """Packed text may be named like text, text like packed text, Parquet like text."""
    (tmp_path / name).write_bytes(content)
    assert FileTable(tmp_path / name, "y").read().to_arrow().to_pydict() == COLUMNS


BINARY = {
    "bzip2.csv": (bz2.compress(TEXT), "bz2 is not unpacked here. Unpack it, or give .csv.gz."),
    "xz.csv": (lzma.compress(TEXT), "xz is not unpacked here. Unpack it, or give .csv.gz."),
    "rows.zip": (archive(), "zip is not unpacked here. Unpack it, or give .csv.gz."),
    "book.xlsx": (archive(), "the file is no text but an archive, such as an Excel workbook is."),
    "book.csv": (archive(), "the file is no text but an archive, such as an Excel workbook is."),
    "book.xls": (b"\xd0\xcf\x11\xe0" * 99, "the file is no text but an Excel workbook of the old"),
    "rows.feather": (feather(), "the file is no text but an Arrow file (Feather). Write it as"),
    "old.feather": (b"FEA1" + bytes(99), "the file is no text but a Feather file of version 1."),
    "rows.arrow": (stream(), "the file is no text but an Arrow stream. Save it as CSV UTF-8, or"),
    "feather.parquet": (feather(), "the file is no text but an Arrow file (Feather). Write it as"),
    "array.npy": (array(), "the file is no text but a numpy array. Save it as CSV UTF-8, or as"),
    "pointer.csv": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n",
        "the file is a pointer of git-lfs, not the table itself. Fetch the table with git lfs",
    ),
    "pointer.parquet": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 9\n",
        "the file is a pointer of git-lfs, not the table itself. Fetch the table with git lfs",
    ),
    "page.csv": (
        b"\xef\xbb\xbf\n <!DOCTYPE HTML><html>404</html>",
        "the file is a web page or XML, no table. Download the file that the page shows, or save",
    ),
    "page.parquet": (b"<html></html>", "the file is a web page or XML, no table. Download the"),
    "text.parquet": (
        TEXT,
        "not a readable Parquet file: it holds text that begins with 'x,y'. Name it .csv, if it is",
    ),
    "empty.parquet": (b"", "not a readable Parquet file: it is empty. Write it again."),
    "empty.csv": (b"", "the file is empty. Give a header line and rows."),
    "cut.parquet": (parquet()[:-9], "not a readable Parquet file: "),
    "noise.parquet": (bytes(range(256)), "not a readable Parquet file: "),
    "weka.csv": (b"@RELATION iris\n\n@DATA\n", "the file looks like ARFF. Write it as CSV or"),
}


@pytest.mark.parametrize("name", BINARY)
def test_what_is_neither_text_nor_parquet_is_named(tmp_path, name):
    """The message has the remedy, for a single file and for one among others."""
    content, message = BINARY[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError) as caught:
        FileTable(tmp_path / name, "y").read()
    assert str(caught.value).startswith(f"{tmp_path / name}: {message}")
    if name.endswith((".csv", ".parquet")) and content:
        (tmp_path / f"a{name}").write_bytes(TEXT if name.endswith(".csv") else parquet())
        with pytest.raises(TableError) as caught:
            FileTable(tmp_path, "y").read()
        assert str(caught.value).startswith(str(tmp_path))
        assert message in str(caught.value)


def test_a_database_is_named(tmp_path):
    """A SQLite file is a database, not a table."""
    with sqlite3.connect(tmp_path / "rows.db") as connection:
        connection.execute("CREATE TABLE a (x)")
    connection.close()
    with pytest.raises(
        TableError, match=r"is no text but a SQLite database\. Read it with SqlTable"
    ):
        FileTable(tmp_path / "rows.db", "y").read()


@pytest.mark.parametrize("start", [b"ORC,y\n1,2\n", "ORC,naïve\n".encode(), b"x", b"versions,y"])
def test_a_header_that_begins_like_another_kind_of_file_is_text(start):
    """A few letters prove nothing."""
    require_table(start, "rows.csv")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("# made by hand\n", "1 line of comment ('# made by hand')"),
        ("# made by hand, in 2024\n", "1 line of comment ('# made by hand, in 2024')"),
        ("#made,by\n#x,y\n", "2 lines of comment ('#made,by')"),
        ("#a,b,c\n", "1 line of comment ('#a,b,c')"),
        ("##fileformat=VCF\n", "1 line of comment ('##fileformat=VCF')"),
    ],
)
def test_lines_of_comment_before_the_header_are_named(tmp_path, lines, found):
    """The message has the number of such lines, and shows the first."""
    (tmp_path / "rows.csv").write_bytes(lines.encode() + TEXT)
    with pytest.raises(TableError) as caught:
        FileTable(tmp_path / "rows.csv", "y").read()
    message = f"the file begins with {found}, where the header is expected. Remove them."
    assert str(caught.value) == f"{tmp_path / 'rows.csv'}: {message}"


def test_a_header_may_begin_with_a_number_sign(tmp_path):
    """Tables of genetics have such headers, with as many fields as the rows."""
    (tmp_path / "rows.csv").write_bytes(b"#" + TEXT)
    assert FileTable(tmp_path / "rows.csv", "y").read().schema.names == ["#x", "y"]
