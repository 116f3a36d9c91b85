"""Temporary Parquet files for rows that are not stored in a single local Parquet file."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from lr_pipeline.tables.errors import TableError, table_error
from lr_pipeline.tables.files.parquet import (
    BLOCK_BYTES,
    file_batches,
    open_parquet,
    rows_within,
    write_blocks,
)
from lr_pipeline.tables.files.temporary_folder import TemporaryFolder
from lr_pipeline.tables.roles import quoted
from lr_pipeline.tables.sources.file_contents import no_parquet
from lr_pipeline.tables.sources.locations import DataFile
from lr_pipeline.tables.values.decimals import DIGITS_OF_FLOAT64
from lr_pipeline.tables.values.reading_rules import NO_RULES, ReadingRules

ParquetFiles = dict[str, pq.ParquetFile]


class TemporaryParquet:
    """A temporary Parquet file, removed with the last table that refers to it, or at exit."""

    def __init__(self) -> None:
        self._owned = TemporaryFolder()
        self.folder = self._owned.path
        self.path = self.folder / "rows.parquet"


def require_same_columns(columns: dict[str, list[str]]) -> list[str]:
    """Return the columns, in order, that all of the files (name → columns) share.

    Raises
    ------
    TableError
        Two files differ; the message names the columns.
    """
    (first, names), *others = columns.items()
    for other, found in others:
        if sorted(found) != sorted(names):
            lacking, added = set(names) - set(found), set(found) - set(names)
            raise table_error(
                f"the files differ in their columns: {other} lacks {quoted(sorted(lacking)) or '—'}"
                f" of {first} and has {quoted(sorted(added)) or '—'} more",
                "Name files of one table",
            )
    return names


@contextmanager
def opened_parquet(files: Sequence[DataFile]) -> Iterator[ParquetFiles]:
    """Open the Parquet files, by name, until the context ends."""
    with ExitStack() as stack:
        yield {file.name: stack.enter_context(_opened(file)) for file in files}


def _opened(file: DataFile) -> pq.ParquetFile:
    """Open the file; if it is not Parquet, raise an error that says what it is."""
    try:
        return open_parquet(file.local or file.open(), name=file.name)
    except TableError as error:
        raise no_parquet(file.start, file.name) or error from None


def join_parquet(
    files: ParquetFiles,
    columns: Collection[str],
    out: Path,
    constants: Mapping[str, pa.Array] | None = None,
    rules: ReadingRules = NO_RULES,
) -> None:
    """Write the rows of several files (name → file) into one, with types that hold all values.

    ``constants``: column that the files do not have → for each file, the value of all its rows.
    ``rules``: which words stand for a missing value.

    Raises
    ------
    TableError
        A column has types that cannot be joined, such as numbers in one file and text in another.
    """
    names = [name for name in next(iter(files.values())).schema_arrow.names if name in columns]
    added = {name: values for name, values in (constants or {}).items() if name in columns}
    fields = [_joined_field(name, files) for name in names]
    schema = pa.schema([*fields, *(pa.field(name, one.type) for name, one in added.items())])

    def blocks() -> Iterator[pa.RecordBatch]:
        rows = rows_within(BLOCK_BYTES, len(names))
        for place, (source, file) in enumerate(files.items()):
            for batch in file_batches(file, source, rows, names):
                alike = [pa.repeat(one[place], batch.num_rows) for one in added.values()]
                arrays = [*batch.select(names).columns, *alike]
                cast = (_cast(*one, source) for one in zip(arrays, schema, strict=True))
                yield rules.marked(pa.RecordBatch.from_arrays(list(cast), schema=schema))

    write_blocks(out, schema, blocks())


def _cast(column: pa.Array, field: pa.Field, source: str) -> pa.Array:
    try:
        return column if column.type == field.type else column.cast(field.type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise table_error(
            f"column {field.name!r} is {column.type}, and has a value that is no {field.type}, the "
            f"type that holds it in all files: {str(error).splitlines()[0]}",
            "Write the files with one type",
            field.name,
            source=source,
        ) from None


def _joined_field(name: str, files: ParquetFiles) -> pa.Field:
    """Join the column's types in all files: numbers with numbers, null with anything."""
    joined, first = pa.field(name, pa.null()), ""
    for source, file in files.items():
        first = source if pt.is_null(joined.type) else first
        found = pa.field(name, file.schema_arrow.field(name).type)
        try:
            joined = pa.field(name, _joined_type(joined, found))
        except (pa.ArrowTypeError, pa.ArrowInvalid):
            raise table_error(
                f"column {name!r} is {joined.type} in {first} and {found.type} in {source}",
                "Write both with one type",
                name,
            ) from None
    return joined


def _joined_type(first: pa.Field, second: pa.Field) -> pa.DataType:
    """The type that holds the values of both exactly. Errors: ``ArrowTypeError``."""
    kinds = first.type, second.type
    schemas = [pa.schema([first]), pa.schema([second])]
    joined = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
    if pt.is_decimal(joined) and any(map(pt.is_integer, kinds)):
        # Arrow's common type has no room for the digits after the point that integers would get.
        return (
            pa.decimal128(38, joined.scale)
            if joined.scale < 19
            else pa.decimal256(76, joined.scale)
        )
    long = any(pt.is_decimal(kind) and kind.precision > DIGITS_OF_FLOAT64 for kind in kinds)
    if pt.is_floating(joined) and long:
        raise pa.ArrowTypeError("float64 does not hold the digits of a decimal")
    return joined
