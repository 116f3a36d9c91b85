"""Reads delimited files: determines the types of the columns, and yields blocks of rows."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv
import pyarrow.types as pt

from lr_pipeline.tables.errors import TableError, count_of, table_error
from lr_pipeline.tables.files.file_watch import HashedStream
from lr_pipeline.tables.files.parquet import write_blocks
from lr_pipeline.tables.sources.decimal_commas import Commas, text_to_numbers
from lr_pipeline.tables.sources.header import Header, require_utf8
from lr_pipeline.tables.sources.locations import DataFile
from lr_pipeline.tables.values.column_values import is_text
from lr_pipeline.tables.values.reading_rules import ReadingRules, without_markers

BLOCK_BYTES = 2 << 20  # pyarrow infers the types from the first block
COLUMN_BYTES = 2 << 10  # of a block, for each column; row groups of few rows are mostly footer
LARGEST_BLOCK_BYTES = 1 << 30
MISSING_WORDS: tuple[str, ...] = tuple(pa.csv.ConvertOptions().null_values)
CONVERSION_ERROR = re.compile(r"In CSV column #(\d+): .*?invalid value '(.*)'", re.DOTALL)
TYPE_ORDER = (
    pa.null(),
    pa.int64(),
    pa.bool_(),
    pa.date32(),
    pa.time32("s"),
    pa.timestamp("s"),
    pa.timestamp("ns"),
    pa.timestamp("us"),  # dates before 1677 or after 2262
    pa.float64(),
    pa.string(),
)  # pyarrow's own order of inference


@dataclass
class Reading:
    """One reading of the files, and the types of the columns as far as they are known."""

    files: Sequence[DataFile]
    header: Header
    columns: Sequence[str]
    types: dict[str, pa.DataType]
    rules: ReadingRules
    numeric: dict[str, str] = field(default_factory=dict)  # text column → its decimal point
    block_bytes: int = 0  # of a block; 0 for what suits the number of columns
    rejected: list[Any] = field(default_factory=list)
    streams: list[HashedStream] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start with blocks that suit the number of columns."""
        suited = max(BLOCK_BYTES, COLUMN_BYTES * len(self.header.names))
        self.block_bytes = self.block_bytes or suited

    @property
    def has_hexadecimal(self) -> bool:
        """Whether the bytes read so far may hold hexadecimal numbers, which pyarrow accepts."""
        return any(stream.has_hexadecimal for stream in self.streams)

    def write(self, out: Path) -> None:
        """Write the rows; start again with wider types until every value fits."""
        while True:
            try:
                write_blocks(out, *self.open())
            except pa.ArrowInvalid as error:
                self._widen(" ".join(str(error).split()))
            else:
                return

    def open(self) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """Return the schema of the rows, and their blocks from the first on."""
        schema = self.reader(self.files[0]).schema
        self.types.update(zip(schema.names, schema.types, strict=True))
        if any(pt.is_binary(kind) for kind in schema.types):
            require_utf8(*self.files)
        read = [
            pa.field(one.name, pa.float64()) if one.name in self.numeric else one for one in schema
        ]
        return pa.schema(read), self._blocks(schema, pa.schema(read))

    def _blocks(self, schema: pa.Schema, read: pa.Schema) -> Iterator[pa.RecordBatch]:
        for file in self.files:
            self.rejected.clear()
            for batch in self.reader(file):
                if batch.num_rows:
                    columns = map(self._values, schema.names, batch.cast(schema).columns)
                    yield pa.RecordBatch.from_arrays(list(columns), schema=read)
            if self.rejected:
                raise _rejected_rows(self.rejected, file)

    def _values(self, name: str, column: pa.Array) -> pa.Array:
        """Replace markers of the rules, and words like NA in any spelling ("NA "), by null."""
        if is_text(column.type):
            words = ("",) if name in self.rules.keep_na else MISSING_WORDS
            column = without_markers(column, {*words, *self.rules.markers_of(name)})
            point = self.numeric.get(name)
            return column if point is None else text_to_numbers(column, point)
        return without_markers(column, self.rules.markers_of(name))

    def reader(self, file: DataFile) -> Any:
        """Open pyarrow's reader of one file; rows that it rejects are kept for the message."""

        def reject(row: Any) -> Literal["skip"]:
            self.rejected.append(row)
            return "skip"

        self.streams.append(file.watch.open_whole())
        return pa.csv.open_csv(
            self.streams[-1],
            pa.csv.ReadOptions(block_size=self.block_bytes, use_threads=False),
            pa.csv.ParseOptions(
                delimiter=self.header.delimiter,
                newlines_in_values=True,
                invalid_row_handler=reject,
            ),
            pa.csv.ConvertOptions(
                include_columns=self.columns,
                column_types=self.types,
                null_values=[*MISSING_WORDS, *self.rules.missing],
                strings_can_be_null=not self.rules.keep_na,
            ),
        )

    def comma_elsewhere(self) -> str | None:
        """Name a column that is not read and has decimal commas in the first file's first block."""
        names = [one for one in self.header.names if self.header.names.count(one) == 1]
        others = [name for name in names if name not in self.columns]
        if not others:
            return None
        kinds: dict[str, pa.DataType] = dict.fromkeys(others, pa.binary())
        probe = replace(self, columns=others, types=kinds)
        empty = pa.RecordBatch.from_pylist([], schema=pa.schema(kinds.items()))
        block = next(iter(probe.reader(self.files[0])), empty)
        for name in others:
            found, values = Commas(), block.column(name).drop_null().unique()
            try:
                numbers = found.add(values.cast(pa.string()))
            except pa.ArrowInvalid:  # another encoding
                continue
            if numbers and found.point() == ",":
                return name
        return None

    def _widen(self, failure: str) -> None:
        """Remove the cause of the failure for the next attempt, or raise ``TableError``."""
        if found := CONVERSION_ERROR.search(failure):
            name = self.header.names[int(found[1])]
            self.types[name] = self._wider(self.types[name], found[2])
            return
        if "straddling" in failure and self.block_bytes < LARGEST_BLOCK_BYTES:
            self.block_bytes *= 8
            return
        if "Empty CSV" in failure:  # the file is a header without a line break
            raise table_error("the table has no rows", "Add rows below the header")
        if "UTF8" in failure:
            require_utf8(*self.files)
        raise table_error(f"the rows cannot be read: {failure}", "Correct that row")

    def _wider(self, kind: pa.DataType, value: str) -> pa.DataType:
        """The next type in pyarrow's order that can hold the value."""
        if kind in TYPE_ORDER:
            for wider in TYPE_ORDER[TYPE_ORDER.index(kind) + 1 :]:
                if self._holds(wider, value):
                    return wider
        return pa.string()

    def _holds(self, kind: pa.DataType, value: str) -> bool:
        options = pa.csv.ConvertOptions(column_types={"v": kind})
        text = io.StringIO(newline="")
        csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["v"], [value]])
        try:
            pa.csv.read_csv(io.BytesIO(text.getvalue().encode()), convert_options=options)
        except pa.ArrowInvalid:
            return False
        return True


def _rejected_rows(rejected: Sequence[Any], file: DataFile) -> TableError:
    first, found = rejected[0], len(rejected)
    row = None if first.number is None else first.number - 1  # pyarrow counts the header as a row
    place = "" if row is None else f"row {row} "
    return table_error(
        f"{count_of(found, 'row')} {'have' if found > 1 else 'has'} another number of fields "
        f"than the header's {first.expected_columns} "
        f"(first: {place}with {first.actual_columns}: {first.text[:60]!r})",
        "Correct them, or quote fields that contain the delimiter",
        row=row,
        source=file.name,
    )
