"""Determines which value of the target is the positive one, and computes the labels."""

import operator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.roles import NAMES_SHOWN, PositiveValue, quoted
from lr_pipeline.tables.unknown_answers import require_known_answers
from lr_pipeline.tables.values.column_values import (
    Column,
    exact_values,
    first_row,
    is_text,
    one_array,
    plain_values,
)
from lr_pipeline.tables.values.spelling import (
    alike,
    shown_spelling,
    spelling_key,
)

POSITIVE_WORDS = frozenset({"1", "yes", "y", "true", "t", "positive", "malignant", "present"})

VALUES_COUNTED = 100_000  # of a target that should have two


def positive_value(
    name: str, column: Column, positive: PositiveValue | None = None
) -> PositiveValue:
    """Determine the positive value of the target ``name``.

    Without ``positive`` the target must have two values; the positive one is 1, True, or a word
    such as "yes", "true" or "malignant", else the larger number or the text that sorts last. With
    ``positive`` it is that value, against all others. If the target does not have exactly that
    value, the one that is equal as text, as a number ("1" for 1.0), by the rule of ``spelling``, or
    when case is ignored is meant.

    Raises
    ------
    TableError
        Values are missing, there are not two different ones, ``positive`` is not among them,
        another value differs from it only in case, or two values are spellings of one.
    """
    target = TargetValues(name)
    target.add(column)
    return target.positive_value(positive)


class TargetValues:
    """Counts the values of a target column, block by block."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = self.missing = 0
        self.first_missing = 0
        self.kind: pa.DataType | None = None
        self.counts: dict[Any, int] = {}
        self.first_rows: dict[Any, int] = {}

    def add(self, column: Column) -> None:
        """Take in the next rows."""
        exact, column = exact_values(column), plain_values(column)
        self.kind = column.type
        if pt.is_decimal(exact.type) and len(exact.unique()) > len(column.unique()):
            raise table_error(
                f"target {self.name!r} has decimals that float64 cannot tell apart",
                "Write its answers as two words, or as 0 and 1",
                self.name,
            )
        if column.null_count and not self.missing:
            self.first_missing = self.rows + first_row(column.is_null())
        self.missing += column.null_count
        wanted = _can_be_target(column.type) and len(self.counts) <= VALUES_COUNTED
        if wanted and not self.missing:
            self._count(column)
        self.rows += len(column)

    def _count(self, column: Column) -> None:
        coded = one_array(column).dictionary_encode()
        codes, firsts, counts = np.unique(
            coded.indices.to_numpy(), return_index=True, return_counts=True
        )
        values = coded.dictionary.take(pa.array(codes)).to_pylist()
        for value, first, count in zip(values, firsts.tolist(), counts.tolist(), strict=True):
            self.first_rows.setdefault(value, self.rows + first + 1)
            self.counts[value] = self.counts.get(value, 0) + count

    def positive_value(self, positive: PositiveValue | None) -> PositiveValue:
        """Determine the positive value by the rule of the function ``positive_value``."""
        _require_usable(self.name, self.kind, self.missing, self.first_missing)
        _require_one_spelling_each(self.name, self.counts, self.first_rows)
        values = sorted(self.counts, key=lambda value: -self.counts[value])
        chosen = _choose_positive(self.name, values, self.first_rows, positive)
        meant = None if positive is None else chosen
        require_known_answers(self.name, self.counts, self.first_rows, meant)
        return chosen


def _require_one_spelling_each(
    name: str, counts: dict[Any, int], first_rows: dict[Any, int]
) -> None:
    """Refuse values that read alike, since it is unclear which rows are positive."""
    for spellings in alike(value for value in counts if isinstance(value, str)):
        most, *others = sorted(spellings, key=lambda value: (-counts[value], first_rows[value]))
        rows, row = sum(counts[v] for v in others), min(first_rows[v] for v in others)
        raise table_error(
            f"target {name!r} has a value in several spellings, which read alike: "
            f"{shown_spelling(most)} (rows: {counts[most]}) and "
            f"{', '.join(map(shown_spelling, others[:NAMES_SHOWN]))} (rows: {rows}, first at row "
            f"{row})",
            "Write it in one way",
            name,
            row,
        )


def _choose_positive(
    name: str, values: list[Any], first_rows: dict[Any, int], positive: PositiveValue | None
) -> PositiveValue:
    if len(values) < 2:
        raise table_error(
            f"target {name!r} must have two values, found {len(values)}: {quoted(values) or '—'}",
            "Add rows with the other answer",
            name,
        )
    if positive is not None:
        given = _match(name, values, positive)
        _require_one_spelling(name, values, first_rows, given)
        return given
    if len(values) > 2:
        row = first_rows[values[-1]]
        raise table_error(
            f"target {name!r} must have two values, found {len(values)}: {quoted(values)} "
            f"(first {quoted(values[-1:])} at row {row})",
            "Set positive= or drop those rows",
            name,
            row,
        )
    words = [value for value in values if str(value).strip().lower() in POSITIVE_WORDS]
    chosen: PositiveValue = words[0] if len(words) == 1 else max(values)
    _require_one_spelling(name, values, first_rows, chosen)
    return chosen


def labels(name: str, column: Column, positive: PositiveValue | None) -> RowVector:
    """(n,) 1.0 where the target has its positive value, 0.0 elsewhere.

    Raises
    ------
    TableError
        Values are missing, or have another type than the positive one.
    """
    if positive is None:
        raise table_error(f"target {name!r} has no positive value yet", "Set positive=", name)
    column = _complete(name, column)
    try:
        value = pa.scalar(positive, column.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise table_error(
            f"target {name!r} holds {column.type}, which the positive value {positive!r} is not",
            "Give the target the type that it had in training",
            name,
        ) from None
    equal = pc.equal(column, value)
    return np.asarray(equal.cast(pa.uint8()), dtype=np.float64)


def _complete(name: str, column: Column) -> Column:
    """Return the target's plain values; raise ``TableError`` where they cannot be a target."""
    column = plain_values(column)
    missing = column.null_count
    first = first_row(column.is_null()) if missing else 0
    _require_usable(name, column.type, missing, first)
    return column


