"""Finds all problems of a table's content at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.tables.case_counts import counted, in_stored_rows
from lr_pipeline.tables.errors import MOST_PROBLEMS, Problem, TableError
from lr_pipeline.tables.fingerprint import ContentHash, is_hashable
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.roles import NAMES_SHOWN, PositiveValue
from lr_pipeline.tables.split.split_policy import SplitPolicy
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import TargetValues
from lr_pipeline.tables.unknown_answers import other_answers
from lr_pipeline.tables.validation.column_problems import (
    column_problems,
    possible_codes,
    too_many_columns,
)
from lr_pipeline.tables.validation.column_summary import ColumnSummary
from lr_pipeline.tables.validation.identifiers import group_aliases, identifier_problems
from lr_pipeline.tables.validation.magnitudes import magnitude_problems
from lr_pipeline.tables.validation.repetitions import RepeatedRows, repeated_features
from lr_pipeline.tables.validation.spelling_problems import spelling_problems
from lr_pipeline.tables.validation.split_problems import split_problems
from lr_pipeline.tables.validation.text_problems import TextLengths
from lr_pipeline.tables.values.column_values import exact_values, is_text, kind_of, plain_values
from lr_pipeline.tables.weights import no_row_counts


class _Contents:
    """Summaries of the target, each column and the rows, gathered for the checks in one pass.

    The same pass finds the hash of the content, of all columns that can have one.
    """

    def __init__(self, table: Table) -> None:
        roles = self.roles = table.roles
        special = (roles.id, roles.group, roles.time, roles.weight)
        names = [*(role for role in special if role is not None), *roles.features]
        self.summaries = {name: ColumnSummary(holds_ids=name == roles.id) for name in names}
        self.target, self.lengths = TargetValues(roles.target), TextLengths([roles.target, *names])
        self.repeated, cases = RepeatedRows(table), 0.0
        self.hash = ContentHash(pa.schema([one for one in table.schema if is_hashable(one.type)]))
        for block in prefetched(self._hashed(table.blocks())):
            self._add(block)
            cases += _cases(block, roles.weight)
        for summary in self.summaries.values():
            summary.cases = cases

    def _hashed(self, blocks: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for block in blocks:
            self.hash.update(block)
            yield block

    def _add(self, block: pa.RecordBatch) -> None:
        self.target.add(block.column(self.roles.target))
        self.lengths.add(block)
        self.repeated.add(block)
        for name, summary in self.summaries.items():
            summary.add(exact_values(block.column(name)))


def find_problems(table: Table, policy: SplitPolicy | None = None) -> list[Problem]:
    """Find every problem of a table in one pass over its blocks and a few over single columns.

    Errors: no rows; a target without exactly two values (or without the positive one); a feature
    that is neither number, boolean nor text, has no value at all, is infinite, has integers that
    float64 cannot hold or numbers so large or small that their squares cannot be summed, or is text
    with more than 100 levels or one level a row; features that would be more than 3,000 columns of
    the design; names and texts of more than 1,000 characters; missing ids, groups, times or
    weights, repeated ids, times that have no order, weights that are not finite and ≥ 0. Warnings:
    a feature that has only one value, counts the rows, looks like an identifier, identifies the
    group or repeats another one; keys whose values repeat; values in several spellings; fewer rows
    than features. Notes: features that may be codes, repeated rows, several values that count as
    the target's other answer. Missing values of a feature are no problem: the preparation imputes
    them. A feature whose kind is declared is only checked against that kind. With a ``policy``,
    the errors that splitting by it, or preparing the training rows, would raise are problems too.
    Rows of weight 0 do not count, but row numbers in messages include them.
    """
    return _inspected(counted(table), policy)[0]


def _inspected(table: Table, policy: SplitPolicy | None) -> tuple[list[Problem], _Contents | None]:
    """The problems of a ``counted`` table, and its contents if it has rows."""
    if table.num_rows > 0:
        contents = _Contents(table)
        return in_stored_rows(table, _problems_of(contents, table, policy)), contents
    if table.choices and table.roles.weight is not None:
        return [no_row_counts(table.roles.weight)], None
    return [Problem("the table has no rows", "Add rows below the header")], None


def _problems_of(contents: _Contents, table: Table, policy: SplitPolicy | None) -> list[Problem]:
    """The problems; rows are numbered among those that count."""
    roles, summaries = table.roles, contents.summaries
    found = _target_problems(contents.target, roles.positive)
    found += column_problems(table, summaries)
    free_text = {one.column for one in found if one.useless and one.severity == "error"}
    found += contents.lengths.problems(roles.features, free_text)
    found += magnitude_problems(table, summaries)
    undeclared = [name for name in roles.features if name not in {*roles.category, *roles.number}]
    useless = {one.column for one in found if one.useless}
    keys = [name for name in undeclared if is_text(summaries[name].kind) and name in useless]
    found += identifier_problems(table, summaries, [*_sound(undeclared, found), *keys])
    if roles.group is not None and roles.group in _sound(summaries, found):
        found += group_aliases(table, roles.group, summaries, _sound(undeclared, found))
    found += spelling_problems(table, summaries)
    found += repeated_features(table, summaries)
    found += too_many_columns(table, summaries, _sound(roles.features, found))
    found += possible_codes(summaries, _sound(undeclared, found))
    found += contents.repeated.problems() if roles.weight is None else ()
    found += _too_few_rows(table, found)
    if policy is not None:
        found += split_problems(table, policy, contents.target, found, summaries)
    return found


def _sound(names: Iterable[str], found: Iterable[Problem]) -> list[str]:
    """The columns without a problem."""
    spoiled = {one.column for one in found}
    return [name for name in names if name not in spoiled]


def _too_few_rows(table: Table, found: Sequence[Problem]) -> list[Problem]:
    """Warn of fewer rows than useful features."""
    useful = len({*table.roles.features} - {one.column for one in found if one.useless})
    if table.num_rows >= useful:
        return []
    message = f"{table.num_rows:,} rows are too few for {useful:,} features"
    remedy = "Add rows, or name fewer features: the estimate is not unique"
    return [Problem(message, remedy, severity="warning")]


def _cases(block: pa.RecordBatch, weight: str | None) -> float:
    """Number of cases of a block: its rows, or Σ weight if the weights are numbers."""
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


def require_sound(table: Table, policy: SplitPolicy | None = None) -> None:
    """Raise one ``TableError`` with every problem that is an error."""
    problems = find_problems(table, policy)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise TableError(*errors)


def useful_features(
    table: Table, named: bool = False, policy: SplitPolicy | None = None
) -> tuple[Table, list[dict[str, str]]]:
    """Return the table without its useless features, and the column, type and reason of each.

    Features that were ``named`` one by one stay, and some of their problems are then errors. Rows
    of weight 0 are left out. The provenance gets the other warnings and notes as ``notices``,
    warnings first, since some are about columns that are left out; if there is nothing else to
    find in the rows that are kept, it gets their fingerprint as ``validated``. The table knows the
    target's positive value, and its fingerprint, without another pass. For ``policy`` see
    ``find_problems``.

    Raises
    ------
    TableError
        Other problems are errors (all are listed), or no feature would be left.
    """
    given, table = table, counted(table)
    problems, contents = _inspected(table, policy)
    spoiled = {one.column for one in problems if one.severity == "error" and not one.useless}
    useless = [one for one in problems if one.useless and not named and one.column not in spoiled]
    left = {one.column for one in useless}
    features = tuple(name for name in table.roles.features if name not in left)
    errors = [one for one in problems if one.severity == "error" and one.column not in left]
    if contents is None or errors or not features:
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
    positive = contents.target.positive_value(table.roles.positive)
    kept = replace(table, roles=replace(table.roles.of_features(features), positive=positive))
    kept = kept.identified(contents.hash.fingerprint(kept.schema.names, kept.roles))
    found: dict[str, Any] = {"notices": notices[:MOST_PROBLEMS]} if notices else {}
    all_told = len(notices) <= MOST_PROBLEMS and not any(one.useless for one in problems)
    if all_told and table is given:
        found["validated"] = kept.fingerprint
    return kept.with_provenance(kept.provenance | found), list(reasons.values())


def by_severity(table: Table) -> dict[str, list[str]]:
    """Severity → messages of a stored table's problems, and the notices of its source.

    A useless feature that the declaration names is only a note: its user wants it. Rows that were
    validated when their source was read, and in which nothing else can be found, are not read.
    """
    found: dict[str, list[str]] = {"error": [], "warning": [], "note": []}
    named = table.provenance.get("declaration", {}).get("features") is not None
    validated = table.provenance.get("validated")
    known = validated is not None and validated == table.fingerprint
    for one in [] if known else find_problems(table):
        meant = named and one.useless and one.severity == "warning"
        found["note" if meant else one.severity].append(str(one))
    for notice in table.provenance.get("notices", []):
        found[notice["severity"]].append(notice["text"])
    return {severity: list(dict.fromkeys(texts)) for severity, texts in found.items()}


def left_out_reasons(table: Table) -> list[str]:
    """The reasons why columns of the source are not features: the first twelve."""
    reasons = [one["reason"] for one in table.provenance.get("left_out", [])]
    rest = len(reasons) - NAMES_SHOWN
    return [*reasons[:NAMES_SHOWN], *([f"{rest} more columns"] if rest > 0 else [])]
