"""A summary of a column, gathered block by block for the checks."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.tables.values.column_values import by_spelling, first_row, is_text, plain_values
from lr_pipeline.tables.values.decimals import inexact_integers
from lr_pipeline.tables.values.row_hash import RowHashes, row_hashes
from lr_pipeline.tables.values.spelling import spelled_by_key
from lr_pipeline.tables.values.text_forms import TextForms

LEVELS_COUNTED = 100_000
FIRST_ROWS = 256  # nearly always enough to see that there are many different values
FEW_VALUES = 10  # different whole numbers, which may be codes


class ColumnSummary:
    """Rows, missing values, range, levels, and the first row (from 1) with each kind of problem.

    ``counts_rows``: the values are integers, each the previous one plus 1. ``repeats``: they are
    not integers, or some are missing or equal within a block, so this is certainly no identifier.
    ``forms``: the forms of texts. ``whole``: the numbers have no fraction, and none is infinite.
    ``few``: their different values, None if there are more than 10. ``cases``: Σ weight of the
    rows, once it is known. ``holds_ids``: a hash of each value is kept to find repetitions. Among n
    texts, or decimals of more than 64 bits, two different ones have equal hashes with probability
    n²/2⁶⁵; other numbers never have.
    """

    def __init__(self, holds_ids: bool) -> None:
        self.kind: pa.DataType = pa.null()
        self.rows = self.missing = self.infinite = 0
        self.cases = 0.0
        self.first_missing = self.first_infinite = self.first_inexact = self.first_negative = 0
        self.forms = TextForms()
        self.least: Any = None
        self.greatest: Any = None
        self.counts_rows = True
        self.repeats = False
        self.few: set[int] | None = set()
        self.whole = True
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
        """Number of different texts, at most 100,000; spellings of one text count once."""
        return len(spelled_by_key(pa.array(self.levels, pa.large_string())).unique())

    @property
    def all_levels(self) -> bool:
        """Whether all levels were counted."""
        return len(self.levels) < LEVELS_COUNTED

    def add(self, column: pa.Array) -> None:
        """Take in the next rows, as returned by ``exact_values`` or ``plain_values``."""
        if column.null_count and not self.missing:
            self.first_missing = self.rows + first_row(column.is_null())
        self.missing += column.null_count
        if self.ids is not None:
            self.kind = column.type
            if not pt.is_union(column.type):
                known = pa.record_batch([by_spelling(column.drop_null())], names=["id"])
                self.ids.append(row_hashes(known, ["id"]))
        else:
            self._find_inexact(column)
            column = plain_values(column)
            self.kind = column.type
            if self.usable:
                self._add_values(column)
        self.rows += len(column)

    def repetitions(self) -> tuple[int, int]:
        """Number of rows with an earlier row's id, and the first of them (if no id is missing)."""
        hashes = np.concatenate([np.zeros(0, np.uint64), *(self.ids or [])])
        ordered = np.sort(hashes)
        found = int(np.count_nonzero(ordered[1:] == ordered[:-1]))
        if not found:
            return 0, 0
        order = np.argsort(hashes, kind="stable")
        again = order[1:][hashes[order[1:]] == hashes[order[:-1]]]
        return found, int(again.min()) + 1

    def _add_values(self, column: pa.Array) -> None:
        least, greatest = _extremes(column)
        if least is not None:
            if pt.is_floating(column.type) and not np.isfinite(greatest - least):
                self._count_infinite(column)
            held = [] if self.least is None else [self.least, self.greatest]
            self.least = min([least, *held])
            self.greatest = max([greatest, *held])
            if not (self.first_negative or is_text(column.type)) and least < 0:
                self.first_negative = self.rows + first_row(pc.less(column, 0))
        if self.counts_rows:
            self.counts_rows = self._continues_counting(column)
        if not self.repeats:
            self.repeats = not _all_different_integers(column)
        if self.few is not None:
            self.few = _few_whole_numbers(column, self.few)
        self.whole = self.whole and _are_whole(column)
        if is_text(column.type):
            self._count_levels(column)

    def _continues_counting(self, column: pa.Array) -> bool:
        """Whether the values are integers, each one more than the one before."""
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
        beyond = None if self.first_inexact else inexact_integers(column)
        if beyond is not None and pc.any(beyond).as_py():
            self.first_inexact = self.rows + first_row(beyond)

    def _count_levels(self, column: pa.Array) -> None:
        values = self.forms.add(column, self.rows)
        if self.all_levels:
            self.levels.update(values[:LEVELS_COUNTED].to_pylist())


def _extremes(column: pa.Array) -> tuple[Any, Any]:
    """Least and greatest value; None where there are none. numpy finds them ten times as fast."""
    kind = column.type
    if len(column) and not column.null_count and (pt.is_integer(kind) or pt.is_floating(kind)):
        values = column.to_numpy()
        return values.min().item(), values.max().item()
    found = pc.min_max(column).as_py()
    return found["min"], found["max"]


def _all_different_integers(column: pa.Array) -> bool:
    """Whether a block's values are integers, none of them missing and no two equal."""
    if not pt.is_integer(column.type) or column.null_count:
        return False
    ordered = np.sort(column.to_numpy())
    return not bool((ordered[1:] == ordered[:-1]).any())


def _few_whole_numbers(column: pa.Array, known: set[int]) -> set[int] | None:
    """Add the whole numbers of the next rows to the known ones; None for more than 10."""
    for rows in (column.slice(0, FIRST_ROWS), column.slice(FIRST_ROWS)):
        if not (pt.is_integer(rows.type) or pt.is_floating(rows.type)):
            return None
        values = np.asarray(rows.drop_null().unique())
        if len(values) > FEW_VALUES or not np.isfinite(values).all():
            return None
        known = known | {int(value) for value in values}
        if len(known) > FEW_VALUES or (values != np.trunc(values)).any():
            return None
    return known


def _are_whole(column: pa.Array) -> bool:
    """Whether all values are whole numbers; the first rows nearly always show if some are not."""
    if not pt.is_floating(column.type):
        return bool(pt.is_integer(column.type) or pt.is_null(column.type))
    for rows in (column.slice(0, FIRST_ROWS), column.slice(FIRST_ROWS)):
        values = np.asarray(rows.drop_null())
        if not (np.isfinite(values) & (values == np.trunc(values))).all():
            return False
    return True
