"""Some rows of a table, chosen while it is read: by a mask, or by the hash of a key."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from jaxtyping import Bool

from lr_pipeline.tables.row_hash import keyed_hashes

RowMask = Bool[np.ndarray, " n"]


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


@dataclass(frozen=True, eq=False)
class MaskedRows:
    """The rows marked True in ``chosen`` (rows of the table,), one byte each."""

    chosen: RowMask
    column: None = None

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """Slice of the mask."""
        return self.chosen[start : start + batch.num_rows]


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
