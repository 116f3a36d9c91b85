"""Choices of rows, applied while a table is read: by a mask, a hash, or the time."""

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
    """Tells for each row of a batch whether it is chosen.

    ``column`` is the column of the batch that the choice reads, if it reads one.
    """

    @property
    def column(self) -> str | None:
        """The column that the choice depends on, or None."""

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """(n,) whether each row is chosen; ``start`` is the number of the first, from 0."""


@runtime_checkable
class PartedChoice(RowChoice, Protocol):
    """A choice that stores a value for each row, and can be cut into parts."""

    def part(self, start: int, rows: int) -> RowChoice:
        """Return the choice for some neighbouring rows, which keep their numbers in the table."""


@runtime_checkable
class DividingChoice(RowChoice, Protocol):
    """A choice that may take only a part of a row's weight."""

    def divided(self, batch: pa.RecordBatch, start: int) -> pa.RecordBatch:
        """Return the rows that have a chosen part, with that part as their weight."""


@dataclass(frozen=True, eq=False)
class MaskedRows:
    """Chooses the rows that are True in ``chosen`` (rows of the table,), one byte each.

    ``first`` is the number of the row to which the first value belongs.
    """

    chosen: RowMask
    column: None = None
    first: int = 0

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """Return the values for the batch."""
        return self.chosen[start - self.first : start - self.first + batch.num_rows]

    def part(self, start: int, rows: int) -> "MaskedRows":
        """Return the choice with only the values of some neighbouring rows."""
        place = start - self.first
        return MaskedRows(self.chosen[place : place + rows], first=start)


def choice_within(choice: RowChoice, start: int, rows: int) -> RowChoice:
    """Return the choice for some neighbouring rows; one that stores a value for each row is cut."""
    return choice.part(start, rows) if isinstance(choice, PartedChoice) else choice


def picked(batch: pa.RecordBatch, choice: RowChoice, start: int) -> pa.RecordBatch:
    """Return the chosen rows, each with the chosen part of its weight."""
    if isinstance(choice, DividingChoice):
        return choice.divided(batch, start)
    return batch.filter(pa.array(choice.mask(batch, start)))


@dataclass(frozen=True)
class OtherRows:
    """Chooses the rows that another choice does not choose."""

    choice: RowChoice

    @property
    def column(self) -> str | None:
        """The column that the other choice depends on."""
        return self.choice.column

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """(n,) whether the other choice does not choose the row."""
        return ~self.choice.mask(batch, start)

    def part(self, start: int, rows: int) -> "OtherRows":
        """Return the choice for some neighbouring rows."""
        return OtherRows(choice_within(self.choice, start, rows))


@dataclass(frozen=True)
class EveryRow:
    """Chooses the first row and every ``step``-th row after it."""

    step: int
    column: None = None

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """(n,) whether the row's number is a multiple of ``step``."""
        return np.asarray(np.arange(start, start + batch.num_rows) % self.step == 0)


def hash_limit(share: float) -> np.uint64:
    """Return the number below which a share of all 64-bit hashes lie."""
    return np.uint64(min(int(share * 2.0**64), 2**64 - 1))


@dataclass(frozen=True)
class HashedRows:
    """Chooses rows whose key hashes below ``share`` of all hashes, or (``below=False``) the others.

    The key is the value of ``column``, or the row's number where ``column`` is None. Whether a row
    is chosen depends only on its key and ``seed``: rows added later do not change it. With n rows
    the share's standard deviation is √(share (1 − share) / n).
    """

    seed: int
    share: float
    below: bool
    column: str | None = None

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """(n,) whether the row's hash is below ``share`` · 2⁶⁴ (``below=False``: is not below)."""
        if self.column is None:
            keys = pa.array(np.arange(start, start + batch.num_rows, dtype=np.int64))
        else:
            keys = batch.column(self.column)
        below = keyed_hashes(keys, self.seed) < hash_limit(self.share)
        return np.asarray(below == self.below)


@dataclass(frozen=True)
class TimedRows:
    """Chooses rows whose time in ``column`` is ``cut`` or later, or (``later=False``) earlier."""

    column: str
    cut: int | float
    later: bool

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """(n,) whether the row's time is on the chosen side of the cut."""
        later = np.asarray(times_of(batch.column(self.column)) >= self.cut, dtype=bool)
        return np.asarray(later == self.later)


def times_of(column: pa.Array | pa.ChunkedArray) -> Times:
    """(n,) numbers that sort by time: int64 ticks of dates and timestamps, numbers as stored.

    Decimals become the integer of all their digits, since all have the point at the same place.
    """
    if pt.is_decimal(column.type):
        return unscaled(one_array(column))
    if pt.is_temporal(column.type):
        column = column.cast(pa.int32() if column.type.bit_width == 32 else pa.int64())
    return np.asarray(column)
