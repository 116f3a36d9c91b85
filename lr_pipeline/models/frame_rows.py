"""Convert a caller's rows for prediction: a ``Table``, or a data frame with the columns."""

import difflib
from collections.abc import Sequence
from typing import Any, TypeAlias

import pyarrow as pa

from lr_pipeline.engines.arrays.array_forms import frame_columns
from lr_pipeline.tables.errors import Problem, TableError, table_error
from lr_pipeline.tables.in_memory import require_one_type, without_markers_in
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.reading_rules import ReadingRules
from lr_pipeline.tables.values.spelling import spelling_key

RowsToPredict: TypeAlias = Any  # a Table, an Arrow table, a data frame of pandas or polars


def rows_to_predict(rows: RowsToPredict, preparation: Preparation) -> Table:
    """Return the rows as a table with the model's features, found by name in any order.

    Rows are a ``Table``, a pandas or polars data frame, or an Arrow table; other columns are
    ignored. Values that marked missing values in training do so here, too.

    Raises
    ------
    TypeError
        The rows are an array or another object without column names.
    TableError
        Features are missing or occur twice (all are listed), or Arrow cannot hold a column.
    """
    if isinstance(rows, Table):
        return rows
    names = _column_names(rows)
    features = list(preparation.roles.features)
    problems = [problem for name in features if (problem := _missing(name, names)) is not None]
    if problems:
        raise TableError(*problems)
    rules = preparation.rules
    found = _to_arrow(rows, [names.index(name) for name in features], rules)
    return Table(without_markers_in(found, rules) if rules.missing else found, preparation.roles)


def columns_by_name(X: Any, columns: Sequence[str] | None) -> Any:
    """Return X with the columns of the fit in their order, where both have names.

    Raises
    ------
    ValueError
        A data frame with other columns lacks one of the fit, or has two of its name.
    """
    if columns is None or (frame := frame_columns(X)) is None:
        return X
    given = [name for name, _ in frame.values()]
    if given == list(columns):
        return X
    wrong = next((name for name in columns if given.count(name) != 1), None)
    if wrong is not None:
        raise ValueError(
            f"expected each column of the fit once, found {given.count(wrong)} of {wrong!r}: give "
            f"{', '.join(map(repr, columns))}"
        )
    places = [given.index(name) for name in columns]
    return X.select(places) if isinstance(X, pa.Table) else X[[X.columns[j] for j in places]]


def _column_names(rows: Any) -> list[str]:
    if isinstance(rows, pa.Table):
        return list(rows.column_names)
    if not (hasattr(rows, "columns") and (hasattr(rows, "iloc") or hasattr(rows, "to_arrow"))):
        raise TypeError(
            f"expected a Table or a data frame, found {type(rows).__name__}: the model's columns "
            "are found by their names"
        )
    return [str(name) for name in rows.columns]


def _missing(name: str, names: list[str]) -> Problem | None:
    if (count := names.count(name)) == 1:
        return None
    remedy = "Give the columns that the model was trained on, under one name each"
    if count:
        return Problem(f"feature {name!r} occurs {count} times", remedy, name)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.7)
    hint = f"Did you mean {close[0]!r}?" if close else remedy
    return Problem(f"feature {name!r} is missing in the data frame", hint, name)


def _to_arrow(rows: Any, places: list[int], rules: ReadingRules) -> pa.Table:
    """Return the columns at these places, under their names as text."""
    if isinstance(rows, pa.Table):
        return rows.select(places)
    if hasattr(rows, "to_arrow"):
        return rows[:, places].to_arrow()
    chosen = rows.iloc[:, places]
    chosen.columns = [str(name) for name in chosen.columns]
    chosen = chosen.assign(**{name: _known(chosen[name], rules) for name in chosen.columns})
    try:
        return pa.Table.from_pandas(chosen, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        said = " ".join(str(part) for part in error.args)
    try:
        for name in chosen.columns:
            require_one_type(name, chosen[name].tolist())
    except TableError as error:
        said = error.problems[0].message
    raise table_error(
        f"the data frame holds values of several types in one column: {said}",
        "Give each column the type that it had in training",
    )


def _known(column: Any, rules: ReadingRules) -> Any:
    """Return a pandas object column with None for markers, which may stand among numbers."""
    keys = {spelling_key(one) for one in rules.markers_of(column.name)}
    if column.dtype != object or not keys:
        return column
    return column.map(
        lambda one: None if isinstance(one, str) and spelling_key(one) in keys else one
    )
