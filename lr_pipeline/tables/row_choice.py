"""Some rows of a table, chosen while it is read: by a mask, the hash of a key, or the time."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from jaxtyping import Bool, Shaped

from lr_pipeline.tables.values.column_values import one_array
from lr_pipeline.tables.values.decimals import unscaled
from lr_pipeline.tables.values.row_hash import keyed_hashes

RowMask = Bool[np.ndarray, " n"]
Times = Shaped[np.ndarray, " n"]


@runtime_checkable
class RowChoice(Protocol):
    """Says of each row of a batch whether it is chosen.

    ``column`` is what the choice reads of the batch, if anything.
    """

    @property
    def column(self) -> str | None:
        """Column that the choice depends on."""

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """(n,) whether each row is chosen; ``start`` is the number of the first, from 0."""


@runtime_checkable
class PartedChoice(RowChoice, Protocol):
    """A choice that knows something of each row, and so can be cut."""

    def part(self, start: int, rows: int) -> RowChoice:
        """The choice for some neighbouring rows alone; numbers stay those of the table."""


@runtime_checkable
class DividingChoice(RowChoice, Protocol):
    """A choice that may take a part of a row's weight."""

    def divided(self, batch: pa.RecordBatch, start: int) -> pa.RecordBatch:
        """The rows of which something is chosen, each with that as its weight."""


@dataclass(frozen=True, eq=False)
class MaskedRows:
    """The rows marked True in ``chosen`` (rows of the table,), one byte each.

    ``first``: number of the row that the first mark is for.
    """

    chosen: RowMask
    column: None = None
    first: int = 0

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """Slice of the mask."""
        return self.chosen[start - self.first : start - self.first + batch.num_rows]

    def part(self, start: int, rows: int) -> "MaskedRows":
        """The marks of some neighbouring rows alone."""
        place = start - self.first
        return MaskedRows(self.chosen[place : place + rows], first=start)


def choice_within(choice: RowChoice, start: int, rows: int) -> RowChoice:
    """The same choice for some neighbouring rows: what has a value a row is cut."""
    return choice.part(start, rows) if isinstance(choice, PartedChoice) else choice


def picked(batch: pa.RecordBatch, choice: RowChoice, start: int) -> pa.RecordBatch:
    """The rows that are chosen, each with as much of its weight as is."""
    if isinstance(choice, DividingChoice):
        return choice.divided(batch, start)
    return batch.filter(pa.array(choice.mask(batch, start)))


@dataclass(frozen=True)
class OtherRows:
    """The rows that another choice leaves."""

    choice: RowChoice

    @property
    def column(self) -> str | None:
        """Column that the other choice depends on."""
        return self.choice.column

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """Whether each row is left."""
        return ~self.choice.mask(batch, start)

    def part(self, start: int, rows: int) -> "OtherRows":
        """The same for some neighbouring rows."""
        return OtherRows(choice_within(self.choice, start, rows))


@dataclass(frozen=True)
class EveryRow:
    """The first row and every ``step``-th after it."""

    step: int
    column: None = None

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """Whether the row's number is a multiple of ``step``."""
        return np.asarray(np.arange(start, start + batch.num_rows) % self.step == 0)


@dataclass(frozen=True)
class HashedRows:
    """Rows whose key hashes below ``share`` of all hashes, or (``below=False``) the others.

    The key is the value of ``column``, or the row's number where there is none. A row's place
    depends on its key and ``seed`` alone: rows added later move none. With n rows the share's
    standard deviation is √(share (1 − share) / n).
    """

    seed: int
    share: float
    below: bool
    column: str | None = None

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """Compare each row's hash with ``share`` · 2⁶⁴."""
        if self.column is None:
            keys = pa.array(np.arange(start, start + batch.num_rows, dtype=np.int64))
        else:
            keys = batch.column(self.column)
        limit = np.uint64(min(int(self.share * 2.0**64), 2**64 - 1))
        return np.asarray((keyed_hashes(keys, self.seed) < limit) == self.below)


@dataclass(frozen=True)
class TimedRows:
    """Rows whose time in ``column`` is ``cut`` or later, or (``later=False``) before it."""

    column: str
    cut: int | float
    later: bool

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """Compare each row's time with the cut."""
        later = np.asarray(times_of(batch.column(self.column)) >= self.cut, dtype=bool)
        return np.asarray(later == self.later)


def times_of(column: pa.Array | pa.ChunkedArray) -> Times:
    """(n,) numbers in the order of time: int64 ticks of dates and timestamps, numbers as stored.

    Of decimals all digits without the point, which is at the same place in all of them.
    """
    if pt.is_decimal(column.type):
        return unscaled(one_array(column))
    if pt.is_temporal(column.type):
        column = column.cast(pa.int32() if column.type.bit_width == 32 else pa.int64())
    return np.asarray(column)
