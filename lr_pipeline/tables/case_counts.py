"""Cases: a row of weight 3 is three cases, and a row of weight 0 is none."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from jaxtyping import UInt

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.errors import Problem, renumbered
from lr_pipeline.tables.level_counts import plain_count
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.row_batches import chosen_masks
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.values.column_values import plain_values
from lr_pipeline.tables.values.decimals import LARGEST_EXACT_INTEGER
from lr_pipeline.tables.weights import CountedRows, weights_of

CaseCounts = UInt[np.ndarray, " n"]


def counted(table: Table) -> Table:
    """Return the table without its rows of weight 0; this reads the weights up to the first 0."""
    name = table.roles.weight
    if name is None or _skipping(table) is not None:
        return table
    skipping = CountedRows(name)
    blocks = table.blocks(columns=[name])
    return table if all(skipping.mask(b, 0).all() for b in blocks) else table.where(skipping)


def in_stored_rows(table: Table, problems: Sequence[Problem]) -> list[Problem]:
    """Number the rows in problems as they are stored, before some of them were chosen."""
    if not table.choices:
        return list(problems)
    columns = {table.roles.target, *(one.column for one in table.choices if one.column is not None)}
    stored = replace(table, choices=()).blocks(columns=sorted(columns))
    return renumbered(problems, chosen_masks(stored, table.choices))


def case_counts(table: Table) -> CaseCounts | None:
    """(n,) cases of each row; None where the table does not have cases (``has_cases``)."""
    if not has_cases(table):
        return None
    counts = [in_few_bytes(weight) for weight in _weight_blocks(table)]
    return np.concatenate([np.zeros(0, np.uint8), *counts])


def has_cases(table: Table) -> bool:
    """Whether there are weights that are all whole numbers, with a sum of at most 2⁵³."""
    total = 0.0
    for weight in _weight_blocks(table):
        total += float(weight.sum())
        if not (are_whole(weight) and total <= LARGEST_EXACT_INTEGER):  # so the sum is exact
            return False
    return table.roles.weight is not None


def number_of_cases(table: Table) -> int | float | None:
    """Σ weight, as an integer where it is one; None for a table without weights."""
    if table.roles.weight is None:
        return None
    return plain_count(sum(float(weight.sum()) for weight in _weight_blocks(table)))


def are_whole(weight: RowVector) -> bool:
    """Whether weights are whole numbers, from 0."""
    return bool(((weight >= 0.0) & (weight == np.floor(weight))).all())


def in_few_bytes(counts: np.ndarray) -> CaseCounts:
    """Return whole numbers in the smallest unsigned integer type that holds them."""
    most = int(counts.max(initial=0))
    kinds = (np.uint8, np.uint16, np.uint32, np.uint64)
    return counts.astype(next(kind for kind in kinds if most <= np.iinfo(kind).max))


def _weight_blocks(table: Table) -> Iterator[RowVector]:
    """Yield the weights block by block; nothing for a table without weights."""
    name = table.roles.weight
    if name is not None:
        for block in table.blocks(columns=[name]):
            yield weights_of(block, name)


def _skipping(table: Table) -> CountedRows | None:
    """The choice that leaves out the rows of weight 0; None if the table has none."""
    return next((one for one in table.choices if isinstance(one, CountedRows)), None)


class Answers(NamedTuple):
    """Σ weight y and Σ weight over some rows, and the target's values that are not positive."""

    positive: float
    total: float
    others: list[Any]

    @property
    def prevalence(self) -> float:
        """Σ weight y / Σ weight."""
        return self.positive / self.total


def count_answers(table: Table, aggregate: Aggregate = aggregate_here) -> Answers:
    """Count the answers of a table in one pass; the other values are in the order of the rows."""
    roles = table.roles
    columns = [roles.target] if roles.weight is None else [roles.target, roles.weight]
    found = aggregate(table, columns, partial(_answers, roles))
    return found._replace(others=list(dict.fromkeys(found.others)))


def prevalence(table: Table, aggregate: Aggregate = aggregate_here) -> float:
    """Σ weight y / Σ weight over the rows of a table."""
    return count_answers(table, aggregate).prevalence


def _answers(roles: ColumnRoles, batch: pa.RecordBatch) -> Answers:
    column = batch.column(roles.target)
    y = labels(roles.target, column, roles.positive)
    weight = np.ones(len(y)) if roles.weight is None else weights_of(batch, roles.weight)
    values = plain_values(column).unique().to_pylist()
    others = [value for value in values if value != roles.positive]
    return Answers(float(weight @ y), float(weight.sum()), others)
