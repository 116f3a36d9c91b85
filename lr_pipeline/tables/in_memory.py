"""Rows in memory, as data frames and Arrow tables: markers become null, mixed types are errors."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lr_pipeline.tables.errors import Problem, TableError, count_of, renumbered, table_error
from lr_pipeline.tables.roles import ColumnRoles, PositiveValue
from lr_pipeline.tables.row_choice import RowMask
from lr_pipeline.tables.target import positive_value
from lr_pipeline.tables.values.column_values import is_text
from lr_pipeline.tables.values.reading_rules import ReadingRules
from lr_pipeline.tables.values.spelling import shown_spelling
from lr_pipeline.tables.values.text_forms import TextForms, number_problem

if TYPE_CHECKING:
    import pandas


def rows_of_frame(df: "pandas.DataFrame", missing: Sequence[str]) -> pa.Table:
    """Return a data frame's columns as an Arrow table in which every marker is null.

    Raises
    ------
    TableError
        A column has texts among numbers; the message names the first text and its row.
    """
    require_pandas(df)
    markers = set(missing)

    def without_markers(column: "pandas.Series[Any]") -> "pandas.Series[Any]":
        if column.dtype != object:
            return column
        return column.map(lambda one: None if isinstance(one, str) and one in markers else one)

    known = df.apply(without_markers) if markers else df
    try:
        return arrow_of(known)
    except TableError:
        for place, name in enumerate(df.columns):
            require_one_type(str(name), known.iloc[:, place].tolist())
        raise


def require_one_type(name: str, values: list[Any]) -> None:
    """Raise ``TableError`` where a column has texts among numbers."""
    texts = [row for row, value in enumerate(values, 1) if isinstance(value, str)]
    missing = sum(isinstance(one, float) and math.isnan(one) for one in values)
    numbers = sum(isinstance(one, int | float) for one in values) - missing
    if texts and numbers:
        text = values[texts[0] - 1]
        raise table_error(
            f"column {name!r} holds {count_of(numbers, 'number')} and "
            f"{count_of(len(texts), 'text')} (first "
            f"{shown_spelling(text)} at row {texts[0]})",
            f"Correct them, or set missing=[{text!r}] if it stands for no value",
            name,
            texts[0],
        )


def without_markers_in(data: pa.Table, rules: ReadingRules) -> pa.Table:
    """Return the rows with every marker replaced by null."""
    batches = [rules.marked(batch) for batch in data.to_batches()]
    return pa.Table.from_batches(batches, schema=data.schema)


def sound_positive_value(
    data: pa.Table, roles: ColumnRoles, positive: PositiveValue | None, counted: RowMask | None
) -> PositiveValue:
    """Return the target's positive value; refuse features that are mostly numbers as text.

    ``counted`` says which of the caller's rows are in ``data`` (None: all); messages number the
    caller's rows.

    Raises
    ------
    TableError
        See ``positive_value`` and ``require_no_numbers_as_text``.
    """
    try:
        settled = positive_value(roles.target, data.column(roles.target), positive)
        require_no_numbers_as_text(data, roles)
    except TableError as error:
        problems = error.problems if counted is None else renumbered(error.problems, [counted])
        raise TableError(*problems, source=error.source) from None
    return settled


def require_no_numbers_as_text(data: pa.Table, roles: ColumnRoles) -> None:
    """Refuse text features that are mostly numbers: each value would be a column of its own.

    A feature with a declared kind is not checked, and a dictionary column is a category.

    Raises
    ------
    TableError
        With every such column.
    """
    declared = {*roles.category, *roles.number}
    problems = []
    for name in roles.features:
        column = data.column(name)
        if name in declared or not is_text(column.type):
            continue
        forms, rows_before = TextForms(), 0
        for chunk in column.chunks:
            forms.add(chunk.cast(pa.large_string()), rows_before)
            rows_before += len(chunk)
        if forms.mostly_numbers:
            problems.append(number_problem("feature", name, forms))
    if problems:
        raise TableError(*problems)


def require_pandas(df: object) -> None:
    """Raise ``TableError`` for an object that is no data frame of pandas."""
    import pandas

    if not isinstance(df, pandas.DataFrame):
        raise table_error(
            f"a pandas data frame is expected, found {type(df).__module__}.{type(df).__name__}",
            "Convert it, or give an Arrow table to Table.from_arrow",
        )


def arrow_of(df: "pandas.DataFrame") -> pa.Table:
    """Convert the columns, without the index.

    Raises
    ------
    TableError
        A column holds values of several types, or of a type that Arrow does not know; the message
        names every such column.
    """
    import pandas

    names = [str(name) for name in df.columns]
    columns, problems = [], []
    for place, name in enumerate(names):
        values = df.iloc[:, place]
        if isinstance(values.dtype, pandas.SparseDtype):
            values = values.astype(values.dtype.subtype)
        try:
            columns.append(pa.Array.from_pandas(values))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            kinds = sorted({type(value).__name__ for value in values.dropna()})[:4]
            problems.append(
                Problem(
                    f"column {name!r} ({values.dtype}) holds {', '.join(kinds)}, which are not "
                    "values of one type that Arrow has",
                    f"Convert it, as by df[{name!r}].astype(str), or drop it",
                    name,
                )
            )
    if problems:
        raise TableError(*problems)
    return pa.table(columns, names)
