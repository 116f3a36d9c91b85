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

from lr_pipeline.tables.errors import Problem, TableError, table_error
from lr_pipeline.tables.header import Header, require_utf8
from lr_pipeline.tables.locations import DataFile
from lr_pipeline.tables.parquet import open_parquet, write_blocks
from lr_pipeline.tables.target import first_row, is_text

BLOCK_BYTES = 2 << 20  # pyarrow infers the types from the first block
COLUMN_BYTES = 2 << 10  # at least, of a block: a row group of few rows is all footer
LARGEST_BLOCK_BYTES = 1 << 30
LARGEST_INTEGER = 2.0**63
LONG_INTEGER = r"^\s*[+-]?\d{17,}\s*$"
DECIMAL_NUMBER = r"^\s*[+-]?\d+(,\d+)?\s*$"
CONVERSION_ERROR = re.compile(r"In CSV column #(\d+): .*?invalid value '(.*)'", re.DOTALL)
TYPE_ORDER = (
    pa.null(),
    pa.int64(),
    pa.bool_(),
    pa.date32(),
    pa.time32("s"),
    pa.timestamp("s"),
    pa.timestamp("ns"),
    pa.float64(),
    pa.string(),
)  # pyarrow's own order of inference


def write_delimited(
    files: Sequence[DataFile],
    header: Header,
    columns: Sequence[str],
    out: Path,
    text_columns: Sequence[str] = (),
) -> None:
    """Write ``columns`` of the files into one Parquet file, a few MB at a time.

    The types are those that the first block suggests, held from there on; where a later value
    contradicts, the column takes the next wider type and the reading starts again.
    ``text_columns`` keep their leading zeros. Missing is an empty field, NA, NaN, null and the
    like. Semicolons between columns allow for commas as decimal points.

    Raises
    ------
    TableError
        Rows have too few or too many fields (with their number and the first), the file is not
        UTF-8, or a number has more digits than a 64-bit integer holds.
    """
    for point in (".", ","):
        text: dict[str, pa.DataType] = dict.fromkeys(text_columns, pa.string())
        reading = _Reading(files, header, columns, text, point)
        reading.write(out)
        _refuse_long_integers(reading, out)
        if header.delimiter != ";" or not _some_decimal_commas(out, text_columns):
            return


@dataclass
class _Reading:
    """What is known of the columns' types so far."""

    files: Sequence[DataFile]
    header: Header
    columns: Sequence[str]
    types: dict[str, pa.DataType]
    point: str
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
        return schema, self._blocks(schema)

    def _blocks(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        for file in self.files:
            self.rejected.clear()
            for batch in self._reader(file):
                if batch.num_rows:
                    yield batch.cast(schema)
            if self.rejected:
                raise _rejected_rows(self.rejected, file)

    def _reader(self, file: DataFile) -> Any:
        def reject(row: Any) -> Literal["skip"]:
            self.rejected.append(row)
            return "skip"

        return pa.csv.open_csv(
            file.open() if file.local is None or file.is_packed else file.local,
            pa.csv.ReadOptions(block_size=self.block_bytes, use_threads=False),
            pa.csv.ParseOptions(
                delimiter=self.header.delimiter,
                newlines_in_values=True,
                invalid_row_handler=reject,
            ),
            pa.csv.ConvertOptions(
                include_columns=self.columns,
                column_types=self.types,
                strings_can_be_null=True,
                decimal_point=self.point,
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
        options = pa.csv.ConvertOptions(column_types={"v": kind}, decimal_point=self.point)
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


def _refuse_long_integers(reading: _Reading, out: Path) -> None:
    """Raise ``TableError`` where integers were read as float64, which is inexact from 2^53.

    pyarrow does so from 2^63. Only the text tells 12345678901234567890 from 1.2e19, so the columns
    with such numbers, by the file's own statistics, are read once more.
    """
    with open_parquet(out) as file:
        large = list(_columns_beyond_integers(file))
    if not large:
        return
    text: dict[str, pa.DataType] = dict.fromkeys(large, pa.string())
    _, blocks = _Reading(reading.files, reading.header, large, text, reading.point)._open()
    found, row = dict[str, Problem](), 0
    for block in blocks:
        for name in large:
            column = block.column(name)
            long = pc.match_substring_regex(column, LONG_INTEGER)
            if name not in found and pc.any(long).as_py():
                place = first_row(long)
                message = (
                    f"column {name!r} has integers beyond 2^53, inexact in float64 (first "
                    f"{column[place - 1].as_py()!r} at row {row + place})"
                )
                remedy = f"Set exclude=[{name!r}], or id= for an identifier"
                found[name] = Problem(message, remedy, name, row + place)
        row += block.num_rows
    if found:
        raise TableError(*found.values())


def _columns_beyond_integers(file: pq.ParquetFile) -> Iterator[str]:
    """Float columns with a number that no 64-bit integer holds."""
    for place, one in enumerate(file.schema_arrow):
        if pt.is_float64(one.type):
            groups = range(file.metadata.num_row_groups)
            found = (file.metadata.row_group(k).column(place).statistics for k in groups)
            bounds = [abs(end) for s in found if s and s.has_min_max for end in (s.min, s.max)]
            if max(bounds, default=0.0) >= LARGEST_INTEGER:
                yield one.name


def _some_decimal_commas(path: Path, text_columns: Sequence[str]) -> bool:
    """Whether a text column holds nothing but numbers with a decimal comma."""
    with open_parquet(path) as file:
        left = {one.name for one in file.schema_arrow if is_text(one.type)} - set(text_columns)
        commas: set[str] = set()
        for batch in file.iter_batches(columns=sorted(left)) if left else ():
            for name in tuple(left):
                column = batch.column(name)
                if pc.all(pc.match_substring_regex(column, DECIMAL_NUMBER)).as_py() is False:
                    left.discard(name)
                elif pc.any(pc.match_substring(column, ",")).as_py():
                    commas.add(name)
    return bool(left & commas)
