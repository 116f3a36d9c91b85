"""Everything that is wrong with a table's content, all at once."""

from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.tables.errors import Problem, TableError
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import first_row, is_text, plain_values, positive_value

MAX_LEVELS = 100  # of a text column; each but one becomes a column of the design
NUMBER = r"^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$"
LARGEST_EXACT_INTEGER = 2**53  # in float64


def find_problems(table: Table) -> list[Problem]:
    """Every problem of a table; reads one column at a time.

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
    checks: list[tuple[str | None, Callable[[str, pa.ChunkedArray], Iterator[Problem]]]] = [
        (roles.id, _id_problems),
        (roles.group, _missing_key),
        (roles.time, _missing_key),
        (roles.weight, _weight_problems),
    ]
    checks += [(name, _feature_problems) for name in roles.features]
    found = _target_problems(table)
    for name, check in checks:
        if name is not None:
            found += check(name, table.column(name))
    return found


def require_sound(table: Table, source: str | None = None) -> None:
    """Raise one ``TableError`` with every problem that is an error."""
    errors = [problem for problem in find_problems(table) if problem.severity == "error"]
    if errors:
        raise TableError(*errors, source=source)


def _target_problems(table: Table) -> list[Problem]:
    name = table.roles.target
    try:
        positive_value(name, table.column(name), table.roles.positive)
    except TableError as error:
        return list(error.problems)
    return []


def _feature_problems(name: str, stored: pa.ChunkedArray) -> Iterator[Problem]:
    column = plain_values(stored)
    kind = column.type
    leave_out = f"Set exclude=[{name!r}]"
    if not (
        pt.is_integer(kind)
        or pt.is_floating(kind)
        or pt.is_boolean(kind)
        or pt.is_null(kind)
        or is_text(kind)
    ):
        message = f"feature {name!r} has the type {kind}; numbers, booleans and text are supported"
        yield Problem(message, f"{leave_out} or convert it", name)
        return
    if column.null_count == len(column):
        yield Problem(f"feature {name!r} has no value in any row", leave_out, name)
        return
    if pt.is_floating(kind):
        yield from _infinite(name, column)
    if pt.is_integer(kind):
        yield from _inexact(name, column)
    bounds = pc.min_max(column).as_py()
    if bounds["min"] == bounds["max"] and column.null_count == 0:
        message = f"feature {name!r} has one value only: {bounds['min']!r}"
        yield Problem(message, leave_out, name, severity="warning")
    elif is_text(kind):
        yield from _many_levels(name, column)


def _many_levels(name: str, column: pa.ChunkedArray) -> Iterator[Problem]:
    levels = pc.count_distinct(column).as_py()
    if levels < len(column) and levels <= MAX_LEVELS:
        return
    known = column.drop_null()
    numeric = pc.match_substring_regex(known, NUMBER)
    numbers = pc.sum(numeric).as_py()
    if len(known) / 2 < numbers < len(known):
        first = known.filter(pc.invert(numeric))[0]
        row = first_row(pc.equal(column, first))
        message = (
            f"feature {name!r} is text because of {first.as_py()!r} (first at row {row}): "
            f"{numbers} of {len(known)} values are numbers"
        )
        yield Problem(message, "Correct the others or make them missing", name, row)
    else:
        message = (
            f"feature {name!r} is text with {levels} different values in {len(column)} rows "
            f"(at most {MAX_LEVELS}, and fewer than rows)"
        )
        yield Problem(message, f"Set exclude=[{name!r}], or group its values", name)


def _infinite(name: str, column: pa.ChunkedArray) -> Iterator[Problem]:
    infinite = pc.is_inf(column)
    count = pc.sum(infinite).as_py()
    if count:
        row = first_row(infinite)
        message = f"feature {name!r} has infinite values: {count} (first at row {row})"
        yield Problem(message, f"Make them missing or finite, or set exclude=[{name!r}]", name, row)


def _inexact(name: str, column: pa.ChunkedArray) -> Iterator[Problem]:
    if column.type.bit_width < 64:
        return
    beyond = pc.greater(column, pa.scalar(LARGEST_EXACT_INTEGER, column.type))
    if pt.is_signed_integer(column.type):
        beyond = pc.or_(beyond, pc.less(column, pa.scalar(-LARGEST_EXACT_INTEGER, column.type)))
    if pc.any(beyond).as_py():
        row = first_row(beyond)
        message = f"feature {name!r} has integers beyond 2^53, inexact in float64 (row {row})"
        yield Problem(message, f"Set exclude=[{name!r}], or id= for an identifier", name, row)


def _id_problems(name: str, stored: pa.ChunkedArray) -> Iterator[Problem]:
    column = plain_values(stored)
    yield from _missing_key(name, column)
    repeated = len(column) - column.null_count - pc.count_distinct(column).as_py()
    if repeated:
        message = f"id {name!r} must differ from row to row, found {repeated} repetitions"
        yield Problem(message, f"Drop repeated rows, or set group={name!r} instead", name)


def _missing_key(name: str, column: pa.ChunkedArray) -> Iterator[Problem]:
    column = plain_values(column)
    if column.null_count:
        row = first_row(column.is_null())
        message = f"column {name!r} has missing values: {column.null_count} (first at row {row})"
        yield Problem(message, "Fill or drop those rows", name, row)


def _weight_problems(name: str, stored: pa.ChunkedArray) -> Iterator[Problem]:
    column = plain_values(stored)
    if not (pt.is_integer(column.type) or pt.is_floating(column.type)):
        yield Problem(f"weight {name!r} must be numbers, found {column.type}", "Convert it", name)
        return
    yield from _missing_key(name, column)
    bounds = pc.min_max(column).as_py()
    if column.null_count < len(column) and not 0 <= bounds["min"] <= bounds["max"] < float("inf"):
        message = f"weight {name!r} must be finite and ≥ 0, found {bounds['min']}…{bounds['max']}"
        yield Problem(message, "Correct or drop those rows", name)
