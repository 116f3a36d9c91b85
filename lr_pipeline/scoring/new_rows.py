"""Rows to be scored: files whose columns must be those that the model was trained on."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from lr_pipeline.tables.errors import Problem, TableError
from lr_pipeline.tables.files.parquet import BLOCK_ROWS, file_batches, open_parquet
from lr_pipeline.tables.preparation.encoding import CategoryEncoding
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.roles import ColumnRoles, closest
from lr_pipeline.tables.sources.declared_places import naming_place
from lr_pipeline.tables.sources.delimited import write_delimited
from lr_pipeline.tables.sources.header import common_header
from lr_pipeline.tables.sources.locations import DataFile, all_parquet, find_files
from lr_pipeline.tables.sources.partitions import partition_columns
from lr_pipeline.tables.sources.secrets import without_secrets
from lr_pipeline.tables.sources.source_content import unmoved
from lr_pipeline.tables.sources.temporary_parquet import (
    ParquetFiles,
    TemporaryParquet,
    join_parquet,
    opened_parquet,
)
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.column_types import read_type
from lr_pipeline.tables.values.column_values import is_text
from lr_pipeline.tables.values.reading_rules import ReadingRules
from lr_pipeline.tables.values.spelling import shown_spelling, spelled_like
from lr_pipeline.tables.values.text_forms import TextForms

NUMBER, TEXT, IDENTIFIER = "number or boolean", "text", "identifier"
CODES, NUMBER_AS_TEXT = "category, of text or codes", "number, also as text"


@dataclass(frozen=True)
class Difference:
    """A column that differs from training."""

    column: str
    expected: str
    found: str


class SchemaMismatchError(TableError):
    """New rows lack a column that the model needs, or have it in another type.

    ``differences`` lists all differences, and the message shows them as a table.
    """

    def __init__(self, source: str | Path, differences: Sequence[Difference]) -> None:
        self.differences = tuple(differences)
        problems = [Problem(f"{d.column!r}: {d.found}", d.expected, d.column) for d in differences]
        super().__init__(*problems, source=source)
        place = without_secrets(str(source))
        heading = f"{place}: these columns are not as in training, so that nothing was written:"
        remedy = "Give the columns that the model was trained on, or train again."
        self.args = ("\n".join([heading, *_as_table(self.differences), remedy]),)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the differences too, since a worker's error is caught in another process."""
        return SchemaMismatchError, (self.source, self.differences)


def _as_table(differences: Sequence[Difference]) -> Iterator[str]:
    """Yield lines of three aligned columns; line breaks in a name are shown as escapes."""
    rows = [("column", "expected", "found")]
    rows += [(repr(d.column), d.expected, d.found) for d in differences]
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


@dataclass(frozen=True)
class NewRows:
    """The new rows, their files in order, and the path that was given."""

    table: Table
    files: tuple[DataFile, ...]
    source: str = ""

    @property
    def target(self) -> str | None:
        """The column of the answers, if the rows have it."""
        return self._once(self.table.roles.target)

    @property
    def weight(self) -> str | None:
        """The column of the weights, if training had one and the rows have it."""
        return self._once(self.table.roles.weight)

    @property
    def group(self) -> str | None:
        """The column of the groups, if training had one and the rows have it."""
        return self._once(self.table.roles.group)

    def _once(self, name: str | None) -> str | None:
        return name if self.table.schema.names.count(str(name)) == 1 else None

    @property
    def content(self) -> list[tuple[str, dict[str, str | None]]]:
        """SHA-256 (hex) of each unpacked file, and the columns that its folders' names add."""
        return [(file.watch.sha256(), file.partition) for file in self.files]


def open_new_rows(path: str | Path, preparation: Preparation) -> NewRows:
    """Open CSV or Parquet for a model with this ``preparation``: see ``find_files`` for ``path``.

    The rows need the features and, if training had one, the id. The target, the weight and the
    group are read if the file has them; other columns are ignored. A single local Parquet file is
    read where it is. Anything else is streamed into a temporary Parquet file, in which the
    categories, the id, the target and the group of a CSV are text.

    Raises
    ------
    SchemaMismatchError
        Lists every column that is missing, occurs twice or has another type than in training.
    TableError
        A file is missing or unreadable, or changed meanwhile, or the files are not one table.
    """
    expected = expected_columns(preparation)
    with naming_place(str(path)):
        files = find_files(path)
        with unmoved(path, files):
            open_files = _open_parquet if all_parquet(files) else _open_csv
            table = open_files(files, path, expected, preparation.roles, preparation.rules)
            if table.data == files[0].local:
                table = replace(table, watch=files[0].watch)
    return NewRows(table, tuple(files), str(path))


def _open_parquet(
    files: Sequence[DataFile],
    path: str | Path,
    expected: dict[str, str],
    roles: ColumnRoles,
    rules: ReadingRules,
) -> Table:
    with opened_parquet(files) as opened:
        names = {name for file in opened.values() for name in file.schema_arrow.names}
        partitions = [file.partition for file in files]
        added = partition_columns(partitions, names, _texts(expected))
        for name, file in opened.items():
            stored = list(file.schema_arrow)
            stored += [pa.field(column, values.type) for column, values in added.items()]
            _require_as_expected(expected, stored, path if len(files) == 1 else name, file)
        in_place = len(files) == 1 and files[0].local is not None and not added
        if in_place and not rules.missing:
            return Table(files[0].local, roles)
        temporary = TemporaryParquet()
        further = _alike_columns(_optional(roles), opened)
        join_parquet(opened, [*expected, *further], temporary.path, added, rules)
    return Table(temporary.path, roles, holder=temporary)


