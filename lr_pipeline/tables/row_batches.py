"""Turns stored batches of rows into blocks of equal size that hold only the chosen rows."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import tee

import numpy as np
import pyarrow as pa
from jaxtyping import Integer

from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.row_choice import RowChoice, RowMask, picked
from lr_pipeline.tables.values.column_types import read_batch, read_schema
from lr_pipeline.tables.values.declared_kinds import as_declared

RowIndices = Integer[np.ndarray, " m"]


def as_read(
    batches: Iterable[pa.RecordBatch], roles: ColumnRoles, rows_before: int
) -> Iterator[pa.RecordBatch]:
    """Yield the batches in the types in which columns are read, or in the declared types.

    ``rows_before`` is the number of stored rows before the first batch.
    """
    stored = read = None
    for batch in batches:
        if stored is None or not batch.schema.equals(stored):
            stored, read = batch.schema, read_schema(batch.schema, roles.keys)
        same = read is None or read.equals(stored)
        found = batch if same else read_batch(batch, read, roles.keys)
        yield as_declared(found, roles, rows_before)
        rows_before += batch.num_rows


def chosen(
    batches: Iterable[pa.RecordBatch], choices: Sequence[RowChoice], first_row: int
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the batches that all choices choose, one choice after the other.

    ``first_row`` is the number, from 0, of the first row of all batches.
    """
    starts = [first_row] + [0] * len(choices)
    for stored in batches:
        batch = stored
        for place, choice in enumerate(choices):
            rows_before = batch.num_rows
            batch = picked(batch, choice, starts[place])
            starts[place] += rows_before
        yield batch


def chosen_masks(
    batches: Iterable[pa.RecordBatch], choices: Sequence[RowChoice]
) -> Iterator[RowMask]:
    """Yield for each batch which of its rows all choices choose, one choice after the other."""
    numbered = (
        batch.append_column("row number", pa.array(np.arange(batch.num_rows))) for batch in batches
    )
    read, kept = tee(numbered)
    for batch, left in zip(read, chosen(kept, choices, 0), strict=True):
        mask = np.zeros(batch.num_rows, bool)
        mask[left.columns[-1].to_numpy()] = True
        yield mask


def equal_blocks(
    batches: Iterable[pa.RecordBatch], rows: int, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Cut and join batches into blocks of ``rows`` rows; the last may be shorter."""
    if rows < 1:
        raise ValueError(f"a block needs at least 1 row, found rows={rows}")
    pending: list[pa.RecordBatch] = []
    held = 0
    for stored in batches:
        batch = stored
        while held + batch.num_rows >= rows:
            yield _joined([*pending, batch.slice(0, rows - held)], schema)
            batch = batch.slice(rows - held)
            pending, held = [], 0
        if batch.num_rows:
            pending.append(batch)
            held += batch.num_rows
    if held:
        yield _joined(pending, schema)


def _joined(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatch:
    """Join several batches into one; a single batch is not copied."""
    if len(batches) == 1:
        return pa.RecordBatch.from_arrays(batches[0].columns, schema=schema)
    columns = (
        pa.chunked_array(list(parts)) for parts in zip(*(b.columns for b in batches), strict=True)
    )
    joined = [column.combine_chunks() for column in columns]
    return pa.RecordBatch.from_arrays(joined, schema=schema)


def taken(blocks: Iterable[pa.RecordBatch], indices: RowIndices, schema: pa.Schema) -> pa.Table:
    """The rows numbered ``indices``, from 0, in that order; one pass over the blocks."""
    order = np.argsort(indices, kind="stable")
    wanted = np.asarray(indices, dtype=np.int64)[order]
    pieces, start = [], 0
    for block in blocks:
        first, last = np.searchsorted(wanted, [start, start + block.num_rows])
        pieces.append(block.take(pa.array(wanted[first:last] - start)))
        start += block.num_rows
    if len(wanted) and not 0 <= wanted[0] <= wanted[-1] < start:
        raise IndexError(f"rows {wanted[0]} to {wanted[-1]} asked for, the table has {start}")
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return pa.Table.from_batches(pieces, schema=schema).combine_chunks().take(pa.array(back))
