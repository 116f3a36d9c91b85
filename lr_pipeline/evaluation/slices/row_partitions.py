"""Partitions of rows by one column: by level, by quarters of a number, by missing or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from jaxtyping import Int32

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.calibration import quantiles
from lr_pipeline.evaluation.number_format import plain
from lr_pipeline.tables.preparation.encoding import CategoryEncoding, NumberEncoding, numbers_of
from lr_pipeline.tables.values.column_values import is_text, plain_values

QUARTERS = np.array([0.25, 0.5, 0.75])
FEW_VALUES = 6  # of a number: each is a part of its own
UNSEEN = "(unseen in training)"
OF_NO_PART = -1

Codes = Int32[np.ndarray, " n"]
Encodings = Mapping[str, NumberEncoding | CategoryEncoding]


@dataclass(frozen=True, eq=False)
class Partition:
    """Parts of some rows by ``column``: row i is in part ``names[codes[i]]``, in none where −1."""

    column: str
    names: tuple[str, ...]
    codes: Codes


def partitions_by(
    column: str, values: pa.Array, weight: RowVector | None, encodings: Encodings
) -> Iterator[Partition]:
    """Yield the parts by value, and by missing or not where some values are missing.

    Levels of a feature are those of its encoding, so that spellings that are one level are one
    part. Any other column that is no number is taken level by level.
    """
    encoding = encodings.get(column)
    if isinstance(encoding, CategoryEncoding):
        texts, places = encoding.places(values)
        known = texts.is_valid().to_numpy(zero_copy_only=False)
        names = (*encoding.levels, encoding.reference, *encoding.pooled, UNSEEN)
        codes = places.fill_null(len(names) - 1).to_numpy(zero_copy_only=False)
        yield Partition(column, names, _coded(codes, known))
    elif isinstance(encoding, NumberEncoding) or _is_number(values.type):
        numbers = numbers_of(column, values)
        known = np.isfinite(numbers)
        if known.any():
            yield _of_numbers(column, numbers, known, weight)
    else:
        decoded = plain_values(values)
        texts = decoded if is_text(decoded.type) else decoded.cast(pa.string())
        coded = texts.dictionary_encode()
        known = texts.is_valid().to_numpy(zero_copy_only=False)
        names = tuple(str(one) for one in coded.dictionary.to_pylist())
        codes = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
        if names:
            yield Partition(column, names, _coded(codes, known))
    if not known.all():
        yield Partition(column, ("missing", "not missing"), known.astype(np.int32))


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pt.is_integer(kind) or pt.is_floating(kind) or pt.is_boolean(kind) or pt.is_decimal(kind)
    )


def _coded(codes: np.ndarray, known: np.ndarray) -> Codes:
    return np.where(known, codes, OF_NO_PART).astype(np.int32)


def _of_numbers(
    column: str, numbers: RowVector, known: np.ndarray, weight: RowVector | None
) -> Partition:
    """Each value, if there are few; otherwise quarters, named by their least and largest value."""
    found = numbers[known]
    distinct = np.unique(found)
    if len(distinct) <= FEW_VALUES:
        names = tuple(significant_or_whole(value) for value in distinct.tolist())
        codes = np.searchsorted(distinct, np.where(known, numbers, distinct[0]))
        return Partition(column, names, _coded(codes, known))
    edges = np.unique(quantiles(found, QUARTERS, None if weight is None else weight[known]))
    codes = np.searchsorted(edges, np.where(known, numbers, edges[0]))
    starts = np.searchsorted(distinct, edges, side="right")
    ends = zip([0, *starts], [*starts, len(distinct)], strict=True)
    names = tuple(_range(distinct[a:b]) for a, b in ends)
    return Partition(column, names, _coded(codes, known))


def _range(values: RowVector) -> str:
    """Return the least and the largest of sorted values."""
    ends = [significant_or_whole(float(end)) for end in values[[0, -1]]] if len(values) else [""]
    return ends[0] if len(values) < 2 else f"{ends[0]} to {ends[1]}"


def significant_or_whole(value: float) -> str:
    """Return a column's value for a name: 1,912 or 0.9167."""
    return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e9 else plain(value)
