"""What a split lets through: rows, ids and groups that are in both of its parts."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from jaxtyping import Bool, UInt64

from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import is_text, plain_values

RowHashes = UInt64[np.ndarray, " n"]


@dataclass(frozen=True)
class Leakage:
    """Counts of rows; all but ``identical_rows`` must be 0 in a clean split.

    ``shared_rows`` are in both parts more often than the dataset has them, ``added_rows`` are in
    one part too often or not in the dataset at all, ``missing_rows`` are in neither part.
    ``identical_rows`` are test rows with a twin (but for the id) in the training part where the
    dataset itself holds both: no leakage of the split, but a reason to look for duplicates.
    """

    shared_rows: int
    added_rows: int
    missing_rows: int
    shared_ids: int
    shared_groups: int
    identical_rows: int

    @property
    def clean(self) -> bool:
        """Whether every row, id and group of the dataset is in one part only."""
        counts = asdict(self)
        del counts["identical_rows"]
        return not any(counts.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON and metadata."""
        return asdict(self) | {"clean": self.clean}

    def __str__(self) -> str:
        found = [f"{name.replace('_', ' ')}: {n}" for name, n in asdict(self).items() if n]
        return "; ".join(found) or "no row, id or group is in both parts"


def find_leakage(dataset: Table, train: Table, test: Table) -> Leakage:
    """Compare the parts of a split with the dataset, row by row, by 64-bit hashes.

    For each distinct row, the numbers of times it occurs in train and test must add up to its
    number in the dataset. Holds hashes, not rows; two of n rows collide with probability n²/2⁶⁵.
    """
    names = dataset.schema.names
    hashes = [_row_hashes(part, names) for part in (dataset, train, test)]
    rows, places = np.unique(np.concatenate(hashes), return_inverse=True)
    bounds = np.cumsum([len(part) for part in hashes])[:-1]
    *_, of_test = of_parts = np.split(places, bounds)
    total, in_train, in_test = (np.bincount(part, minlength=len(rows)) for part in of_parts)
    excess = np.maximum(in_train + in_test - total, 0)
    both = (in_train > 0) & (in_test > 0) & (total > 0)
    twins = _twins(train, test, dataset.roles.id) if dataset.roles.id else (in_train > 0)[of_test]
    leaked = (both & (excess > 0))[of_test]
    return Leakage(
        shared_rows=int(excess[both].sum()),
        added_rows=int(excess[~both].sum()),
        missing_rows=int(np.maximum(total - in_train - in_test, 0).sum()),
        shared_ids=_shared_values(train, test, dataset.roles.id),
        shared_groups=_shared_values(train, test, dataset.roles.group),
        identical_rows=int((twins & ~leaked).sum()),
    )


def _twins(train: Table, test: Table, id: str) -> Bool[np.ndarray, " n"]:
    """(n,) whether each test row equals some training row in all columns but the id."""
    content = [name for name in test.schema.names if name != id]
    return np.isin(_row_hashes(test, content), _row_hashes(train, content))


def _shared_values(train: Table, test: Table, name: str | None) -> int:
    """Number of different values of a column that both parts have."""
    if name is None:
        return 0
    train_values, test_values = (
        plain_values(part.column(name)).unique().drop_null() for part in (train, test)
    )
    return int(pc.sum(pc.is_in(test_values, train_values)).as_py() or 0)


def _row_hashes(table: Table, names: Iterable[str]) -> RowHashes:
    hashes = [_block_hashes(block, names) for block in table.blocks()]
    return np.concatenate([np.zeros(0, dtype=np.uint64), *hashes])


def _block_hashes(block: pa.RecordBatch, names: Iterable[str]) -> RowHashes:
    """(n,) one hash a row, h ← mix(h ⊕ mix(bits of the value)) over its columns in order."""
    hashes = np.zeros(block.num_rows, dtype=np.uint64)
    for position, name in enumerate(names):
        bits = _value_bits(block.column(name))
        hashes = _mix(hashes ^ _mix(bits + np.uint64(position)))
    return hashes


def _value_bits(column: pa.Array) -> RowHashes:
    """(n,) 64 bits that stand for each value; missing ones share a constant."""
    column = plain_values(column)
    missing = column.is_null().to_numpy(zero_copy_only=False)
    kind = column.type
    if pt.is_floating(kind):
        values = column.cast(pa.float64()).fill_null(0.0)
        bits = (values.to_numpy() + 0.0).view(np.uint64)  # -0.0 + 0.0 is 0.0
    elif is_text(kind) or pt.is_binary(kind) or pt.is_large_binary(kind):
        coded = column.dictionary_encode()
        codes = coded.indices.fill_null(0).to_numpy(zero_copy_only=False)
        texts = [_text_bits(value) for value in coded.dictionary.to_pylist()]
        bits = np.array(texts or [0], dtype=np.uint64)[codes]
    else:
        bits = _integer_bits(column)
    return np.asarray(np.where(missing, np.uint64(0x9E3779B97F4A7C15), bits), dtype=np.uint64)


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
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: RowHashes = bits ^ (bits >> np.uint64(31))
    return mixed
