"""Divides training rows into folds that are held out in turn, as the table's split would.

Groups stay whole; a table that was split by time is held out forward, always later than the rows
that are trained on; any other split deals out the rows of each class evenly. Weights that are whole
numbers count cases, and cases are dealt out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from lr_pipeline.tables.case_counts import case_counts, in_few_bytes
from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.row_choice import MaskedRows, RowChoice, RowMask, times_of
from lr_pipeline.tables.split.case_choice import DividedRows
from lr_pipeline.tables.split.random_split import draw_cases
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.column_values import by_spelling, exact_values

SEED = 123

FoldNumbers = Int64[np.ndarray, " n"]


class Fold(NamedTuple):
    """The choices of the rows to train on, and of those held out."""

    training: RowChoice
    held_out: RowChoice


@dataclass(frozen=True)
class FoldPlan:
    """How a table's rows are divided: ``kind`` is cases, groups, rows or time; ``folds`` how many.

    ``key``: the column whose equal values stay together, or the time.
    """

    kind: str
    folds: int
    key: str | None
    seed: int

    @property
    def description(self) -> str:
        """The division in words."""
        if self.kind == "time":
            return f"{self.folds} folds, each later than the rows trained on"
        if self.kind == "groups":
            return f"{self.folds} folds that keep the groups of '{self.key}' whole"
        return f"{self.folds} folds, stratified by label"


def plan_folds(table: Table, folds: int) -> FoldPlan:
    """Return how the rows of ``table`` are divided, by the policy of the split it comes from.

    There are fewer folds where a class has fewer rows (or cases), or where there are fewer groups.

    Raises
    ------
    TableError
        There are not 2 rows of each class, or 2 groups, or 3 different times.
    """
    policy = table.provenance.get("split", {}).get("policy", {})
    roles, seed = table.roles, policy.get("seed", SEED)
    kind = policy.get("kind") or ("time" if roles.time and not roles.group else "random")
    if kind == "time" and roles.time is not None:
        return FoldPlan("time", _possible(folds, _times(table, roles.time) - 1), roles.time, seed)
    key = roles.group or (roles.id if kind == "sticky" else None)
    cases = None if key is not None else case_counts(table)
    y, weight = table.labels(), np.ones(table.num_rows) if cases is None else cases
    ones, total = float(y @ weight), float(weight.sum())
    rarer = int(min(ones, total - ones))
    if key is not None:
        return FoldPlan(
            "groups", _possible(folds, min(rarer, len(np.unique(_groups(table, key))))), key, seed
        )
    return FoldPlan("rows" if cases is None else "cases", _possible(folds, rarer), None, seed)


def _possible(folds: int, most: int) -> int:
    if most < 2:
        raise table_error(
            "cross-validation needs 2 rows of each class in the training set, and 2 groups or 3 "
            f"different times where there are such columns; found {most}",
            "Add rows, or give a threshold instead of a rule that chooses one",
        )
    return min(folds, most)


def divide(table: Table, plan: FoldPlan, repeat: int = 0) -> Iterator[Fold]:
    """Yield the folds of a plan; each ``repeat`` is another division (except by time)."""
    if plan.kind == "cases":
        yield from _folds_of_cases(table, plan, repeat)
        return
    if plan.kind == "time":
        number = _by_time(table, plan)
        for fold in range(plan.folds):
            yield Fold(MaskedRows(number <= fold), MaskedRows(number == fold + 1))
        return
    random = np.random.default_rng([plan.seed, repeat])
    if plan.kind == "groups":
        number = _by_group(table, plan, random)
    else:
        number = _dealt(table.labels() == 1.0, plan.folds, random)
    for fold in range(plan.folds):
        held_out = number == fold
        yield Fold(MaskedRows(~held_out), MaskedRows(held_out))


def _dealt(positive: RowMask, folds: int, random: np.random.Generator) -> FoldNumbers:
    """Deal out the shuffled rows of each class in turn, the second class where the first ended."""
    number = np.zeros(len(positive), np.int64)
    dealt = 0
    for of_class in (~positive, positive):
        rows = random.permutation(np.flatnonzero(of_class))
        number[rows] = (dealt + np.arange(len(rows))) % folds
        dealt += len(rows)
    return number


def _by_group(table: Table, plan: FoldPlan, random: np.random.Generator) -> FoldNumbers:
    """Deal out the groups, those with most positive rows first, to and fro."""
    groups = _groups(table, str(plan.key))
    weight = table.weights()
    positive = np.bincount(groups, table.labels() if weight is None else table.labels() * weight)
    size = np.bincount(groups, weight)
    order = np.lexsort((random.permutation(len(size)), -size, -positive))
    place = np.arange(len(size))
    to, fro = place % plan.folds, plan.folds - 1 - place % plan.folds
    fold_of_group = np.empty(len(size), np.int64)
    fold_of_group[order] = np.where(place // plan.folds % 2 == 0, to, fro)
    return np.asarray(fold_of_group[groups])


def _groups(table: Table, key: str) -> FoldNumbers:
    column = by_spelling(exact_values(table.column(key)).combine_chunks())
    coded = column.dictionary_encode()
    codes = coded.indices.fill_null(len(coded.dictionary)).to_numpy(zero_copy_only=False)
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _times(table: Table, name: str) -> int:
    return len(np.unique(times_of(table.column(name))))


def _by_time(table: Table, plan: FoldPlan) -> FoldNumbers:
    """Number the rows in parts of about equal weight, from the earliest; equal times together."""
    times, weight = times_of(table.column(str(plan.key))), table.weights()
    values, places = np.unique(times, return_inverse=True)
    counts = np.bincount(places, weight)
    middle, part = np.cumsum(counts) - counts / 2, np.arange(1, plan.folds + 1)
    first = np.searchsorted(middle, counts.sum() * part / (plan.folds + 1))
    first = np.maximum.accumulate(np.maximum(first - part, 0)) + part  # no part is empty
    first = np.minimum(first, len(values) - 1 - plan.folds + part)
    return np.searchsorted(first, places, side="right").astype(np.int64)


def _folds_of_cases(table: Table, plan: FoldPlan, repeat: int) -> Iterator[Fold]:
    """Deal out the cases of each class; a row may be in several folds, with a part of them."""
    cases = case_counts(table)
    assert cases is not None and table.roles.weight is not None
    random = np.random.RandomState([plan.seed % 2**32, repeat])
    left, positive = cases.astype(np.int64), table.labels() == 1.0
    for fold in range(plan.folds):
        held_out = np.zeros(len(left), np.int64)
        for of_class in (~positive, positive):
            remaining = left[of_class]
            number = -(-int(remaining.sum()) // (plan.folds - fold))
            held_out[of_class] = draw_cases(remaining, number, random)
        left -= held_out
        parts = (in_few_bytes(part) for part in (cases - held_out, held_out))
        training, tested = (DividedRows(table.roles.weight, part) for part in parts)
        yield Fold(training, tested)
