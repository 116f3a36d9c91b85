"""Compares the parts of a split with the rows chosen for them, block by block, in their order."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from jaxtyping import UInt64

from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.row_choice import DividingChoice, RowChoice, RowMask
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.row_hash import RowHashes, row_hashes

HASHES_HELD = 5_000_000  # 40 MB; sorting them takes as much again


def twins_of_parts_in_order(
    dataset: Table,
    parts: Sequence[Table],
    choices: Sequence[RowChoice],
    hashes_held: int = HASHES_HELD,
) -> int | None:
    """Return how many test rows equal a training row, if the parts are those of ``choices``.

    ``parts`` and ``choices`` are those of the training rows and of the test rows. They are read in
    one pass, each by its own thread. The result is None unless the choices place each row of
    ``dataset`` in one part, and each part has exactly its rows, in their order and bit for bit: in
    a clean split it then has every row that it should have, and no other. Cases of divided rows
    are not compared.

    Rows are equal if they differ in the id and the weight only. Beyond ``hashes_held`` rows those
    with one remainder of their hash are compared, and the number is an estimate.
    """
    if any(isinstance(choice, DividingChoice) for choice in choices):
        return None
    roles, shares = dataset.roles, -(-dataset.num_rows // hashes_held)
    content = [name for name in dataset.schema.names if name not in (roles.id, roles.weight)]
    hashes: list[list[RowHashes]] = [[np.zeros(0, np.uint64)] for _ in parts]
    with ExitStack() as stack:
        blocks, *batches = (
            stack.enter_context(closing(prefetched(table.blocks()))) for table in (dataset, *parts)
        )
        rows = [_Rows(of_part) for of_part in batches]
        start = 0
        for block in blocks:
            masks = [choice.mask(block, start) for choice in choices]
            if not _are_parts_of(block, masks, rows):
                return None
            of_block = row_hashes(block, content)
            held = of_block % np.uint64(shares) == 0
            for of_part, mask in zip(hashes, masks, strict=True):
                of_part.append(of_block[mask & held])
            start += block.num_rows
        if not all(of_part.are_read() for of_part in rows):
            return None
    return shares * _number_found(*(np.concatenate(of_part) for of_part in reversed(hashes)))


def _are_parts_of(block: pa.RecordBatch, masks: Sequence[RowMask], rows: "list[_Rows]") -> bool:
    """Whether each row of the block is chosen once, and the chosen rows are the parts' next."""
    chosen_once = masks[0] != masks[1]
    return bool(chosen_once.all()) and all(
        of_part.continue_with(block.filter(pa.array(mask)))
        for of_part, mask in zip(rows, masks, strict=True)
    )


class _Rows:
    """The rows of a part, read as far as they have been compared."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self.batches = batches
        self.next: pa.RecordBatch | None = next(batches, None)

    def continue_with(self, rows: pa.RecordBatch) -> bool:
        """Whether the next rows are these; then they have been read."""
        while rows.num_rows:
            if self.next is None:
                return False
            number = min(rows.num_rows, self.next.num_rows)
            if not _equal(rows.slice(0, number), self.next.slice(0, number)):
                return False
            rows, self.next = rows.slice(number), self.next.slice(number)
            if not self.next.num_rows:
                self.next = next(self.batches, None)
        return True

    def are_read(self) -> bool:
        """Whether there are no further rows."""
        return self.next is None


def _equal(one: pa.RecordBatch, other: pa.RecordBatch) -> bool:
    """Whether two batches have the same columns, bit for bit."""
    return one.schema.names == other.schema.names and all(
        _bits(a).equals(_bits(b)) for a, b in zip(one.columns, other.columns, strict=True)
    )


def _bits(column: pa.Array) -> pa.Array:
    """Return a column whose equal values are of equal bits: floats as integers."""
    if pt.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pt.is_float64(column.type):
        return column.view(pa.int64())
    return column.view(pa.int32()) if pt.is_float32(column.type) else column


def _number_found(values: RowHashes, among: UInt64[np.ndarray, " m"]) -> int:
    """Return how many of the values are among others; both are sorted in place."""
    if not len(among):
        return 0
    values.sort()
    among.sort()
    places = np.searchsorted(among, values)
    return int((among[np.minimum(places, len(among) - 1)] == values).sum())
