"""How one feature becomes columns of the design: as a number, or level by level."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.core.types import Design, RowVector
from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.target import Column, is_text, plain_values


@dataclass(frozen=True)
class NumberEncoding:
    """A number: itself, the training ``median`` where missing, and a mark if that is informative.

    ``marks_missing``: the training table has missing values, so there is a ``name=missing``.
    """

    name: str
    median: float
    marks_missing: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the design columns."""
        return (self.name, f"{self.name}=missing") if self.marks_missing else (self.name,)

    def write(self, column: pa.Array, out: Design) -> None:
        """Fill the design columns ``out`` (n, 1 or 2) of a block."""
        values = _finite_numbers(self.name, column)
        missing = np.isnan(values)
        out[:, 0] = np.where(missing, self.median, values)
        if self.marks_missing:
            out[:, 1] = missing

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"kind": "number", **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "NumberEncoding":
        """Inverse of ``to_dict``."""
        return cls(values["name"], values["median"], values["marks_missing"])


@dataclass(frozen=True)
class CategoryEncoding:
    """Text: one column of 0 and 1 for each of ``levels``, none for the ``reference``.

    The reference is the most frequent level of the training table, the first in order among
    equals; the levels are in order. Missing text is a level of its own where training has it.
    """

    name: str
    reference: str
    levels: tuple[str, ...]
    marks_missing: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the design columns."""
        levels = (*self.levels, "missing") if self.marks_missing else self.levels
        return tuple(f"{self.name}={level}" for level in levels)

    def write(self, column: pa.Array, out: Design) -> None:
        """Set the ones in the design columns ``out`` (n, levels) of a block, which are 0."""
        values = _texts(self.name, column)
        places = pc.index_in(values, pa.array(self.levels, values.type))
        rows = np.flatnonzero(places.is_valid())
        out[rows, places.drop_null().to_numpy()] = 1.0
        if self.marks_missing:
            out[:, -1] = values.is_null().to_numpy(zero_copy_only=False)

    def unseen(self, column: pa.Array) -> int:
        """Rows whose level the training table lacks."""
        values = _texts(self.name, column).drop_null()
        known = pc.is_in(values, pa.array((self.reference, *self.levels), values.type))
        return len(values) - int(pc.sum(known).as_py() or 0)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"kind": "category", **asdict(self), "levels": list(self.levels)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "CategoryEncoding":
        """Inverse of ``to_dict``."""
        levels = tuple(values["levels"])
        return cls(values["name"], values["reference"], levels, values["marks_missing"])


def fit_encoding(name: str, column: pa.ChunkedArray) -> NumberEncoding | CategoryEncoding:
    """Learn a feature's median, or its levels, from the training table's column."""
    values = plain_values(column)
    if values.null_count == len(values):
        raise table_error(
            f"feature {name!r} has no value in the training rows", f"Set exclude=[{name!r}]", name
        )
    marks_missing = values.null_count > 0
    if not is_text(values.type):
        numbers = _finite_numbers(name, values)
        return NumberEncoding(name, float(np.nanmedian(numbers)), marks_missing)
    counts = {pair["values"]: pair["counts"] for pair in values.value_counts().to_pylist()}
    counts.pop(None, None)
    reference = min(counts, key=lambda level: (-counts[level], level))
    levels = tuple(sorted(level for level in counts if level != reference))
    return CategoryEncoding(name, reference, levels, marks_missing)


def _finite_numbers(name: str, column: Column) -> RowVector:
    """(n,) float64, NaN where missing; refuses what is not a finite number in float64."""
    values = plain_values(column)
    kind = values.type
    if not (pt.is_integer(kind) or pt.is_floating(kind) or pt.is_boolean(kind) or pt.is_null(kind)):
        raise table_error(
            f"feature {name!r} must be numbers or booleans, found {kind}",
            "Give it the type that it had in training",
            name,
        )
    if pt.is_boolean(kind):
        values = values.cast(pa.uint8())
    try:
        numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid as error:  # an integer beyond 2^53
        raise table_error(
            f"feature {name!r} is inexact in float64: {error}", f"Set exclude=[{name!r}]", name
        ) from None
    infinite = np.isinf(numbers)
    if infinite.any():
        row = int(np.argmax(infinite)) + 1
        raise table_error(
            f"feature {name!r} is infinite in {infinite.sum()} rows (first: row {row})",
            "Make them missing or finite",
            name,
        )
    return np.asarray(numbers, dtype=np.float64)


def _texts(name: str, column: pa.Array) -> pa.Array:
    values = plain_values(column)
    if not (is_text(values.type) or pt.is_null(values.type)):
        raise table_error(
            f"feature {name!r} must be text, found {values.type}",
            "Give it the type that it had in training",
            name,
        )
    return values.cast(pa.large_string())