def _can_be_target(kind: pa.DataType) -> bool:
    numbers = pt.is_integer(kind) or pt.is_floating(kind) or pt.is_boolean(kind)
    return bool(numbers or is_text(kind))


def _require_usable(name: str, kind: pa.DataType | None, missing: int, row: int) -> None:
    if kind is None:
        kind = pa.null()
    if not _can_be_target(kind):
        raise table_error(
            f"target {name!r} must hold numbers, booleans or text, found {kind}",
            "Name another target, or convert it",
            name,
        )
    if missing:
        raise table_error(
            f"target {name!r} has missing values: {missing} (first at row {row})",
            "Fill or drop those rows",
            name,
            row,
        )


def _match(name: str, values: list[Any], positive: PositiveValue) -> PositiveValue:
    """The value that ``positive`` means: itself, else the same text, number or word."""
    for same in (operator.eq, _same_text, _same_number, _same_spelling, _same_word):
        for value in values:
            if same(value, positive):
                found: PositiveValue = value
                return found
    raise table_error(
        f"positive value {positive!r} not found in target {name!r}; "
        f"its values are {quoted(values)}",
        "Set positive= to one of them",
        name,
    )


def _same_text(value: object, positive: object) -> bool:
    return str(value) == str(positive)


def _same_number(value: object, positive: object) -> bool:
    """Whether both are the same number, perhaps written differently, as 1 and 1.0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return float(str(positive)) == value
    except ValueError:
        return False


def _same_spelling(value: object, positive: object) -> bool:
    return spelling_key(str(value)) == spelling_key(str(positive))


def _same_word(value: object, positive: object) -> bool:
    return spelling_key(str(value)).casefold() == spelling_key(str(positive)).casefold()


def _require_one_spelling(
    name: str, values: list[Any], first_rows: dict[Any, int], positive: PositiveValue
) -> None:
    """Refuse a positive value that other rows have in other upper or lower case."""
    others = [value for value in values if value != positive and _same_word(value, positive)]
    if others:
        row = min(first_rows[value] for value in others)
        raise table_error(
            f"target {name!r} has its positive value {positive!r} also as {quoted(others)} "
            f"(first at row {row})",
            "Write it in one way, or those rows would count as the other answer",
            name,
            row,
        )
