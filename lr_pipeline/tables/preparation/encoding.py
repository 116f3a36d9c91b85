"""How one feature becomes columns of the design: as a number, or level by level."""

from dataclasses import asdict, dataclass
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from jaxtyping import Float64

from lr_pipeline.core.limits import LARGEST_NUMBER
from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.values.column_values import exact_values, first_row, is_text, plain_values
from lr_pipeline.tables.values.decimals import floats_of, inexact_integers
from lr_pipeline.tables.values.spelling import spelled_by_key

LONGEST_LEVEL = 100  # characters of a level in the name of its column
DesignColumns = Float64[np.ndarray, "k n"]


@dataclass(frozen=True)
class NumberEncoding:
    """A number as one column, with the training ``median`` where it is missing.

    ``missing``: number of training cases without a value. ``marks_missing``: they are enough for a
    missing indicator, the column ``name=missing``. ``sampled_rows``: the number of training rows
    from which the median was computed, None for all.
    """

    name: str
    median: float
    marks_missing: bool
    sampled_rows: int | None = None
    missing: int | float = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the design columns."""
        return (self.name, f"{self.name}=missing") if self.marks_missing else (self.name,)

    def write(self, column: pa.Array, out: DesignColumns) -> None:
        """Fill the design columns ``out`` (1 or 2, n) of a block; they are 0 before."""
        np.add(stored_numbers(self.name, column), 0.0, out=out[0])  # −0.0 + 0.0 is 0.0
        self.impute(out)

    def impute(self, out: DesignColumns) -> None:
        """Impute the values in ``out[0]``, NaN where missing; fill the missing indicator."""
        values = out[0]
        # Both ends are NaN if a value is: a cheap test. (A BLAS product would start its threads.)
        with np.errstate(invalid="ignore"):
            least, greatest = values.min(initial=0.0), values.max(initial=0.0)
        if least >= -LARGEST_NUMBER and greatest <= LARGEST_NUMBER:
            return
        require_usable(self.name, values)
        missing = np.isnan(values)
        values[missing] = self.median
        if self.marks_missing:
            out[1] = missing

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"kind": "number", **_without_defaults(asdict(self))}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "NumberEncoding":
        """Inverse of ``to_dict``."""
        return cls(**{name: value for name, value in values.items() if name != "kind"})


@dataclass(frozen=True)
class CategoryEncoding:
    """Text as one column of 0 and 1 for each of ``levels``, none for the ``reference``.

    The reference is the most frequent level of the training table (of several, the first in
    order); the levels are in order. The ``pooled`` levels, too rare for columns of their own, share
    ``name=(other)``; if there are any, levels unseen in training share it too. Missing text is a
    level of its own where enough training cases are ``missing``, else the reference. A text that
    reads like a level is that level (see ``spelling``): a level's name is its most frequent
    spelling. In a column's name, a level of more than 100 characters is cut and gets a checksum.
    """

    name: str
    reference: str
    levels: tuple[str, ...]
    marks_missing: bool
    pooled: tuple[str, ...] = ()
    missing: int | float = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the design columns."""
        pooled = ("(other)",) if self.pooled else ()
        missing = ("missing",) if self.marks_missing else ()
        levels = (*map(shortened, self.levels), *pooled, *missing)
        return tuple(f"{self.name}={level}" for level in levels)

    def write(self, column: pa.Array, out: DesignColumns) -> None:
        """Set the ones in the design columns ``out`` (levels, n) of a block; they are 0 before."""
        values, places = self.places(column)
        num_levels = len(self.levels)
        rows = np.flatnonzero(pc.less(places, num_levels).fill_null(False))
        out[places.take(pa.array(rows)).to_numpy(), rows] = 1.0
        if self.pooled:  # which follow the reference, or are none
            others = pc.and_(pc.greater(places, num_levels).fill_null(True), values.is_valid())
            out[num_levels] = others.to_numpy(zero_copy_only=False)
        if self.marks_missing:
            out[-1] = values.is_null().to_numpy(zero_copy_only=False)

    @property
    def names(self) -> tuple[str, ...]:
        """All levels of the training table: those with a column, the reference, the pooled ones."""
        return (*self.levels, self.reference, *self.pooled)

    def unseen(self, column: pa.Array) -> int:
        """Rows whose level does not occur in the training table."""
        values, places = self.places(column)
        return int(places.null_count - values.null_count)

    def places(self, column: pa.Array) -> tuple[pa.Array, pa.Array]:
        """Return the texts, and the index of each in levels, reference, pooled levels, or null.

        A text that equals none of them is compared by its spelling.
        """
        values = _texts(self.name, column)
        names = pa.array(self.names, values.type)
        places = pc.index_in(values, names)
        if places.null_count > values.null_count:
            unknown = pc.if_else(places.is_null(), values, pa.scalar(None, values.type))
            keys = spelled_by_key(names)
            places = pc.coalesce(places, pc.index_in(spelled_by_key(unknown), keys))
        return values, places

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        texts = {"levels": list(self.levels), "pooled": list(self.pooled)}
        return {"kind": "category", **_without_defaults(asdict(self)), **texts}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "CategoryEncoding":
        """Inverse of ``to_dict``."""
        levels, pooled = (tuple(values.get(name, ())) for name in ("levels", "pooled"))
        plain = {name: values[name] for name in ("name", "reference", "marks_missing")}
        return cls(**plain, levels=levels, pooled=pooled, missing=values.get("missing", 0))


