"""Problems of single columns, given their roles."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.core.limits import MAX_COLUMNS
from lr_pipeline.core.listed_names import listed
from lr_pipeline.tables.errors import Problem, count_of
from lr_pipeline.tables.roles import KINDS, NAMES_SHOWN
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.column_summary import ColumnSummary
from lr_pipeline.tables.validation.spelling_problems import repeated_spellings
from lr_pipeline.tables.validation.text_problems import category_problems, text_problems
from lr_pipeline.tables.values.column_values import first_row, is_text, plain_values
from lr_pipeline.tables.values.spelling import shown_spelling
from lr_pipeline.tables.values.text_forms import number_problem

COUNTER_ROWS = 100  # consecutive integers in at least this number of rows are no measurement
FEWEST_CODES = 3  # different values; two make one column of the design, codes or not
ROWS_OF_CODES = 100


def column_problems(table: Table, summaries: Mapping[str, ColumnSummary]) -> Iterator[Problem]:
    """Every problem of an id, a group, a time, a weight or a feature, column by column."""
    roles = table.roles
    if roles.id is not None:
        yield from _id_problems(table, roles.id, summaries[roles.id])
    if roles.group is not None:
        yield from _missing_values(roles.group, summaries[roles.group])
    if roles.time is not None:
        yield from _time_problems(table, roles.time, summaries[roles.time])
    if roles.weight is not None:
        yield from _weight_problems(roles.weight, summaries[roles.weight])
    for name in roles.features:
        declared = next((kind for kind in KINDS if name in getattr(roles, kind)), "")
        yield from _feature_problems(name, summaries[name], declared)


def _feature_problems(name: str, column: ColumnSummary, declared: str) -> Iterator[Problem]:
    """The problems of a feature; ``declared`` is its declared kind, empty if there is none."""
    leave_out = f"Set exclude=[{name!r}]"
    if not column.usable:
        message = (
            f"feature {name!r} has the type {column.kind}; numbers, booleans and text are supported"
        )
        yield Problem(message, f"{leave_out} or convert it", name)
        return
    if column.missing == column.rows:
        yield Problem(f"feature {name!r} has no value in any row", leave_out, name, useless=True)
        return
    if column.infinite:
        row = column.first_infinite
        message = f"feature {name!r} has infinite values: {column.infinite} (first at row {row})"
        yield Problem(message, f"Make them missing or finite, or set exclude=[{name!r}]", name, row)
    if row := column.first_inexact:
        message = f"feature {name!r} has integers beyond 2^53, inexact in float64 (row {row})"
        yield Problem(message, f"Set exclude=[{name!r}], or id= for an identifier", name, row)
    if column.least == column.greatest and column.missing == 0:
        message = f"feature {name!r} has one value only: {column.least!r}"
        yield Problem(message, leave_out, name, severity="warning", useless=True)
    elif declared == "category":
        yield from category_problems(name, column)
    elif column.counts_rows and column.rows >= COUNTER_ROWS and not declared:
        message = f"feature {name!r} counts the rows, from {column.least} to {column.greatest}"
        yield Problem(message, leave_out, name, severity="warning", useless=True)
    elif is_text(column.kind):
        yield from text_problems(name, column)


def _id_problems(table: Table, name: str, column: ColumnSummary) -> Iterator[Problem]:
    yield from _missing_values(name, column)
    repeated, row = column.repetitions()
    if repeated:
        first = "" if column.missing else f" (first at row {row})"
        alike = repeated_spellings(table, name)
        message = (
            f"id {name!r} must differ from row to row, found "
            f"{count_of(repeated, 'repetition')}{first}{alike}"
        )
        remedy = f"Drop repeated rows, or set group={name!r} instead"
        yield Problem(message, remedy, name, None if column.missing else row)


def _missing_values(name: str, column: ColumnSummary) -> Iterator[Problem]:
    """Refuse missing values, and values of a union type, which cannot be compared."""
    if pt.is_union(column.kind):
        message = f"column {name!r} has the type {column.kind}, whose values cannot be compared"
        yield Problem(message, "Write it with one type, or name another column", name)
    if column.missing:
        row = column.first_missing
        message = f"column {name!r} has missing values: {column.missing} (first at row {row})"
        yield Problem(message, "Fill or drop those rows", name, row)


def _time_problems(table: Table, name: str, column: ColumnSummary) -> Iterator[Problem]:
    kind = column.kind
    if column.forms.some_stray:
        yield number_problem("time", name, column.forms)
        return
    ticks = pt.is_temporal(kind) and not pt.is_interval(kind)
    if not (pt.is_integer(kind) or pt.is_floating(kind) or ticks):
        row, text = _first_without_date(table, name) if is_text(kind) else (None, "")
        found = f"{shown_spelling(text)} at row {row}" if row else str(kind)
        message = f"time {name!r} must be numbers, dates or timestamps, found {found}"
        yield Problem(message, "Write it as 2024-01-31, or convert it", name, row)
        return
    yield from _missing_values(name, column)


def _first_without_date(table: Table, name: str) -> tuple[int | None, str]:
    """Row (from 1) and text of the first value that is not an ISO date; row None if all are."""
    rows_before = 0
    for block in table.blocks(columns=[name]):
        column = plain_values(block.column(name))
        no_dates = [text for text in column.drop_null().unique().to_pylist() if not _is_date(text)]
        if no_dates:
            place = first_row(pc.is_in(column, pa.array(no_dates, column.type)))
            return rows_before + place, column[place - 1].as_py()
        rows_before += len(column)
    return None, ""


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def _weight_problems(name: str, column: ColumnSummary) -> Iterator[Problem]:
    if column.forms.some_stray:
        yield number_problem("weight", name, column.forms)
        return
    if not (pt.is_integer(column.kind) or pt.is_floating(column.kind)):
        yield Problem(f"weight {name!r} must be numbers, found {column.kind}", "Convert it", name)
        return
    yield from _missing_values(name, column)
    if row := min(filter(None, (column.first_negative, column.first_infinite)), default=0):
        found = f"{column.least}…{column.greatest} (first at row {row})"
        message = f"weight {name!r} must be finite and ≥ 0, found {found}"
        yield Problem(message, "Correct or drop those rows", name, row)
    elif row := column.first_inexact:
        message = f"weight {name!r} has integers beyond 2^53, inexact in float64 (row {row})"
        yield Problem(message, "Correct those rows, or give smaller weights", name, row)


def too_many_columns(
    table: Table, summaries: Mapping[str, ColumnSummary], features: Iterable[str]
) -> Iterator[Problem]:
    """Refuse features that make more columns than a fit can hold.

    A number makes one column, a category one column for each level but the reference.
    """
    used = list(features)
    columns = sum(max(1, summaries[name].num_levels - 1) for name in used)
    if columns > MAX_COLUMNS:
        yield Problem(
            f"{len(used):,} features in {table.num_rows:,} rows make {columns:,} columns of numbers"
            f" and categories; at most {MAX_COLUMNS:,} can be fitted",
            "Name the features that matter in features=, or leave others out with exclude=",
        )


def possible_codes(
    summaries: Mapping[str, ColumnSummary], features: Iterable[str]
) -> Iterator[Problem]:
    """Note all features with 3 to 10 different whole numbers in 100 rows or more.

    They are counts and grades, or they are codes, for which a slope means nothing.
    """
    found = [
        f"{name!r} ({len(few)} values)"
        for name in features
        if (few := summaries[name].few)
        and len(few) >= FEWEST_CODES
        and summaries[name].rows >= ROWS_OF_CODES
    ]
    if found:
        message = (
            f"whole numbers of few values: {listed(found, NAMES_SHOWN)}. Each has one slope, as "
            "counts and grades do"
        )
        yield Problem(message, "Name those that are codes in category=", severity="note")