def _open_csv(
    files: Sequence[DataFile],
    path: str | Path,
    expected: dict[str, str],
    roles: ColumnRoles,
    rules: ReadingRules,
) -> Table:
    header = common_header(files)
    twice = _repeated(header.names)
    wanted = [name for name in header.names if name in expected and name not in twice]
    unread = [pa.field(name, pa.null()) for name in header.names if name not in wanted]
    temporary, stored = TemporaryParquet(), []
    if wanted:
        further = [one for one in _optional(roles) if one in header.names and one not in twice]
        texts = [*_texts(expected), *(one for one in further if one != roles.weight)]
        write_delimited(files, header, [*wanted, *further], temporary.path, texts, rules)
        with open_parquet(temporary.path) as opened:
            stored = list(opened.schema_arrow)
            _require_as_expected(expected, [*stored, *unread], path, opened)
    else:
        _require_as_expected(expected, unread, path)
    return Table(temporary.path, roles, holder=temporary)


def _optional(roles: ColumnRoles) -> list[str]:
    """Columns that new rows may have: the target, the weight and the group."""
    return [name for name in (roles.target, roles.weight, roles.group) if name is not None]


def _alike_columns(names: Sequence[str], files: ParquetFiles) -> list[str]:
    """Return those of the columns that every file has once, in one type."""
    schemas = [file.schema_arrow for file in files.values()]
    once = [name for name in names if all(one.names.count(name) == 1 for one in schemas)]
    return [name for name in once if len({str(one.field(name).type) for one in schemas}) == 1]


def _texts(expected: dict[str, str]) -> list[str]:
    return [name for name, kind in expected.items() if kind not in (NUMBER, NUMBER_AS_TEXT)]


def _require_as_expected(
    expected: dict[str, str],
    stored: Sequence[pa.Field],
    source: str | Path,
    rows: pq.ParquetFile | None = None,
) -> None:
    if differences := list(find_differences(expected, stored)):
        texts = {field.name for field in stored if is_text(field.type)}
        raise SchemaMismatchError(
            source,
            [
                replace(one, found=_text_found(rows, str(source), one.column))
                if rows is not None and one.expected == NUMBER and one.column in texts
                else one
                for one in differences
            ],
        )


def _text_found(rows: pq.ParquetFile, source: str, column: str) -> str:
    """Describe a column of text; if most values are numbers, name the first that is not."""
    forms, rows_before = TextForms(), 0
    for batch in file_batches(rows, source, BLOCK_ROWS, [column]):
        forms.add(batch.column(0), rows_before)
        rows_before += batch.num_rows
    strays = [form for form in (forms.formatted, forms.dates, forms.others) if form.count]
    if not (strays and forms.mostly_numbers):
        return "string"
    first = min(strays, key=lambda form: form.row)
    return (
        f"text because of {shown_spelling(first.first)} (first at row {first.row}): "
        f"{forms.numbers.count} of {forms.known} values are numbers"
    )


def expected_columns(preparation: Preparation) -> dict[str, str]:
    """Return column → expected type: the id, if there is one, then the features."""
    roles = preparation.roles
    columns = {} if roles.id is None else {roles.id: IDENTIFIER}
    for encoding in preparation.encodings:
        columns[encoding.name] = TEXT if isinstance(encoding, CategoryEncoding) else NUMBER
    columns |= {name: CODES for name in roles.category if name in columns}
    columns |= {name: NUMBER_AS_TEXT for name in roles.number if name in columns}
    return columns


def find_differences(expected: dict[str, str], stored: Sequence[pa.Field]) -> Iterator[Difference]:
    """Yield every column that is not stored as expected."""
    twice = _repeated([field.name for field in stored])
    kinds = {field.name: field.type for field in stored}
    for column, kind in expected.items():
        if column in twice:
            yield Difference(column, kind, f"{twice[column]} columns of that name")
        elif column not in kinds:
            close = closest(column, kinds, cutoff=0.8)
            close = [shown_spelling(name) for name in spelled_like(column, kinds) or close]
            hint = f"; there is {close[0]}" if close else ""
            yield Difference(column, kind, f"missing{hint}")
        elif not _fits(kind, found := kinds[column]):
            yield Difference(column, kind, str(found))


def _repeated(names: Sequence[str]) -> dict[str, int]:
    return {name: count for name, count in Counter(names).items() if count > 1}


def _fits(expected: str, found: pa.DataType) -> bool:
    """Tell whether a column of this type can be prepared as in training."""
    kind = read_type(found, key=expected == IDENTIFIER)
    kind = kind.value_type if pt.is_dictionary(kind) else kind
    if expected in (IDENTIFIER, CODES):
        return not pt.is_nested(kind)
    if pt.is_null(kind):
        return True
    if expected == TEXT or (expected == NUMBER_AS_TEXT and is_text(kind)):
        return is_text(kind)
    number = pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind)
    return bool(number or pt.is_boolean(kind))
