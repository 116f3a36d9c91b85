"""Rows to be scored: a file whose columns must be those that the model was trained on."""

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.types as pt

from lr_pipeline.tables.declaration import naming
from lr_pipeline.tables.delimited import read_header, write_delimited
from lr_pipeline.tables.encoding import CategoryEncoding
from lr_pipeline.tables.errors import Problem, TableError, table_error
from lr_pipeline.tables.locations import DataFile, find_files
from lr_pipeline.tables.parquet import open_parquet
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.spool import Spool, spool_parquet
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
    target among them. Parquet stays where it is; CSV, its categories and its id as text, is
    streamed into a temporary Parquet file.

    Raises
    ------
    SchemaMismatchError
        With every column that is missing, occurs twice or has another type than in training.
    TableError
        The file is missing or unreadable.
    """
    expected = expected_columns(preparation)
    with naming(str(path)):
        files = find_files(path)
        if len(files) > 1:
            raise table_error(f"one file is expected, found {len(files)}", "Name one of them")
        names, stored, table = _open_file(files[0], expected, preparation.roles)
    if differences := list(find_differences(expected, names, stored)):
        raise SchemaMismatchError(path, differences)
    return table


def _open_file(
    file: DataFile, expected: dict[str, str], roles: ColumnRoles
) -> tuple[list[str], pa.Schema, Table]:
    """All column names of the file, the types of those that are wanted, and its rows."""
    spool = Spool()
    if file.is_parquet:
        with open_parquet(file.local or file.open(), name=file.name) as opened:
            stored = opened.schema_arrow
            if file.local is not None:
                return stored.names, stored, Table(file.local, roles)
            spool_parquet(
                {file.name: opened}, sorted(expected.keys() & set(stored.names)), spool.path
            )
        return stored.names, stored, Table(spool.path, roles, holder=spool)
    header = read_header(file)
    twice = _repeated(header.names)
    wanted = [name for name in header.names if name in expected and name not in twice]
    if not wanted:
        return header.names, pa.schema([]), Table(spool.path, roles, holder=spool)
    text = [name for name in wanted if expected[name] != NUMBER]
    write_delimited([file], header, wanted, spool.path, text)
    with open_parquet(spool.path) as opened:
        return header.names, opened.schema_arrow, Table(spool.path, roles, holder=spool)


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
