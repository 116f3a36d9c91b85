"""Everything that is wrong with a table's content, all at once."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.core.limits import MAX_COLUMNS
from lr_pipeline.tables.case_counts import counted, in_stored_rows
from lr_pipeline.tables.errors import MOST_PROBLEMS, Problem, TableError
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.roles import KINDS, ColumnRoles, PositiveValue
from lr_pipeline.tables.split.split_table import SplitPolicy
from lr_pipeline.tables.table import Table, no_row_counts
from lr_pipeline.tables.target import TargetValues
from lr_pipeline.tables.unknown_answers import other_answers
from lr_pipeline.tables.validation.column_summary import ColumnSummary
from lr_pipeline.tables.validation.group_aliases import group_aliases
from lr_pipeline.tables.validation.identifiers import identifier_problems
from lr_pipeline.tables.validation.magnitudes import magnitude_problems
from lr_pipeline.tables.validation.possible_codes import possible_codes
from lr_pipeline.tables.validation.repeated_rows import RepeatedRows
from lr_pipeline.tables.validation.spelling_problems import repeated_spellings, spelling_notice
from lr_pipeline.tables.validation.split_problems import split_problems
from lr_pipeline.tables.validation.text_length import TextLengths
from lr_pipeline.tables.validation.text_problems import category_problems, text_problems
from lr_pipeline.tables.values.column_values import exact_values, is_text, kind_of, plain_values
from lr_pipeline.tables.values.number_problems import number_problem
from lr_pipeline.tables.values.row_hash import row_hashes

COUNTER_ROWS = 100  # so many consecutive integers are no measurement


def find_problems(table: Table, policy: SplitPolicy | None = None) -> list[Problem]:
    """Every problem of a table, in one pass over its blocks.

    Errors: no rows; a target without exactly two values (or without the positive one); a feature
    that is neither number, boolean nor text, has no value at all, is infinite, has integers that
    float64 cannot hold or numbers so large or small that their squares cannot be summed, or is text
    with more than 100 levels or one level a row; features that would be more than 3,000 columns of
    the design; names and texts of more than 1,000 characters; missing ids, groups, times or
    weights, repeated ids, times that have no order, weights that are not finite and ≥ 0. Warnings:
    a feature with one value only, that counts the rows, looks like an identifier, stands for the
    group or repeats another one; keys whose values repeat; values in several spellings; fewer rows
    than features. Notes: features that may be codes, repeated rows, several values that
    count as the target's other answer. Missing values of a feature are
    no problem: the preparation imputes them. Of a feature whose kind is declared it is only asked
    whether it can be so. With a ``policy`` also what keeps the rows from being split so and
    prepared. Rows of weight 0 are none; they only count in the numbers of the others.
    """
    table = counted(table)
    return in_stored_rows(table, _problems_of_counted(table, policy))


def _problems_of_counted(table: Table, policy: SplitPolicy | None) -> list[Problem]:
    """The problems, with rows numbered among those that count."""
    roles = table.roles
    if table.num_rows == 0:
        if table.choices and roles.weight is not None:
            return [no_row_counts(roles.weight)]
        return [Problem("the table has no rows", "Add rows below the header")]
    special = (roles.id, roles.group, roles.time, roles.weight)
    names = [*(role for role in special if role is not None), *roles.features]
    summaries = {name: ColumnSummary(holds_ids=name == roles.id) for name in names}
    target, lengths = TargetValues(roles.target), TextLengths([roles.target, *names])
    repeated = RepeatedRows(table)
    cases = 0.0
    for block in prefetched(table.blocks()):
        target.add(block.column(roles.target))
        lengths.add(block)
        repeated.add(block)
        cases += _cases(block, roles.weight)
        for name, summary in summaries.items():
            summary.add(exact_values(block.column(name)))
    for summary in summaries.values():
        summary.cases = cases
    found = _target_problems(target, roles.positive)
    checks: list[tuple[str | None, Callable[[str, ColumnSummary], Iterator[Problem]]]] = [
        (roles.id, partial(_id_problems, table)),
        (roles.group, _missing_key),
        (roles.time, _time_problems),
        (roles.weight, _weight_problems),
    ]
    checks += [(name, _check_of_feature(name, roles)) for name in roles.features]
    for column, check in checks:
        if column is not None:
            found += check(column, summaries[column])
    free_text = {one.column for one in found if one.useless and one.severity == "error"}
    found += lengths.problems(roles.features, free_text)
    found += magnitude_problems(table, summaries)
    undeclared = [name for name in roles.features if name not in {*roles.category, *roles.number}]
    useless = {one.column for one in found if one.useless}
    keys = [name for name in undeclared if is_text(summaries[name].kind) and name in useless]
    found += identifier_problems(table, summaries, [*_without(undeclared, found), *keys])
    if roles.group is not None and roles.group in _without(summaries, found):
        found += group_aliases(table, roles.group, summaries, _without(undeclared, found))
    found += _spelling_problems(table, summaries)
    found += _copies(table, summaries)
    found += _too_many_columns(table, summaries, {one.column for one in found})
    found += possible_codes(summaries, _without(undeclared, found))
    found += repeated.problems() if roles.weight is None else ()
    useful = len({*roles.features} - {one.column for one in found if one.useless})
    if table.num_rows < useful:
        message = f"{table.num_rows} rows are too few for {useful} features"
        remedy = "Add rows, or name fewer features: the estimate is not unique"
        found.append(Problem(message, remedy, severity="warning"))
    if policy is not None:
        found += split_problems(table, policy, target, found, summaries)
    return found


def _without(names: Iterable[str], found: Iterable[Problem]) -> list[str]:
    """The columns with which nothing was found wrong."""
    spoiled = {one.column for one in found}
    return [name for name in names if name not in spoiled]


def require_sound(
    table: Table, source: str | None = None, policy: SplitPolicy | None = None
) -> None:
    """Raise one ``TableError`` with every problem that is an error."""
    problems = find_problems(table, policy)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise TableError(*errors, source=source)


def useful_features(
    table: Table, named: bool = False, policy: SplitPolicy | None = None
) -> tuple[Table, list[dict[str, str]]]:
    """Return the table without its useless features, and of each its column, type and reason.

    Features that were ``named`` one by one stay, and some uses of them are errors then. Rows of
    weight 0 are left out. The provenance's ``notices`` are what else is to be said of it, warnings
    first. For ``policy`` see ``find_problems``.

    Raises
    ------
    TableError
        With every other problem that is an error, or where no feature would be left.
    """
    table = counted(table)
    problems = find_problems(table, policy)
    spoiled = {one.column for one in problems if one.severity == "error" and not one.useless}
    useless = [one for one in problems if one.useless and not named and one.column not in spoiled]
    left = {one.column for one in useless}
    features = tuple(name for name in table.roles.features if name not in left)
    errors = [one for one in problems if one.severity == "error" and one.column not in left]
    if errors or not features:
        raise TableError(*(errors or useless))
    reasons = {
        str(one.column): {
            "column": str(one.column),
            "type": kind_of(table.schema.field(one.column).type),
            "reason": one.message,
        }
        for one in useless
    }
    notices = [
        {"severity": severity, "text": str(one)}
        for severity in ("warning", "note")
        for one in problems
        if one.severity == severity and not one.useless
    ]
    kept = replace(table, roles=table.roles.of_features(features))
    return _with_notices(kept, notices[:MOST_PROBLEMS]), list(reasons.values())


def _with_notices(table: Table, notices: list[dict[str, str]]) -> Table:
    """The table, its provenance saying what the report shall, also of columns that are gone."""
    return table.with_provenance(table.provenance | {"notices": notices}) if notices else table


def _cases(block: pa.RecordBatch, weight: str | None) -> float:
    """How many cases a block has: its rows, or Σ weight where that is a number."""
    if weight is None:
        return float(block.num_rows)
    column = plain_values(block.column(weight))
    if not (pt.is_integer(column.type) or pt.is_floating(column.type)):
        return float(block.num_rows)
    return float(pc.sum(column.cast(pa.float64(), safe=False)).as_py() or 0.0)


def _target_problems(target: TargetValues, positive: PositiveValue | None) -> list[Problem]:
    try:
        chosen = target.positive_value(positive)
    except TableError as error:
        return list(error.problems)
    return other_answers(target.name, target.counts, chosen)


def _check_of_feature(
    name: str, roles: ColumnRoles
) -> Callable[[str, ColumnSummary], Iterator[Problem]]:
    """The check that knows what kind the feature is declared to be."""
    kinds = (kind for kind in KINDS if name in getattr(roles, kind))
    return partial(_feature_problems, declared=next(kinds, ""))


def _feature_problems(name: str, column: ColumnSummary, declared: str) -> Iterator[Problem]:
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


def _spelling_problems(table: Table, summaries: dict[str, ColumnSummary]) -> Iterator[Problem]:
    """Texts that read alike in features and groups: another pass over the columns with some."""
    subjects = dict.fromkeys(table.roles.features, "feature")
    if table.roles.group is not None:
        subjects[table.roles.group] = "group"
    for name, subject in subjects.items():
        one = summaries[name]
        if is_text(one.kind) and one.num_levels < len(one.levels):
            yield from spelling_notice(table, subject, name)


def _id_problems(table: Table, name: str, column: ColumnSummary) -> Iterator[Problem]:
    yield from _missing_key(name, column)
    repeated, row = column.repetitions()
    if repeated:
        first = "" if column.missing else f" (first at row {row})"
        alike = repeated_spellings(table, name)
        message = (
            f"id {name!r} must differ from row to row, found {repeated} repetitions{first}{alike}"
        )
        remedy = f"Drop repeated rows, or set group={name!r} instead"
        yield Problem(message, remedy, name, None if column.missing else row)


def _missing_key(name: str, column: ColumnSummary) -> Iterator[Problem]:
    if pt.is_union(column.kind):
        message = f"column {name!r} has the type {column.kind}, whose values cannot be compared"
        yield Problem(message, "Write it with one type, or name another column", name)
    if column.missing:
        row = column.first_missing
        message = f"column {name!r} has missing values: {column.missing} (first at row {row})"
        yield Problem(message, "Fill or drop those rows", name, row)


def _time_problems(name: str, column: ColumnSummary) -> Iterator[Problem]:
    kind = column.kind
    if column.forms.some_stray:
        yield number_problem("time", name, column.forms)
        return
    ticks = pt.is_temporal(kind) and not pt.is_interval(kind)
    if not (pt.is_integer(kind) or pt.is_floating(kind) or ticks):
        message = f"time {name!r} must be numbers, dates or timestamps, found {kind}"
        yield Problem(message, "Write it as 2024-01-31, or convert it", name)
        return
    yield from _missing_key(name, column)


def _weight_problems(name: str, column: ColumnSummary) -> Iterator[Problem]:
    if column.forms.some_stray:
        yield number_problem("weight", name, column.forms)
        return
    if not (pt.is_integer(column.kind) or pt.is_floating(column.kind)):
        yield Problem(f"weight {name!r} must be numbers, found {column.kind}", "Convert it", name)
        return
    yield from _missing_key(name, column)
    if row := min(filter(None, (column.first_negative, column.first_infinite)), default=0):
        found = f"{column.least}…{column.greatest} (first at row {row})"
        message = f"weight {name!r} must be finite and ≥ 0, found {found}"
        yield Problem(message, "Correct or drop those rows", name, row)
    elif row := column.first_inexact:
        message = f"weight {name!r} has integers beyond 2^53, inexact in float64 (row {row})"
        yield Problem(message, "Correct those rows, or give smaller weights", name, row)


def _too_many_columns(
    table: Table, summaries: dict[str, ColumnSummary], spoiled: set[str | None]
) -> Iterator[Problem]:
    """More columns than the fits can hold; a category has one for each level but one."""
    used = [name for name in table.roles.features if name not in spoiled]
    columns = sum(max(1, summaries[name].num_levels - 1) for name in used)
    if columns > MAX_COLUMNS:
        yield Problem(
            f"{len(used):,} features in {table.num_rows:,} rows make {columns:,} columns of numbers"
            f" and categories; at most {MAX_COLUMNS:,} can be fitted",
            "Name the features that matter in features=, or leave others out with exclude=",
        )


def _copies(table: Table, summaries: dict[str, ColumnSummary]) -> Iterator[Problem]:
    """Features that equal an earlier one in every row: alike in summary, then block by block."""
    alike: dict[tuple[Hashable, ...], list[str]] = {}
    for name in table.roles.features:
        one = summaries[name]
        if one.usable and one.missing < one.rows and one.least != one.greatest:
            alike.setdefault((one.missing, one.least, one.greatest), []).append(name)
    groups = [names for names in alike.values() if len(names) > 1]
    for block in table.blocks(columns=list(chain(*groups))) if groups else ():
        parts: dict[tuple[int, bytes], list[str]] = {}
        for number, name in ((k, name) for k, names in enumerate(groups) for name in names):
            values = pa.record_batch([plain_values(block.column(name))], names=["values"])
            content = row_hashes(values, ["values"]).tobytes()
            parts.setdefault((number, content), []).append(name)
        groups = [names for names in parts.values() if len(names) > 1]
        if not groups:
            return
    for first, *others in groups:
        for name in others:
            message = f"feature {name!r} equals {first!r} in every row"
            remedy = f"Set exclude=[{name!r}]"
            yield Problem(message, remedy, name, severity="warning", useless=True)
