"""Rules for which words of a table mean a missing value, and in which columns no word does."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from lr_pipeline.tables.values.column_values import is_text
from lr_pipeline.tables.values.spelling import spelled_by_key, spelling_key

READING = "reading"  # key of a table's provenance
PLAIN_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class ReadingRules:
    """How words are read, as declared or detected; kept for later files with the same columns.

    ``missing``: markers that mean a missing value in every column; they are compared by their
    spelling, in columns of numbers by their value. ``keep_na``: columns in which every word is a
    value, also NA and the markers; only an empty field is missing. ``decimal_comma``: columns of
    delimited text in which 1,5 is a number.
    """

    missing: tuple[str, ...] = ()
    keep_na: tuple[str, ...] = ()
    decimal_comma: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, list[str]]:
        """Plain values for JSON, without the rules that are empty."""
        return {name: list(values) for name, values in vars(self).items() if values}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ReadingRules":
        """Inverse of ``to_dict``."""
        return cls(**{name: tuple(given) for name, given in values.items()})

    def markers_of(self, column: str) -> tuple[str, ...]:
        """The markers of one column."""
        return () if column in self.keep_na else self.missing

    def marked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the rows with every marker replaced by null."""
        if not self.missing:
            return batch
        columns = [without_markers(batch.column(n), self.markers_of(n)) for n in batch.schema.names]
        return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


NO_RULES = ReadingRules()


def without_markers(column: pa.Array, markers: Iterable[str]) -> pa.Array:
    """Return the column with its markers replaced by null."""
    markers = list(markers)
    kind = column.type
    if not markers or pt.is_null(kind):
        return column
    if pt.is_dictionary(kind):
        known = without_markers(column.dictionary, markers).is_valid()
        indices = pc.if_else(known.take(column.indices), column.indices, None)
        return pa.DictionaryArray.from_arrays(indices, column.dictionary, ordered=kind.ordered)
    if is_text(kind):
        coded = column.dictionary_encode()
        keys = pa.array(map(spelling_key, markers), coded.dictionary.type)
        marked = pc.is_in(spelled_by_key(coded.dictionary), keys).take(coded.indices)
    elif pt.is_integer(kind) or pt.is_floating(kind):
        numbers = _numbers_among(markers, kind)
        if not numbers:
            return column
        marked = pc.is_in(column, pa.array(numbers, kind))
    else:
        return column
    if not pc.any(marked).as_py():
        return column
    return pc.if_else(marked.fill_null(False), pa.scalar(None, kind), column)


def _numbers_among(markers: Iterable[str], kind: pa.DataType) -> list[float] | list[int]:
    """The markers that are numbers of this type, such as -999."""
    numbers = [float(one) for one in map(spelling_key, markers) if PLAIN_NUMBER.fullmatch(one)]
    if pt.is_floating(kind):
        return numbers
    bits = kind.bit_width - pt.is_signed_integer(kind)
    least = -(2.0**bits) if pt.is_signed_integer(kind) else 0.0
    return [int(one) for one in numbers if one.is_integer() and least <= one < 2.0**bits]