def shortened(level: str) -> str:
    """Return a level for a column's name; a long one is cut and gets a checksum."""
    if len(level) <= LONGEST_LEVEL:
        return level
    return f"{level[:LONGEST_LEVEL]}…#{crc32(level.encode()):08x}"


def newly_missing(encoding: NumberEncoding | CategoryEncoding, column: pa.Array) -> pa.Array | None:
    """Mask of a block's missing values if training had none missing; None if there are no such."""
    if encoding.marks_missing or encoding.missing:
        return None
    values = plain_values(column)
    return values.is_null() if values.null_count else None


def numbers_of(name: str, column: pa.Array, rows_before: int = 0) -> RowVector:
    """(n,) float64 in new memory, NaN where missing and 0 for −0; errors of ``stored_numbers``."""
    return np.asarray(stored_numbers(name, column, rows_before) + 0.0)  # −0.0 + 0.0 is 0.0


def stored_numbers(name: str, column: pa.Array, rows_before: int = 0) -> RowVector:
    """(n,) float64, NaN where missing; a view of the column where that has such numbers.

    ``rows_before`` is the number of rows in earlier blocks, for the row that a message names.
    Raises ``TableError`` for values that are no numbers, or integers that are inexact in float64.
    """
    if pt.is_dictionary(column.type):
        column = exact_values(column)
    if pt.is_decimal(column.type):
        _require_exact(name, column, rows_before)
        column = floats_of(column)
    kind = column.type
    if not (pt.is_integer(kind) or pt.is_floating(kind) or pt.is_boolean(kind) or pt.is_null(kind)):
        raise table_error(
            f"feature {name!r} must be numbers or booleans, found {kind}",
            "Give it the type that it had in training",
            name,
        )
    if pt.is_boolean(kind):
        column = column.cast(pa.uint8())
    try:
        numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        _require_exact(name, column, rows_before)
        raise
    return np.asarray(numbers, dtype=np.float64)


def _require_exact(name: str, column: pa.Array, rows_before: int) -> None:
    """Raise ``TableError`` where an integer is beyond 2^53."""
    beyond = inexact_integers(column)
    if beyond is not None and pc.any(beyond).as_py():
        row = rows_before + first_row(beyond)
        raise table_error(
            f"feature {name!r} has integers beyond 2^53, inexact in float64 (first at row {row})",
            f"Set exclude=[{name!r}]",
            name,
            row,
        )


def require_finite(name: str, numbers: RowVector, rows_before: int = 0) -> None:
    """Raise ``TableError`` where a number is infinite; NaN is missing.

    ``rows_before`` is the number of rows in earlier blocks, for the row that the message names.
    """
    infinite = np.isinf(numbers)
    if infinite.any():
        row = rows_before + int(np.argmax(infinite)) + 1
        raise table_error(
            f"feature {name!r} has infinite values (first at row {row})",
            "Make them missing or finite",
            name,
            row,
        )


def all_finite(numbers: RowVector) -> bool:
    """Tell by one sum whether no number is NaN or infinite; a sum that overflows says no as well.

    It takes a part of the time of a test of each number.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(numbers.sum()))


def require_usable(name: str, numbers: RowVector, rows_before: int = 0) -> None:
    """Raise ``TableError`` as ``require_finite``, or where a number is beyond 1e100."""
    require_finite(name, numbers, rows_before)
    beyond = np.abs(numbers) > LARGEST_NUMBER
    if beyond.any():
        place = int(np.argmax(beyond))
        row = rows_before + place + 1
        raise table_error(
            f"feature {name!r} has the number {numbers[place]:g} (row {row}); at most "
            f"{LARGEST_NUMBER:g} can be used",
            "Make it missing if it stands for no value, or rescale the column",
            name,
            row,
        )


def _without_defaults(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out ``sampled_rows`` and ``missing`` where they are empty: shorter JSON."""
    rare = {"sampled_rows", "missing"}
    return {name: value for name, value in values.items() if value or name not in rare}


def _texts(name: str, column: pa.Array) -> pa.Array:
    values = plain_values(column)
    if not (is_text(values.type) or pt.is_null(values.type)):
        raise table_error(
            f"feature {name!r} must be text, found {values.type}",
            "Give it the type that it had in training",
            name,
        )
    return values.cast(pa.large_string())
