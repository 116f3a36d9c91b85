"""Converts Arrow's decimals, of 128 or 256 bits, to numbers that numpy has."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from jaxtyping import Shaped, UInt64

DIGITS_OF_INT64 = 18
DIGITS_OF_FLOAT64 = 15  # an integer of 15 digits over an exact power of ten rounds only once
LARGEST_EXACT_POWER = 22
LARGEST_EXACT_INTEGER = 2**53  # in float64

Words = UInt64[np.ndarray, "n k"]


def words_of(column: pa.Array) -> Words:
    """(n, k) unscaled values as 64-bit words in two's complement, the lowest word first."""
    width = column.type.bit_width // 64
    if len(column) == 0:
        return np.zeros((0, width), np.uint64)
    words = np.frombuffer(column.buffers()[1], "<u8").reshape(-1, width)
    return words[column.offset : column.offset + len(column)].astype(np.uint64, copy=False)


def unscaled(column: pa.Array) -> Shaped[np.ndarray, " n"]:
    """(n,) values times 10^scale: int64 up to 18 digits, else Python integers."""
    words = words_of(column)
    if column.type.precision <= DIGITS_OF_INT64:
        return words[:, 0].astype(np.int64)
    total = words[:, -1].astype(np.int64).astype(object)
    for place in range(words.shape[1] - 2, -1, -1):
        total = total * 2**64 + words[:, place].astype(object)
    return np.asarray(total)


def floats_of(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return the float64 nearest to each decimal; Arrow's cast misses it for one in seven."""
    if isinstance(column, pa.ChunkedArray):
        return pa.chunked_array(map(floats_of, column.chunks), pa.float64())
    scale = column.type.scale
    if column.type.precision <= DIGITS_OF_FLOAT64 and 0 <= scale <= LARGEST_EXACT_POWER:
        numbers = unscaled(column) / 10.0**scale
        return pa.array(numbers, mask=column.is_null().to_numpy(zero_copy_only=False))
    return column.cast(pa.string()).cast(pa.float64())


def inexact_integers(column: pa.Array) -> pa.Array | None:
    """Mask of integers beyond 2^53, inexact in float64; None if the type cannot hold them."""
    kind = column.type
    digits = kind.precision - kind.scale if pt.is_decimal(kind) else 0
    if digits > DIGITS_OF_FLOAT64 and kind.scale <= 0:
        far = np.abs(unscaled(column)) > LARGEST_EXACT_INTEGER // 10**-kind.scale
        missing = column.is_null().to_numpy(zero_copy_only=False)
        return pa.array(far.astype(bool) & ~missing)
    if not pt.is_integer(kind) or kind.bit_width < 64:
        return None
    beyond = pc.greater(column, pa.scalar(LARGEST_EXACT_INTEGER, kind))
    if pt.is_unsigned_integer(kind):
        return beyond
    return pc.or_(beyond, pc.less(column, pa.scalar(-LARGEST_EXACT_INTEGER, kind)))


def plain_text(value: Decimal) -> str:
    """Write a decimal without exponent or trailing zeros: equal decimals give equal texts."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
