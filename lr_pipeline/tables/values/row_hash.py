"""64-bit hashes of values and rows, equal on every machine and in every process."""

import hashlib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from jaxtyping import Float64, UInt64

from lr_pipeline.tables.values.column_types import read_values
from lr_pipeline.tables.values.column_values import by_spelling, exact_values, is_text
from lr_pipeline.tables.values.decimals import DIGITS_OF_FLOAT64, floats_of, plain_text, words_of

RowHashes = UInt64[np.ndarray, " n"]

INTEGER_TEXT = r"^(0|-?[1-9]\d{0,17})$"
INTEGERS_END = 2.0**63
MISSING = np.uint64(0x9E3779B97F4A7C15)


def row_hashes(block: pa.RecordBatch, names: Iterable[str]) -> RowHashes:
    """(n,) hash of each row: h ← mix(h ⊕ bits of the value) over its columns in order."""
    hashes = np.zeros(block.num_rows, dtype=np.uint64)
    shifted = np.empty_like(hashes)
    for name in names:
        hashes ^= _value_bits(block.column(name))
        _mix_in_place(hashes, shifted)
    return hashes


def keyed_hashes(column: pa.Array, seed: int) -> RowHashes:
    """(n,) mix(mix(bits of the value) ⊕ mix(seed)); another seed gives other hashes.

    An integer has the same hash as its text without leading zeros, and as the equal decimal, since
    CSV stores keys as text and databases store them as decimals. Texts that read alike have the
    same hash (see ``spelling``).
    """
    key = hashlib.blake2b(str(seed).encode(), digest_size=8).digest()
    column = exact_values(column)
    if is_text(column.type):
        bits = _key_bits(by_spelling(column))
    else:
        bits = (_decimal_bits if pt.is_decimal(column.type) else _value_bits)(column)
    return _mix(_mix(bits) ^ np.uint64(int.from_bytes(key, "little")))


def _key_bits(column: pa.Array) -> RowHashes:
    """(n,) bits of texts; a text that is an integer has the integer's bits."""
    whole = pc.match_substring_regex(column, INTEGER_TEXT).fill_null(False)
    nothing = pa.scalar(None, column.type)
    integers = _value_bits(pc.if_else(whole, column, nothing).cast(pa.int64()))
    texts = _value_bits(pc.if_else(whole, nothing, column))
    return np.where(whole.to_numpy(zero_copy_only=False), integers, texts)


def _decimal_bits(column: pa.Array) -> RowHashes:
    """(n,) bits of decimals: those of the float up to 15 digits, beyond that those of the text."""
    coded = column.dictionary_encode()
    texts = [plain_text(value) for value in coded.dictionary.to_pylist()]
    floats = np.array([float(text) for text in texts])
    short = [len(text.replace(".", "").strip("-0")) <= DIGITS_OF_FLOAT64 for text in texts]
    bits = np.where(short, _float_bits(floats), _key_bits(pa.array(texts, pa.string())))
    codes = coded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return np.asarray(np.append(bits, MISSING).astype(np.uint64)[codes])


def _value_bits(column: pa.Array) -> RowHashes:
    """(n,) 64 bits that represent each value, however it is stored; missing values share theirs."""
    column = exact_values(read_values(column, key=True))
    if pt.is_decimal(column.type) and column.type.precision <= DIGITS_OF_FLOAT64:
        column = floats_of(column)
    kind = column.type
    if pt.is_floating(kind):
        values = column.cast(pa.float64())
        bits = _float_bits((values.fill_null(0.0) if values.null_count else values).to_numpy())
    elif is_text(kind) or pt.is_binary(kind) or pt.is_large_binary(kind):
        coded = column.dictionary_encode()
        codes = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
        texts = [_text_bits(value) for value in coded.dictionary.to_pylist()]
        bits = np.array(texts or [0], dtype=np.uint64)[codes]
    elif pt.is_decimal(kind):
        first, *others = words_of(column).T
        bits = first
        for word in others:
            bits = bits ^ _mix(word + MISSING)
    else:
        bits = _integer_bits(column)
    if not column.null_count:
        return bits
    missing = column.is_null().to_numpy(zero_copy_only=False)
    return np.asarray(np.where(missing, MISSING, bits), dtype=np.uint64)


def _float_bits(values: Float64[np.ndarray, " n"]) -> RowHashes:
    """(n,) bits of floats; a whole number has the integer's bits, and −0 those of 0."""
    bits = values.view(np.uint64)
    whole = np.trunc(values) == values
    if not whole.any():
        return bits
    whole &= (values >= -INTEGERS_END) & (values < INTEGERS_END)
    return np.where(whole, np.where(whole, values, 0.0).astype(np.int64).view(np.uint64), bits)


def _integer_bits(column: pa.Array) -> RowHashes:
    if pt.is_null(column.type):
        return np.zeros(len(column), dtype=np.uint64)
    if pt.is_boolean(column.type):
        column = column.cast(pa.uint8())
    if pt.is_temporal(column.type):
        column = column.view(pa.int32() if column.type.bit_width == 32 else pa.int64())
    values: RowHashes = np.asarray(column.fill_null(0)).astype(np.uint64)
    return values


def _text_bits(value: str | bytes) -> int:
    data = value.encode() if isinstance(value, str) else value
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


def _mix(bits: RowHashes) -> RowHashes:
    """Spread every bit over all 64 (splitmix64: Steele, Lea and Flood 2014)."""
    mixed = bits.copy()
    _mix_in_place(mixed, np.empty_like(mixed))
    return mixed


def _mix_in_place(bits: RowHashes, shifted: RowHashes) -> None:
    """Spread every bit over all 64; ``shifted`` is overwritten."""
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits ^= np.right_shift(bits, np.uint64(shift), out=shifted)
        bits *= np.uint64(factor)
    bits ^= np.right_shift(bits, np.uint64(31), out=shifted)
