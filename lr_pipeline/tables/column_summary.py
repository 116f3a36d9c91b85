"""What a check needs to know of a column, gathered block by block."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.tables.row_hash import RowHashes, row_hashes
from lr_pipeline.tables.spelling import spelled_by_key
from lr_pipeline.tables.target import by_spelling, first_row, is_text
from lr_pipeline.tables.text_forms import TextForms

LARGEST_EXACT_INTEGER = 2**53  # in float64
LEVELS_COUNTED = 100_000


class ColumnSummary:
    """Rows, missing values, range, levels and the first row of each kind of trouble, from 1.

    ``counts_rows``: integers, each the one before plus 1. ``repeats``: no integers, or some are
    missing or equal within a block: surely no identifier. ``forms``: what texts look like.
    ``holds_ids``: keep a hash of each value, to find repetitions (two different texts of n have
    the same with probability n²/2⁶⁵; different numbers never).
    """

    def __init__(self, holds_ids: bool = False) -> None:
        self.kind: pa.DataType = pa.null()
        self.rows = self.missing = self.infinite = 0
        self.first_missing = self.first_infinite = self.first_inexact = 0
        self.forms = TextForms()
        self.least: Any = None
        self.greatest: Any = None
        self.counts_rows = True
        self.repeats = False
        self.levels: set[str] = set()
        self.ids: list[RowHashes] | None = [] if holds_ids else None

    @property
    def usable(self) -> bool:
        """Whether a feature can be of this type."""
        kind = self.kind
        numbers = pt.is_integer(kind) or pt.is_floating(kind) or pt.is_boolean(kind)
        return bool(numbers or pt.is_null(kind) or is_text(kind))

    @property
    def num_levels(self) -> int:
        """Different texts, of which at most 100,000 are counted; spellings of one are one."""
        return len(spelled_by_key(pa.array(self.levels, pa.large_string())).unique())

    @property
    def all_levels(self) -> bool:
        """Whether all levels were counted."""
        return len(self.levels) < LEVELS_COUNTED

    def add(self, column: pa.Array) -> None:
        """Take in the next rows, as ``plain_values`` gives them."""
        self.kind = column.type
        if column.null_count and not self.missing:
            self.first_missing = self.rows + first_row(column.is_null())
        self.missing += column.null_count
        if self.ids is not None:
            known = pa.record_batch([by_spelling(column.drop_null())], names=["id"])
            self.ids.append(row_hashes(known, ["id"]))
        elif self.usable:
            self._add_values(column)
        self.rows += len(column)

    def repetitions(self) -> int:
        """Ids that an earlier row has."""
        if self.ids is None:
            return 0
        hashes = np.sort(np.concatenate([np.zeros(0, np.uint64), *self.ids]))
        return int(np.count_nonzero(hashes[1:] == hashes[:-1]))

    def _add_values(self, column: pa.Array) -> None:
        if pt.is_floating(column.type):
            self._count_infinite(column)
        if pt.is_integer(column.type) and column.type.bit_width == 64:
            self._find_inexact(column)
        bounds = pc.min_max(column).as_py()
        if bounds["min"] is not None:
            held = [] if self.least is None else [self.least, self.greatest]
            self.least = min([bounds["min"], *held])
            self.greatest = max([bounds["max"], *held])
        if self.counts_rows:
            self.counts_rows = self._continues_counting(column)
        if not self.repeats:
            self.repeats = not _all_different_integers(column)
        if is_text(column.type):
            self._count_levels(column)

    def _continues_counting(self, column: pa.Array) -> bool:
        """Whether the values are integers, each the one before plus 1."""
        if not pt.is_integer(column.type) or column.null_count or len(column) == 0:
            return False
        numbers = column.to_numpy()
        expected = int(self.least) + self.rows
        return bool(numbers[0] == expected and (np.diff(numbers) == 1).all())

    def _count_infinite(self, column: pa.Array) -> None:
        infinite = pc.is_inf(column)
        count = pc.sum(infinite).as_py() or 0
        if count and not self.infinite:
            self.first_infinite = self.rows + first_row(infinite)
        self.infinite += count

    def _find_inexact(self, column: pa.Array) -> None:
        beyond = pc.greater(column, pa.scalar(LARGEST_EXACT_INTEGER, column.type))
        if pt.is_signed_integer(column.type):
            least = pa.scalar(-LARGEST_EXACT_INTEGER, column.type)
            beyond = pc.or_(beyond, pc.less(column, least))
        if not self.first_inexact and pc.any(beyond).as_py():
            self.first_inexact = self.rows + first_row(beyond)

    def _count_levels(self, column: pa.Array) -> None:
        values = self.forms.add(column, self.rows)
        if self.all_levels:
            self.levels.update(values[:LEVELS_COUNTED].to_pylist())


def _all_different_integers(column: pa.Array) -> bool:
    """Whether a block's values are integers, none missing, no two equal."""
    if not pt.is_integer(column.type) or column.null_count:
        return False
    ordered = np.sort(column.to_numpy())
    return not bool((ordered[1:] == ordered[:-1]).any())
