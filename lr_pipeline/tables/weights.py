"""Weights: how often a row counts. A row of weight 0 does not count at all."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.types as pt

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.errors import Problem, TableError, table_error
from lr_pipeline.tables.row_choice import RowMask
from lr_pipeline.tables.values.column_values import plain_values


def weights_of(block: pa.RecordBatch | pa.Table, name: str) -> RowVector:
    """(n,) float64 weights of some rows. Errors: ``TableError`` where they are no numbers."""
    column = plain_values(block.column(name))
    try:
        return np.asarray(column.cast(pa.float64()), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise table_error(
            f"weight {name!r} must be numbers that float64 holds, found {column.type}",
            "Convert it, or name another weight",
            name,
        ) from None


@dataclass(frozen=True)
class CountedRows:
    """Chooses rows whose weight in ``column`` is not 0, or is no number."""

    column: str

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """(n,) whether each row counts."""
        return counts_at_all(batch.column(self.column))


def counts_at_all(weight: pa.Array | pa.ChunkedArray) -> RowMask:
    """(n,) whether each weight is not 0, so that its row counts."""
    weight = plain_values(weight)
    if not (pt.is_integer(weight.type) or pt.is_floating(weight.type)):
        return np.ones(len(weight), bool)
    return np.asarray(weight.to_numpy(zero_copy_only=False) != 0)


def counted_rows(data: pa.Table, weight: str | None) -> RowMask | None:
    """(n,) which rows have a weight other than 0; None if all have, or there are no weights."""
    if weight is None:
        return None
    counted = counts_at_all(data.column(weight))
    if len(counted) and not counted.any():
        raise TableError(no_row_counts(weight))
    return None if counted.all() else counted


def no_row_counts(weight: str) -> Problem:
    """The problem of a table whose weights are all 0."""
    message = f"weight {weight!r} is 0 in every row, so that none counts"
    return Problem(message, "Correct it, or name no weight", weight)
