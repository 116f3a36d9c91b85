"""Finds features that alone predict the target almost perfectly: most often leaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa

from lr_pipeline.core.ranking import roc_auc
from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.preparation.encoding import numbers_of
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.row_choice import RowMask
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.values.column_values import is_text, plain_values
from lr_pipeline.tables.values.row_hash import keyed_hashes
from lr_pipeline.tables.weights import weights_of

LEAKS = "likely_leaks"  # key in a table's provenance
ALMOST_PERFECT = 0.995  # area under the ROC curve
FEWEST_OF_A_CLASS = 20  # rows; fewer may be in such an order by chance
CLASS_ROWS = 50_000  # drawn of each class, or fewer where there are many columns
HELD_VALUES = 20_000_000  # of all columns


def likely_leaks(
    table: Table,
    aggregate: Aggregate = aggregate_here,
    class_rows: int = CLASS_ROWS,
    held_values: int = HELD_VALUES,
) -> list[Problem]:
    """Warn of each feature that alone orders the classes almost perfectly.

    The measure is the area under the ROC curve, 0.995 or more in either direction, of a number's
    values, of a text's levels (ordered by their share of positive rows), or of whether the value is
    missing. It is computed if both classes have 20 cases, over about 50,000 rows of each class,
    drawn from the whole table by the hash of the row number. (The area does not depend on the sizes
    of the classes.)
    """
    roles = table.roles
    weighted = [] if roles.weight is None else [roles.weight]
    columns = [*roles.features, roles.target, *weighted]
    schema = pa.schema([table.schema.field(name) for name in columns])
    rows = pa.Table.from_batches(
        drawn_rows(table, columns, aggregate, class_rows, held_values), schema=schema
    )
    y = labels(roles.target, rows.column(roles.target), roles.positive)
    weight = np.ones(len(y)) if roles.weight is None else weights_of(rows, roles.weight)
    if min(weight @ y, weight @ (1.0 - y)) < FEWEST_OF_A_CLASS:
        return []
    return [
        Problem(
            f"feature {name!r} alone tells the classes apart (area under the ROC curve {area:.4f})",
            f"If it is known only after the answer, set exclude=[{name!r}]",
            name,
            severity="warning",
        )
        for name in roles.features
        if (area := _best_area(name, rows.column(name).combine_chunks(), y, weight))
        >= ALMOST_PERFECT
    ]


def known_leaks(table: Table, aggregate: Aggregate = aggregate_here) -> list[str]:
    """Return the warnings recorded when the source of the rows was read, or else find them."""
    recorded: list[str] | None = table.provenance.get(LEAKS)
    return list(map(str, likely_leaks(table, aggregate))) if recorded is None else recorded


def drawn_rows(
    table: Table, columns: list[str], aggregate: Aggregate, class_rows: int, held_values: int
) -> list[pa.RecordBatch]:
    """Draw rows of each class; every call draws the same rows."""
    positive = aggregate(table, [table.roles.target], partial(_positive_rows, table.roles))
    wanted = min(class_rows, held_values // (2 * len(columns)))
    shares = wanted / max(table.num_rows - positive, 1), wanted / max(positive, 1)
    drawn = table.where(_DrawnByClass(table.roles.target, table.roles, shares))
    return aggregate(drawn, columns, _rows)


@dataclass(frozen=True)
class _DrawnByClass:
    """Chooses rows whose number hashes below the share of their class (of label 0, of label 1)."""

    column: str
    roles: ColumnRoles
    shares: tuple[float, float]

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """(n,) whether the row's hash, over 2⁶⁴, is below the share."""
        y = labels(self.column, batch.column(self.column), self.roles.positive)
        numbers = pa.array(np.arange(start, start + batch.num_rows))
        share = np.asarray(self.shares)[y.astype(int)]
        return np.asarray(keyed_hashes(numbers, seed=0) / 2.0**64 < share)


def _positive_rows(roles: ColumnRoles, batch: pa.RecordBatch) -> int:
    return int(labels(roles.target, batch.column(roles.target), roles.positive).sum())


def _rows(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    return [batch]


def _best_area(name: str, column: pa.Array, y: RowVector, weight: RowVector) -> float:
    return max(max(area, 1.0 - area) for area in _areas(name, plain_values(column), y, weight))


def _areas(name: str, column: pa.Array, y: RowVector, weight: RowVector) -> Iterator[float]:
    """The areas of the values, and of whether they are missing."""
    missing = np.asarray(column.is_null().to_numpy(zero_copy_only=False))
    if missing.any():
        yield roc_auc(y, missing.astype(np.float64), weight)
    if is_text(column.type):
        codes = column.dictionary_encode().indices.fill_null(-1).to_numpy() + 1
        sums = np.bincount(codes, weight)
        shares = np.bincount(codes, weight * y) / np.where(sums > 0.0, sums, 1.0)
        yield roc_auc(y, shares[codes], weight)
    else:
        known = ~missing
        known_y, known_weight = y[known], weight[known]
        both_classes = min(known_weight @ known_y, known_weight @ (1.0 - known_y)) > 0.0
        if both_classes and known_weight.sum() >= 0.5 * weight.sum():
            yield roc_auc(known_y, numbers_of(name, column)[known], known_weight)
