"""What the training table alone decides: each feature's median, or its levels."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

import pyarrow as pa
import pyarrow.types as pt

from lr_pipeline.tables.encoding import (
    CategoryEncoding,
    NumberEncoding,
    numbers_of,
    require_finite,
)
from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.medians import HELD_VALUES, Bracket, finish_medians
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import is_text, plain_values
from lr_pipeline.tables.visit import Visit, visit_blocks

SENT_VALUES = 2**18  # the same where they are sent from one process to another
RARE_ROWS, RARE_SHARE = 10, 0.01


class _Numbers:
    """Numeric features, each in a bracket of its own."""

    def __init__(self, names: Sequence[str], brackets: Sequence[Bracket]) -> None:
        self.names, self.brackets = names, [bracket.empty() for bracket in brackets]

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        for name, bracket in zip(self.names, self.brackets, strict=True):
            values = numbers_of(name, block.column(name))
            require_finite(name, values)
            bracket.add(values)

    def __add__(self, other: "_Numbers") -> "_Numbers":
        """Return what both found."""
        both = _Numbers(self.names, self.brackets)
        both.brackets = [a + b for a, b in zip(self.brackets, other.brackets, strict=True)]
        return both


class _Features:
    """Numeric features, and the levels of text with their numbers of rows."""

    def __init__(self, names: Sequence[str], capacity: int, texts: Sequence[str]) -> None:
        self.numbers = _Numbers(names, [Bracket(capacity=capacity) for _ in names])
        self.levels: dict[str, Counter[str | None]] = {name: Counter() for name in texts}

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        self.numbers.add(block)
        for name, counts in self.levels.items():
            found = plain_values(block.column(name)).value_counts()
            for pair in found.to_pylist():
                counts[pair["values"]] += pair["counts"]

    def __add__(self, other: "_Features") -> "_Features":
        """Return what both found."""
        both = _Features((), 0, ())
        both.numbers = self.numbers + other.numbers
        both.levels = {name: self.levels[name] + other.levels[name] for name in self.levels}
        return both


def fit_encodings(
    table: Table, visit: Visit = visit_blocks
) -> list[NumberEncoding | CategoryEncoding]:
    """Learn every feature's median or levels from the training table's blocks.

    Raises
    ------
    TableError
        A feature is neither number, boolean nor text, is infinite, or has no value.
    """
    features = table.roles.features
    names = [name for name in features if not _is_text(table.schema.field(name).type)]
    texts = [name for name in features if name not in set(names)]
    held = HELD_VALUES if visit is visit_blocks else SENT_VALUES
    capacity = held // max(1, len(names))
    found = visit(table, features, partial(_Features, names, capacity, texts))
    brackets, levels = found.numbers.brackets, found.levels
    for name, known in [(n, b.total) for n, b in zip(names, brackets, strict=True)] + [
        (name, counts.total() - counts[None]) for name, counts in levels.items()
    ]:
        _require_values(name, known)
    missing = [table.num_rows - bracket.total for bracket in brackets]

    def fill(chosen: list[int], narrowed: list[Bracket]) -> list[Bracket]:
        columns = [names[j] for j in chosen]
        return visit(table, columns, partial(_Numbers, columns, narrowed)).brackets

    medians = finish_medians(brackets, fill)
    encodings: dict[str, NumberEncoding | CategoryEncoding] = {
        name: NumberEncoding(name, median, marks_missing=lost > 0)
        for name, median, lost in zip(names, medians, missing, strict=True)
    }
    encodings |= {name: _category(name, counts) for name, counts in levels.items()}
    return [encodings[name] for name in features]


def _category(name: str, counts: Counter[str | None]) -> CategoryEncoding:
    """Most frequent level as the reference, the others in order, the rare ones pooled.

    A level is rare with fewer than 10 training rows that are also less than 1 % of them.
    """
    known = {level: count for level, count in counts.items() if level is not None}
    reference = min(known, key=lambda level: (-known[level], level))
    enough = min(RARE_ROWS, RARE_SHARE * counts.total())
    others = sorted(level for level in known if level != reference)
    levels = tuple(level for level in others if known[level] >= enough)
    pooled = tuple(level for level in others if known[level] < enough)
    return CategoryEncoding(name, reference, levels, counts[None] > 0, pooled)


def _is_text(kind: pa.DataType) -> bool:
    return is_text(kind.value_type if pt.is_dictionary(kind) else kind)


def _require_values(name: str, known: int) -> None:
    if known == 0:
        raise table_error(
            f"feature {name!r} has no value in the training rows", f"Set exclude=[{name!r}]", name
        )
