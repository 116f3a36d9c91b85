"""Writes delimited text (commas, semicolons, tabs) to Parquet, and refuses what is ambiguous."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from lr_pipeline.tables.errors import Problem, TableError
from lr_pipeline.tables.files.parquet import open_parquet
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.sources.decimal_commas import POINTED_THOUSANDS, numeric_texts
from lr_pipeline.tables.sources.delimited_reading import Reading
from lr_pipeline.tables.sources.header import Header
from lr_pipeline.tables.sources.locations import DataFile
from lr_pipeline.tables.values.column_values import first_row
from lr_pipeline.tables.values.decimals import LARGEST_EXACT_INTEGER
from lr_pipeline.tables.values.reading_rules import NO_RULES, ReadingRules

HEXADECIMAL = r"^\s*[+-]?0[xX]"
LONG_INTEGER = r"^\s*[+-]?0*(?:9[1-9]\d{14}|[1-9]\d{16,})\s*$"  # beyond 2^53


def write_delimited(
    files: Sequence[DataFile],
    header: Header,
    columns: Sequence[str],
    out: Path,
    text_columns: Sequence[str],
    rules: ReadingRules = NO_RULES,
    roles: ColumnRoles | None = None,
    block_bytes: int = 0,
) -> tuple[str, ...]:
    """Write ``columns`` of the files into one Parquet file, a few MB at a time.

    The first block suggests the columns' types; if a later value does not fit, its column takes the
    next wider type and the reading starts again. ``text_columns`` keep their leading zeros. An
    empty field, NA, NaN, null and similar words are missing, and so are the markers of ``rules``.
    Text columns that turn out to be numbers are read once more. ``roles``, given for training rows,
    say which columns are numbers; ``block_bytes`` limits a block (0: chosen by the number of
    columns). Returns the columns that have a decimal comma.

    Raises
    ------
    TableError
        Rows have too few or too many fields (with their number and the first), the file is not
        UTF-8, a number is hexadecimal or has more digits than a 64-bit integer holds, the points of
        a column may separate thousands since another column has decimal commas, or the values of a
        feature may be lists of answers.
    """
    kept = [name for name in columns if name in text_columns or name in rules.keep_na]
    types: dict[str, pa.DataType] = dict.fromkeys(kept, pa.string())
    reading = Reading(files, header, columns, types, rules, block_bytes=block_bytes)
    reading.write(out)
    numbers = () if roles is None else (*roles.number, roles.weight, roles.time)
    reading.numeric, lists = numeric_texts(
        out, kept, rules.decimal_comma, {one for one in numbers if one}, reading.comma_elsewhere
    )
    if reading.numeric:
        reading.write(out)
    commas = tuple(name for name, point in reading.numeric.items() if point == ",")
    found = [*_long_integers(reading, out), *_pointed_thousands(reading, out, commas)]
    found += _hexadecimal_numbers(reading, out)
    features = () if roles is None else roles.features
    found += _lists_of_answers(reading, [name for name in lists if name in features])
    if found:
        raise TableError(*found)
    return commas


def _long_integers(reading: Reading, out: Path) -> Iterator[Problem]:
    """Columns whose integers were read as float64, which is inexact beyond 2^53.

    pyarrow reads integers as float64 from 2^63 on, or if other values have a decimal point. Only
    the text distinguishes 12345678901234567890 from 1.2e19. Therefore the columns that have such
    numbers according to the statistics of the written file are read once more.
    """
    with open_parquet(out) as file:
        large = list(_columns_beyond_integers(file))
    for name, (row, text) in _first_matches(reading, large, LONG_INTEGER).items():
        message = (
            f"column {name!r} has integers beyond 2^53, inexact in float64 (first {text!r} at row "
            f"{row})"
        )
        yield Problem(message, f"Set exclude=[{name!r}], or id= for an identifier", name, row)


def _hexadecimal_numbers(reading: Reading, out: Path) -> Iterator[Problem]:
    """Columns in which 0x35 was read as 53; pyarrow does so where all values are integers."""
    if not reading.has_hexadecimal:
        return
    with open_parquet(out) as file:
        integers = [one.name for one in file.schema_arrow if pt.is_integer(one.type)]
    for name, (row, text) in _first_matches(reading, integers, HEXADECIMAL).items():
        message = f"column {name!r} has hexadecimal numbers (first {text!r} at row {row})"
        remedy = f"Write decimal digits, or set category=[{name!r}] if they are codes"
        yield Problem(message, remedy, name, row)


def _pointed_thousands(reading: Reading, out: Path, commas: Sequence[str]) -> Iterator[Problem]:
    """Columns in which 1.234 may mean 1234, since another column writes 1,5 for one and a half."""
    with open_parquet(out) as file:
        floats = {one.name for one in file.schema_arrow if pt.is_floating(one.type)}
    names = [name for name in reading.columns if name in floats.difference(commas)]
    having = commas[0] if commas else reading.comma_elsewhere() if names else None
    if having is None:
        return
    decimal = _first_matches(reading, names, r"\.|[eE]", but=POINTED_THOUSANDS)
    left = [name for name in names if name not in decimal]
    for name, (row, text) in _first_matches(reading, left, POINTED_THOUSANDS).items():
        message = (
            f"column {name!r} may have points between thousands, as {text!r} at row {row}: column "
            f"{having!r} has decimal commas"
        )
        remedy = f"Write every number with a decimal point alone, or set exclude=[{name!r}]"
        yield Problem(message, remedy, name, row)


def _lists_of_answers(reading: Reading, names: Sequence[str]) -> Iterator[Problem]:
    """Columns in which 1,2 may be a number with a decimal comma, or the answers 1 and 2."""
    for name, (row, text) in _first_matches(reading, names, ",").items():
        message = (
            f"feature {name!r} is text because of {text!r} (first at row {row}): it may be a "
            "number with a decimal comma, or a list of answers"
        )
        remedy = (
            f"Write digits and a decimal point alone, as in 1234.5, or set number=[{name!r}] for "
            f"decimal commas, category=[{name!r}] for lists, or exclude=[{name!r}]"
        )
        yield Problem(message, remedy, name, row)


def _first_matches(
    reading: Reading, names: Sequence[str], pattern: str, but: str | None = None
) -> dict[str, tuple[int, str]]:
    """Column → row and text of the first value that matches, and does not match ``but``."""
    if not names:
        return {}
    text: dict[str, pa.DataType] = dict.fromkeys(names, pa.string())
    _, blocks = replace(reading, columns=names, types=text, numeric={}).open()
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
    """Float columns with a number beyond 2^53; up to there float64 holds every integer."""
    for place, one in enumerate(file.schema_arrow):
        if pt.is_float64(one.type):
            groups = range(file.metadata.num_row_groups)
            found = (file.metadata.row_group(k).column(place).statistics for k in groups)
            bounds = [abs(end) for s in found if s and s.has_min_max for end in (s.min, s.max)]
            if max(bounds, default=0.0) > LARGEST_EXACT_INTEGER:
                yield one.name
