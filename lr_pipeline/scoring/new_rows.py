"""Rows to be scored: a file whose columns must be those that the model was trained on."""

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.types as pt

from lr_pipeline.tables.delimited import read_delimited, read_header
from lr_pipeline.tables.encoding import CategoryEncoding
from lr_pipeline.tables.errors import Problem, TableError
from lr_pipeline.tables.parquet import open_parquet
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.sources import PARQUET_MAGIC, PARQUET_SUFFIXES
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import is_text

NUMBER, TEXT, IDENTIFIER = "number or boolean", "text", "identifier"


@dataclass(frozen=True)
class Difference:
    """A column that is not as in training."""

    column: str
    expected: str
    found: str


class SchemaMismatchError(TableError):
    """New rows lack a column that the model needs, or have it in another type.

    ``differences`` has all of them, and the message shows them as a table.
    """

    def __init__(self, source: str | Path, differences: Sequence[Difference]) -> None:
        self.differences = tuple(differences)
        problems = [Problem(f"{d.column!r}: {d.found}", d.expected, d.column) for d in differences]
        super().__init__(*problems, source=source)
        heading = f"{source}: these columns are not as in training, so that nothing was written:"
        remedy = "Give the columns that the model was trained on, or train again."
        self.args = ("\n".join([heading, *_as_table(self.differences), remedy]),)


def _as_table(differences: Sequence[Difference]) -> Iterator[str]:
    """Lines of three aligned columns; a name's line breaks and the like are shown, not obeyed."""
    rows = [("column", "expected", "found")]
    rows += [(repr(d.column), d.expected, d.found) for d in differences]
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def open_new_rows(path: str | Path, preparation: Preparation) -> Table:
    """Open a CSV or Parquet file for a model with this ``preparation``.

    It needs the features and, where training had one, the id; other columns are ignored, the
    target among them. Parquet stays on disk; a CSV file is read whole, its categories and its id
    as text.

    Raises
    ------
    SchemaMismatchError
        With every column that is missing, occurs twice or has another type than in training.
    TableError
        The file is missing or unreadable.
    """
    path = Path(path)
    expected = expected_columns(preparation)
    try:
        if _is_parquet(path):
            with open_parquet(path) as file:
                stored = file.schema_arrow
            names, data = stored.names, path
        else:
            header = read_header(path)
            names, twice = header.names, _repeated(header.names)
            wanted = [name for name in names if name in expected and name not in twice]
            text = [name for name in wanted if expected[name] != NUMBER]
            data = read_delimited(path, header, wanted, text) if wanted else pa.table({})
            stored = data.schema
    except FileNotFoundError:
        raise TableError(Problem("no such file", "Check the path"), source=path) from None
    except TableError as error:
        raise TableError(*error.problems, source=path) from None
    if differences := list(find_differences(expected, names, stored)):
        raise SchemaMismatchError(path, differences)
    return Table(data, preparation.roles)


def expected_columns(preparation: Preparation) -> dict[str, str]:
    """Column → what it must hold: the id, where there is one, then the features."""
    identifier = preparation.roles.id
    columns = {} if identifier is None else {identifier: IDENTIFIER}
    for encoding in preparation.encodings:
        columns[encoding.name] = TEXT if isinstance(encoding, CategoryEncoding) else NUMBER
    return columns


def find_differences(
    expected: dict[str, str], names: Sequence[str], stored: pa.Schema
) -> Iterator[Difference]:
    """Every column that is not as ``expected``; ``names`` are all there are in the file."""
    twice = _repeated(names)
    for column, kind in expected.items():
        if column in twice:
            yield Difference(column, kind, f"{twice[column]} columns of that name")
        elif column not in names:
            close = difflib.get_close_matches(column, names, n=1, cutoff=0.8)
            hint = f"; there is {close[0]!r}" if close else ""
            yield Difference(column, kind, f"missing{hint}")
        elif not _fits(kind, found := stored.field(column).type):
            yield Difference(column, kind, str(found))


def _repeated(names: Sequence[str]) -> dict[str, int]:
    return {name: count for name, count in Counter(names).items() if count > 1}


def _fits(expected: str, found: pa.DataType) -> bool:
    """Whether a column of this type can be prepared as in training."""
    kind = found.value_type if pt.is_dictionary(found) else found
    if expected == IDENTIFIER:
        return not pt.is_nested(kind)
    if pt.is_null(kind):
        return True
    if expected == TEXT:
        return is_text(kind)
    number = pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind)
    return bool(number or pt.is_boolean(kind))


def _is_parquet(path: Path) -> bool:
    """By name or first bytes; ``open_parquet`` refuses a folder."""
    if path.is_dir() or path.suffix.lower() in PARQUET_SUFFIXES:
        return True
    with path.open("rb") as file:
        return file.read(len(PARQUET_MAGIC)) == PARQUET_MAGIC
