"""Everything that is wrong with a table's content, all at once."""

from collections.abc import Callable, Iterator

import pyarrow.types as pt

from lr_pipeline.tables.column_summary import ColumnSummary
from lr_pipeline.tables.errors import Problem, TableError
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.roles import PositiveValue
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import TargetValues, is_text, plain_values

MAX_LEVELS = 100  # of a text column; each but one becomes a column of the design


def find_problems(table: Table) -> list[Problem]:
    """Every problem of a table, in one pass over its blocks.

    Errors: no rows; a target without exactly two values (or without the positive one); a feature
    that is neither number, boolean nor text, has no value at all, is infinite, has integers that
    float64 cannot hold, or is text with more than 100 levels or one level a row; missing ids,
    groups, times or weights, repeated ids, weights that are not finite and ≥ 0.
    Warning: a feature with one value only. Missing values of a feature are no problem:
    the preparation imputes them.
    """
    if table.num_rows == 0:
        return [Problem("the table has no rows", "Add rows below the header")]
    roles = table.roles
    special = (roles.id, roles.group, roles.time, roles.weight)
    names = [*(role for role in special if role is not None), *roles.features]
    summaries = {name: ColumnSummary(holds_ids=name == roles.id) for name in names}
    target = TargetValues(roles.target)
    for block in prefetched(table.blocks()):
        target.add(block.column(roles.target))
        for name, summary in summaries.items():
            summary.add(plain_values(block.column(name)))
    found = _target_problems(target, roles.positive)
    checks: list[tuple[str | None, Callable[[str, ColumnSummary], Iterator[Problem]]]] = [
        (roles.id, _id_problems),
        (roles.group, _missing_key),
        (roles.time, _missing_key),
        (roles.weight, _weight_problems),
    ]
    checks += [(name, _feature_problems) for name in roles.features]
    for column, check in checks:
        if column is not None:
            found += check(column, summaries[column])
    return found


def require_sound(table: Table, source: str | None = None) -> None:
    """Raise one ``TableError`` with every problem that is an error."""
    errors = [problem for problem in find_problems(table) if problem.severity == "error"]
    if errors:
        raise TableError(*errors, source=source)


def _target_problems(target: TargetValues, positive: PositiveValue | None) -> list[Problem]:
    try:
        target.positive_value(positive)
    except TableError as error:
        return list(error.problems)
    return []


def _feature_problems(name: str, column: ColumnSummary) -> Iterator[Problem]:
    leave_out = f"Set exclude=[{name!r}]"
    if not column.usable:
        message = (
            f"feature {name!r} has the type {column.kind}; numbers, booleans and text are supported"
        )
        yield Problem(message, f"{leave_out} or convert it", name)
        return
    if column.missing == column.rows:
        yield Problem(f"feature {name!r} has no value in any row", leave_out, name)
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
        yield Problem(message, leave_out, name, severity="warning")
    elif is_text(column.kind):
        yield from _many_levels(name, column)


def _many_levels(name: str, column: ColumnSummary) -> Iterator[Problem]:
    levels, known = column.num_levels, column.rows - column.missing
    if levels < column.rows and levels <= MAX_LEVELS:
        return
    if known / 2 < column.numeric < known:
        row = column.first_word_row
        message = (
            f"feature {name!r} is text because of {column.first_word!r} (first at row {row}): "
            f"{column.numeric} of {known} values are numbers"
        )
        yield Problem(message, "Correct the others or make them missing", name, row)
    else:
        counted = f"{levels}" if column.all_levels else f"more than {levels}"
        message = (
            f"feature {name!r} is text with {counted} different values in {column.rows} rows "
            f"(at most {MAX_LEVELS}, and fewer than rows)"
        )
        yield Problem(message, f"Set exclude=[{name!r}], or group its values", name)


def _id_problems(name: str, column: ColumnSummary) -> Iterator[Problem]:
    yield from _missing_key(name, column)
    if repeated := column.repetitions():
        message = f"id {name!r} must differ from row to row, found {repeated} repetitions"
        yield Problem(message, f"Drop repeated rows, or set group={name!r} instead", name)


def _missing_key(name: str, column: ColumnSummary) -> Iterator[Problem]:
    if column.missing:
        row = column.first_missing
        message = f"column {name!r} has missing values: {column.missing} (first at row {row})"
        yield Problem(message, "Fill or drop those rows", name, row)


def _weight_problems(name: str, column: ColumnSummary) -> Iterator[Problem]:
    if not (pt.is_integer(column.kind) or pt.is_floating(column.kind)):
        yield Problem(f"weight {name!r} must be numbers, found {column.kind}", "Convert it", name)
        return
    yield from _missing_key(name, column)
    least, greatest = column.least, column.greatest
    if column.missing < column.rows and not 0 <= least <= greatest < float("inf"):
        message = f"weight {name!r} must be finite and ≥ 0, found {least}…{greatest}"
        yield Problem(message, "Correct or drop those rows", name)
