"""Choices that divide a row's cases between the parts of a split.

A row of weight 3 is three cases. One may be a test case and two training cases; then the row is in
both parts, with the weights 1 and 2.
"""

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from jaxtyping import Int64

from lr_pipeline.tables.case_counts import CaseCounts
from lr_pipeline.tables.row_choice import RowMask, hash_limit
from lr_pipeline.tables.values.row_hash import RowHashes, keyed_hashes
from lr_pipeline.tables.weights import weights_of

HASHED_CASES = 32  # of a row, hashed one by one; of its other cases only the number is drawn
CASE_STEP = np.uint64(0x9E3779B97F4A7C15)  # odd: no two cases of a row have the same key

Cases = Int64[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class DividedRows:
    """Chooses a number of ``cases`` (rows of the table,) of each row, which becomes its ``weight``.

    ``first`` is the number of the row to which the first count belongs.
    """

    weight: str
    cases: CaseCounts
    column: None = None
    first: int = 0

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """(n,) whether a case of the row is chosen."""
        return self._of(batch, start) > 0

    def divided(self, batch: pa.RecordBatch, start: int) -> pa.RecordBatch:
        """Return the rows with a chosen case; their weight is the number of chosen cases."""
        return with_cases(batch, self.weight, self._of(batch, start))

    def part(self, start: int, rows: int) -> "DividedRows":
        """Return the choice with only the counts of some neighbouring rows."""
        place = start - self.first
        return replace(self, cases=self.cases[place : place + rows], first=start)

    def _of(self, batch: pa.RecordBatch, start: int) -> CaseCounts:
        return self.cases[start - self.first : start - self.first + batch.num_rows]


@dataclass(frozen=True)
class HashedCases:
    """Chooses cases that hash below ``share`` of all hashes, or (``below=False``) the others.

    Whether the k-th case is chosen depends only on its row's number, k and ``seed``: rows added
    later, and cases added to a row, do not change it. A row of one case is placed as ``HashedRows``
    places it. For the cases of a row beyond 32, the number below the share is the binomial quantile
    at the row's hash.
    """

    seed: int
    share: float
    below: bool
    column: str

    def mask(self, batch: pa.RecordBatch, start: int) -> RowMask:
        """(n,) whether a case of the row is chosen."""
        return self._of(batch, start) > 0

    def divided(self, batch: pa.RecordBatch, start: int) -> pa.RecordBatch:
        """Return the rows with a chosen case; their weight is the number of chosen cases."""
        return with_cases(batch, self.column, self._of(batch, start))

    def _of(self, batch: pa.RecordBatch, start: int) -> Cases:
        """(n,) number of chosen cases of each row."""
        all_cases = weights_of(batch, self.column).astype(np.int64)
        numbers = np.arange(start, start + batch.num_rows, dtype=np.int64)
        hashes = keyed_hashes(pa.array(numbers), self.seed)
        found = self._first_cases(hashes, np.minimum(all_cases, HASHED_CASES))
        found += self._further_cases(hashes, np.maximum(all_cases - HASHED_CASES, 0))
        return found if self.below else all_cases - found

    def _first_cases(self, hashes: RowHashes, cases: Cases) -> Cases:
        """(n,) how many of each row's first cases hash below the share, one hash for each case."""
        row = np.repeat(np.arange(len(cases)), cases)
        k = np.arange(len(row)) - np.repeat(np.cumsum(cases) - cases, cases)
        others = keyed_hashes(pa.array(hashes[row] + k.astype(np.uint64) * CASE_STEP), self.seed)
        below = np.where(k == 0, hashes[row], others) < hash_limit(self.share)
        return np.bincount(row[below], minlength=len(cases))

    def _further_cases(self, hashes: RowHashes, cases: Cases) -> Cases:
        """(n,) how many further cases are below the share: binomial quantile at the row's hash."""
        many = np.flatnonzero(cases)
        found = np.zeros(len(cases), np.int64)
        if len(many):
            from scipy.special import bdtrik

            u = keyed_hashes(pa.array(~hashes[many]), self.seed) / 2.0**64
            quantiles = np.ceil(bdtrik(u, cases[many], self.share))
            found[many] = np.clip(np.nan_to_num(quantiles), 0, cases[many])
        return found


def with_cases(batch: pa.RecordBatch, weight: str, cases: np.ndarray) -> pa.RecordBatch:
    """Return the rows with any case; the column ``weight``, if read, holds the number of cases."""
    chosen = cases > 0
    batch = batch.filter(pa.array(chosen))
    place = batch.schema.get_field_index(weight)
    if place < 0:
        return batch
    field = batch.schema.field(place)
    return batch.set_column(place, field, _as_stored(cases[chosen], field.type))


def _as_stored(cases: np.ndarray, kind: pa.DataType) -> pa.Array:
    """Return whole numbers in the type of the weights."""
    if pt.is_dictionary(kind):
        return _as_stored(cases, kind.value_type).dictionary_encode().cast(kind)
    if pt.is_decimal(kind):
        return pa.array(cases.astype(str)).cast(kind)
    return pa.array(cases).cast(kind)
