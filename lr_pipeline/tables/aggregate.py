"""Aggregates of a table: the sum of a function's values over all record batches.

The contract is that of ``core.rows``: the function maps some rows to a value that can be added. A
tuple or a dictionary gives several results of the same rows in one pass. The rows are read in this
process or by an engine, in one place or in several at once.
"""

from collections.abc import Callable, Iterable, Sequence
from operator import iadd
from typing import Protocol, TypeVar, runtime_checkable

import pyarrow as pa

from lr_pipeline.core.rows import add
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.table import Table

Value = TypeVar("Value")
BatchFunction = Callable[[pa.RecordBatch], Value]


@runtime_checkable
class Aggregate(Protocol):
    """How the values of a table's batches are computed and added."""

    def __call__(
        self, table: Table, columns: Sequence[str], function: BatchFunction[Value]
    ) -> Value:
        """Add ``function(batch)`` over the batches of these columns, in the order of the rows.

        For a table without rows the result is the value of a batch without rows.
        """


def aggregate_here(table: Table, columns: Sequence[str], function: BatchFunction[Value]) -> Value:
    """Add the values in this process, one batch after the other: an ``Aggregate``."""
    batches = prefetched(table.blocks(columns=columns))
    return added_batches(batches, function, no_rows(table, columns), rows_before_part(table))


def added_batches(
    batches: Iterable[pa.RecordBatch],
    function: BatchFunction[Value],
    empty: pa.RecordBatch,
    rows_before: int = 0,
) -> Value:
    """Add the values of the batches of one place in order, starting from that of an empty batch.

    The sum is updated by ``+=``, so that it need not be copied for each batch; no other code holds
    the value that it starts from. The sums of several places are added with ``+``. If a batch is
    refused, the error counts its rows from the first batch on, after ``rows_before`` others.
    """
    total, rows = function(empty), rows_before
    for batch in batches:
        try:
            value = function(batch)
        except TableError as error:
            raise error.after(rows) from None
        total = add(total, value, iadd)
        rows += batch.num_rows
    return total


def rows_before_part(table: Table) -> int:
    """Number of rows before those of a part; 0 where rows are chosen, which nobody has counted."""
    return 0 if table.choices else table.first_row


def no_rows(table: Table, columns: Sequence[str]) -> pa.RecordBatch:
    """Return a batch of these columns without rows."""
    fields = [table.schema.field(name) for name in columns]
    return pa.record_batch([pa.nulls(0, field.type) for field in fields], schema=pa.schema(fields))
