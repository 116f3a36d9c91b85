"""Text separated by commas, semicolons or tabs, streamed into Parquet; errors say where."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pyarrow.types as pt

from lr_pipeline.tables.decimal_commas import (
    POINTED_THOUSANDS,
    numeric_texts,
    text_to_numbers,
)
from lr_pipeline.tables.errors import Problem, TableError, table_error
from lr_pipeline.tables.header import Header, require_utf8
from lr_pipeline.tables.locations import DataFile
from lr_pipeline.tables.parquet import open_parquet, write_blocks
from lr_pipeline.tables.reading_rules import NO_RULES, ReadingRules, without_markers
from lr_pipeline.tables.target import first_row, is_text

BLOCK_BYTES = 2 << 20  # pyarrow infers the types from the first block
COLUMN_BYTES = 2 << 10  # at least, of a block: a row group of few rows is all footer
LARGEST_BLOCK_BYTES = 1 << 30
LARGEST_EXACT_INTEGER = 2.0**53
LONG_INTEGER = r"^\s*[+-]?0*(?:9[1-9]\d{14}|[1-9]\d{16,})\s*$"  # beyond 2^53
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


def write_delimited(
    files: Sequence[DataFile],
    header: Header,
    columns: Sequence[str],
    out: Path,
    text_columns: Sequence[str] = (),
    rules: ReadingRules = NO_RULES,
) -> tuple[str, ...]:
    """Write ``columns`` of the files into one Parquet file, a few MB at a time.

    The types are those that the first block suggests, held from there on; where a later value
    contradicts, the column takes the next wider type and the reading starts again.
    ``text_columns`` keep their leading zeros. Missing is an empty field, NA, NaN, null and the
    like, and what ``rules`` say. Text columns that turn out to be numbers are read once more:
    returned are those that have a decimal comma.

    Raises
    ------
    TableError
        Rows have too few or too many fields (with their number and the first), the file is not
        UTF-8, a number has more digits than a 64-bit integer holds, or points may separate its
        thousands, since another column has decimal commas.
    """
    kept = [name for name in columns if name in text_columns or name in rules.keep_na]
    reading = _Reading(files, header, columns, dict.fromkeys(kept, pa.string()), rules)
    reading.write(out)
    reading.numeric = numeric_texts(out, kept, rules.decimal_comma)
    if reading.numeric:
        reading.write(out)
    commas = tuple(name for name, point in reading.numeric.items() if point == ",")
    found = [*_long_integers(reading, out), *(_pointed_thousands(reading, out, commas))]
    if found:
        raise TableError(*found)
    return commas


@dataclass
class _Reading:
    """What is known of the columns' types so far."""

    files: Sequence[DataFile]
    header: Header
    columns: Sequence[str]
    types: dict[str, pa.DataType]
    rules: ReadingRules
    numeric: dict[str, str] = field(default_factory=dict)  # text column → its decimal point
    rejected: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Start with blocks that suit the number of columns."""
        self.block_bytes = max(BLOCK_BYTES, COLUMN_BYTES * len(self.header.names))

    def write(self, out: Path) -> None:
        """Write the rows; start again with wider types until every value fits."""
        while True:
            try:
                write_blocks(out, *self._open())
            except pa.ArrowInvalid as error:
                self._widen(" ".join(str(error).split()))
            else:
                return

    def _open(self) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        schema = self._reader(self.files[0]).schema
        self.types.update(zip(schema.names, schema.types, strict=True))
        if any(pt.is_binary(kind) for kind in schema.types):
            require_utf8(*self.files)
        numbers = (pa.field(one.name, pa.float64()) for one in schema)
        fields = zip(schema, numbers, strict=True)
        read = pa.schema([to if one.name in self.numeric else one for one, to in fields])
        return read, self._blocks(schema, read)

    def _blocks(self, schema: pa.Schema, read: pa.Schema) -> Iterator[pa.RecordBatch]:
        for file in self.files:
            self.rejected.clear()
            for batch in self._reader(file):
                if batch.num_rows:
                    columns = map(self._values, schema.names, batch.cast(schema).columns)
                    yield pa.RecordBatch.from_arrays(list(columns), schema=read)
            if self.rejected:
                raise _rejected_rows(self.rejected, file)

    def _values(self, name: str, column: pa.Array) -> pa.Array:
        """The column without what is missing by the rules, or by its spelling, as "NA "."""
        if is_text(column.type):
            words = ("",) if name in self.rules.keep_na else MISSING_WORDS
            column = without_markers(column, {*words, *self.rules.of(name)})
            point = self.numeric.get(name)
            return column if point is None else text_to_numbers(column, point)
        return without_markers(column, self.rules.of(name))

    def _reader(self, file: DataFile) -> Any:
        def reject(row: Any) -> Literal["skip"]:
            self.rejected.append(row)
            return "skip"

        return pa.csv.open_csv(
            file.watch.open_whole(),
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

    def _widen(self, failure: str) -> None:
        """Settle on what the next attempt does otherwise, or raise ``TableError``."""
        if found := CONVERSION_ERROR.search(failure):
            name = self.header.names[int(found[1])]
            self.types[name] = self._wider(self.types[name], found[2])
            return
        if "straddling" in failure and self.block_bytes < LARGEST_BLOCK_BYTES:
            self.block_bytes *= 8
            return
        if "Empty CSV" in failure:  # a header that no line break ends
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
    row = None if first.number is None else first.number - 1  # the header is a row of the file
    place = "" if row is None else f"row {row} "
    return table_error(
        f"{found} row{'s' * (found > 1)} {'have' if found > 1 else 'has'} another number of fields "
        f"than the header's {first.expected_columns} "
        f"(first: {place}with {first.actual_columns}: {first.text[:60]!r})",
        "Correct them, or quote fields that contain the delimiter",
        row=row,
        source=file.name,
    )


def _long_integers(reading: _Reading, out: Path) -> Iterator[Problem]:
    """Columns whose integers were read as float64, which is inexact from 2^53.

    pyarrow does so from 2^63, or where others have a decimal point. Only the text tells
    12345678901234567890 from 1.2e19, so the columns with such numbers, by the file's own
    statistics, are read once more.
    """
    with open_parquet(out) as file:
        large = list(_columns_beyond_integers(file))
    for name, (row, text) in _first_matches(reading, large, LONG_INTEGER).items():
        message = (
            f"column {name!r} has integers beyond 2^53, inexact in float64 (first {text!r} at row "
            f"{row})"
        )
        yield Problem(message, f"Set exclude=[{name!r}], or id= for an identifier", name, row)


def _pointed_thousands(reading: _Reading, out: Path, commas: Sequence[str]) -> Iterator[Problem]:
    """Columns in which 1.234 may be a thousand and more, as it is where others have 1,5."""
    if not commas:
        return
    with open_parquet(out) as file:
        floats = {one.name for one in file.schema_arrow if pt.is_floating(one.type)}
    names = [name for name in reading.columns if name in floats.difference(commas)]
    decimal = _first_matches(reading, names, r"\.|[eE]", but=POINTED_THOUSANDS)
    left = [name for name in names if name not in decimal]
    for name, (row, text) in _first_matches(reading, left, POINTED_THOUSANDS).items():
        message = (
            f"column {name!r} may have points between thousands, as {text!r} at row {row}: column "
            f"{commas[0]!r} has decimal commas"
        )
        remedy = f"Write every number with a decimal point alone, or set exclude=[{name!r}]"
        yield Problem(message, remedy, name, row)


def _first_matches(
    reading: _Reading, names: Sequence[str], pattern: str, but: str | None = None
) -> dict[str, tuple[int, str]]:
    """Column → row and text of the first value that matches, and not ``but``; read as text."""
    if not names:
        return {}
    text: dict[str, pa.DataType] = dict.fromkeys(names, pa.string())
    _, blocks = _Reading(reading.files, reading.header, names, text, reading.rules)._open()
    found, rows = dict[str, tuple[int, str]](), 0
    for block in blocks:
        for name in names:
            column = block.column(name)
            mask = pc.match_substring_regex(column, pattern)
            if but is not None:
                mask = pc.and_not(mask, pc.match_substring_regex(column, but))
            if name not in found and pc.any(mask).as_py():
                place = first_row(mask)
                found[name] = rows + place, column[place - 1].as_py()
        rows += block.num_rows
    return found


def _columns_beyond_integers(file: pq.ParquetFile) -> Iterator[str]:
    """Float columns with a number beyond the integers that float64 holds one by one."""
    for place, one in enumerate(file.schema_arrow):
        if pt.is_float64(one.type):
            groups = range(file.metadata.num_row_groups)
            found = (file.metadata.row_group(k).column(place).statistics for k in groups)
            bounds = [abs(end) for s in found if s and s.has_min_max for end in (s.min, s.max)]
            if max(bounds, default=0.0) > LARGEST_EXACT_INTEGER:
                yield one.name
