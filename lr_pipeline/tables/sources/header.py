"""Reads the header of delimited text: the names and the delimiter; refuses other first lines."""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lr_pipeline.tables.errors import count_of, table_error
from lr_pipeline.tables.sources.locations import DataFile
from lr_pipeline.tables.sources.temporary_parquet import require_same_columns

DELIMITERS = (",", ";", "\t")
OTHER_DELIMITERS = {"|": "|", "^": "^", "~": "~", " ": "spaces"}
HEADER_BYTES = 1 << 20
JSON_START = re.compile(r"\s*(\{\s*\"|\[\s*[\[{])")


@dataclass(frozen=True)
class Header:
    """The column names of a file in order, and its delimiter."""

    names: list[str]
    delimiter: str


def read_header(source: DataFile) -> Header:
    """Read the column names; the delimiter is the one that gives the most names.

    Raises
    ------
    TableError
        The file is empty, is not UTF-8, or is not a text with a header and a known delimiter.
    """
    with source.open() as file:
        start = file.read(HEADER_BYTES)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(start)
    except UnicodeDecodeError:
        require_utf8(source)
        raise
    if not text.strip():
        raise table_error("the file is empty", "Give a header line and rows")
    _require_header(text)
    candidates = (Header(_first_fields(text, one), one) for one in DELIMITERS)
    header = max(candidates, key=lambda header: len(header.names))
    if len(header.names) == 1:
        _require_one_column(text)
    return header


def _first_fields(text: str, delimiter: str) -> list[str]:
    """Split the first row of a text, which may be several lines if fields are quoted."""
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise table_error(
            f"the first row cannot be split into fields: {error}",
            "Close the quotation mark that is left open in it",
        ) from None


def _require_header(text: str) -> None:
    """Raise ``TableError`` for a first line that cannot be a header."""
    first = text.split("\n", 1)[0].strip()
    if "\0" in first:
        raise table_error(
            "the first line has zero bytes, as UTF-16 without a byte order mark has",
            "Save the file as UTF-8",
        )
    if not first:
        raise table_error(
            "the first line is empty, where the header is expected", "Remove the lines above it"
        )
    if first.lower().startswith("sep="):
        raise table_error(
            f"the first line is {first!r}, where the header is expected", "Remove that line"
        )
    _require_no_comments(text)
    if first.lower().startswith("@relation"):
        raise table_error("the file looks like ARFF", "Write it as CSV or Parquet")
    if JSON_START.match(text):
        raise table_error("the file looks like JSON", "Write it as CSV or Parquet")


def _require_no_comments(text: str) -> None:
    """Raise ``TableError`` for comment lines; a header may begin with #, as in #id,x,y."""
    lines = text.splitlines()
    comments = next((k for k, line in enumerate(lines) if not line.startswith("#")), len(lines))
    if comments == 0:
        return
    after = lines[comments] if comments < len(lines) else ""
    fields = [
        max(len(_first_fields(line, one)) for one in DELIMITERS) for line in (lines[0], after)
    ]
    if comments == 1 and fields[0] == fields[1] > 1 and lines[0][1:2] not in (" ", "#", "!", "\t"):
        return
    raise table_error(
        f"the file begins with {count_of(comments, 'line')} of comment "
        f"({lines[0][:60]!r}), where the header is expected",
        "Remove them",
    )


def _require_one_column(text: str) -> None:
    """Raise ``TableError`` if the single column is a mistake: another delimiter, or a comment."""
    lines = text.splitlines()[:2]
    first, second = lines if len(lines) == 2 else (lines[0], "")
    for delimiter, name in OTHER_DELIMITERS.items():
        fields = first.strip().count(delimiter)
        if fields and second.strip().count(delimiter) == fields:
            raise table_error(
                f"the columns of {first[:60]!r} are separated by {name}",
                "Separate them by commas, semicolons or tabs",
            )
    for delimiter in DELIMITERS:
        fields = len(_first_fields(second, delimiter))
        if fields > 1:
            raise table_error(
                f"the first line, {first[:60]!r}, has one field, and the second has {fields}",
                "Remove the lines above the header",
            )


def common_header(files: Sequence[DataFile]) -> Header:
    """Return the header that all of the files share.

    Raises
    ------
    TableError
        A file is empty or not UTF-8, or two differ in their columns, their order or the delimiter.
    """
    headers = {file.name: read_header(file) for file in files}
    first = files[0].name
    for name, other in headers.items():
        require_same_columns({first: headers[first].names, name: other.names})
        if other != headers[first]:
            raise table_error(
                f"{name} has its columns in another order or another delimiter than {first}",
                "Write the files alike",
            )
    return headers[first]


def require_utf8(*sources: DataFile) -> None:
    """Raise ``TableError`` for the first line that is not UTF-8."""
    for source in sources:
        with source.open() as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise table_error(
                        f"the file is not UTF-8: byte 0x{line[error.start]:02x} in line {number}",
                        "Save it as UTF-8",
                        row=max(number - 1, 1),
                    ) from None
