"""Text separated by commas, semicolons or tabs to a pyarrow table, with errors that say where."""

import codecs
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.types as pt

from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.target import is_text

DELIMITERS = (",", ";", "\t")
HEADER_BYTES = 1 << 20
BLOCK_BYTES = 1 << 20  # pyarrow infers the types from the first block
LARGEST_BLOCK_BYTES = 1 << 30
DECIMAL_NUMBER = r"^\s*[+-]?\d+(,\d+)?\s*$"


@dataclass(frozen=True)
class Header:
    """The column names of a file in order, and what separates its columns."""

    names: list[str]
    delimiter: str


def read_header(path: Path) -> Header:
    """Read the column names; the delimiter is the one that makes most of them.

    Raises
    ------
    TableError
        The file is empty or not UTF-8.
    """
    with path.open("rb") as file:
        start = file.read(HEADER_BYTES)
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(start)
    except UnicodeDecodeError:
        _require_utf8(path)
        raise
    if not text.strip():
        raise table_error("the file is empty", "Give a header line and rows")
    candidates = []
    for delimiter in DELIMITERS:
        names = next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=False))
        candidates.append(Header(names, delimiter))
    return max(candidates, key=lambda header: len(header.names))


def read_delimited(
    path: Path, header: Header, columns: Sequence[str], text_columns: Sequence[str] = ()
) -> pa.Table:
    """Read ``columns``; types are inferred, but ``text_columns`` keep their leading zeros.

    Missing is an empty field, NA, NaN, null and the like. Semicolons between columns allow for
    commas as decimal points.

    Raises
    ------
    TableError
        A row has too few or too many fields, or the file is not UTF-8.
    """
    table = _read(path, header, columns, text_columns, ".")
    if any(pt.is_binary(kind) for kind in table.schema.types):
        _require_utf8(path)
    if header.delimiter == ";" and any(map(_has_decimal_commas, table.columns)):
        table = _read(path, header, columns, text_columns, ",")
    return table


def _read(
    path: Path, header: Header, columns: Sequence[str], text_columns: Sequence[str], point: str
) -> pa.Table:
    """Read with types from the first block; where a later one contradicts, from all the file."""
    parse = pa.csv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True)
    convert = pa.csv.ConvertOptions(
        include_columns=columns,
        column_types=dict.fromkeys(text_columns, pa.string()),
        strings_can_be_null=True,
        decimal_point=point,
    )
    blocks = [BLOCK_BYTES, min(path.stat().st_size, LARGEST_BLOCK_BYTES)]
    for block_size in blocks if blocks[1] > BLOCK_BYTES else blocks[:1]:
        options = pa.csv.ReadOptions(block_size=block_size)
        try:
            return pa.csv.read_csv(path, options, parse, convert)
        except pa.ArrowInvalid as error:
            failure = " ".join(str(error).split())
    raise table_error(f"the rows cannot be read: {failure}", "Correct that row")


def _has_decimal_commas(column: pa.ChunkedArray) -> bool:
    """Whether a column that is no number holds nothing but numbers with a decimal comma."""
    if not is_text(column.type):
        return False
    matches = pc.match_substring_regex(column, DECIMAL_NUMBER)
    return bool(pc.all(matches).as_py() and pc.any(pc.match_substring(column, ",")).as_py())


def _require_utf8(path: Path) -> None:
    """Raise ``TableError`` with the first line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise table_error(
                    f"the file is not UTF-8: byte 0x{line[error.start]:02x} in line {number}",
                    "Save it as UTF-8",
                    row=max(number - 1, 1),
                ) from None
