"""Leakage of a split: rows, ids, groups and times that are in both of its parts."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import UInt64

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.row_choice import RowChoice, RowMask, times_of
from lr_pipeline.tables.split.parts_in_order import twins_of_parts_in_order
from lr_pipeline.tables.split.split_table import CASES
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.column_values import by_spelling, exact_values
from lr_pipeline.tables.values.row_hash import RowHashes, keyed_hashes, row_hashes
from lr_pipeline.tables.weights import weights_of

HashSums = UInt64[np.ndarray, "3"]

HASHES_HELD = 2_000_000  # of dataset and parts together; sorting takes about 50 bytes each


@dataclass(frozen=True)
class Leakage:
    """Counts of rows; all but ``identical_rows`` must be 0 in a clean split.

    ``shared_rows`` are in both parts more often than the dataset has them. ``added_rows`` are in
    one part too often or not in the dataset at all. ``missing_rows`` are in neither part.
    ``identical_rows`` are test rows that equal a training row (except for the id) where the dataset
    itself has both: the split leaks nothing, but there may be duplicates. In a large table they
    are estimated from some of the different rows. ``time_overlap`` counts, after a split by time,
    the training rows that are not before the first test row. If rows are ``divided``, all of these
    are numbers of cases, and a row's id may be in both parts.
    """

    shared_rows: int
    added_rows: int
    missing_rows: int
    shared_ids: int
    shared_groups: int
    identical_rows: int
    time_overlap: int = 0
    divided: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Name of a fault → number of rows with it."""
        return {name: getattr(self, name) for name in COUNTS}

    @property
    def clean(self) -> bool:
        """Whether every row, id and group is in one part only, and no training row is too late."""
        return not any(n for name, n in self.counts.items() if name != "identical_rows")

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON and metadata."""
        return self.counts | {"clean": self.clean}

    def __str__(self) -> str:
        found = [
            f"{name.replace('rows', 'cases' if self.divided else 'rows').replace('_', ' ')}: {n}"
            for name, n in self.counts.items()
            if n
        ]
        clean = (
            "each case is in one part" if self.divided else "no row, id or group is in both parts"
        )
        return "; ".join(found) or clean


COUNTS = tuple(one.name for one in fields(Leakage) if one.name != "divided")
NOTHING = Leakage(0, 0, 0, 0, 0, 0)


def find_leakage(
    dataset: Table,
    train: Table,
    test: Table,
    aggregate: Aggregate = aggregate_here,
    hashes_held: int = HASHES_HELD,
    choices: Sequence[RowChoice] | None = None,
) -> Leakage:
    """Compare the parts of a split with the dataset, row by row.

    ``choices`` are the split's choices of training rows and of test rows. If they are given, this
    process first compares the parts with the chosen rows in their order, which settles a clean
    split in one pass. Otherwise, rows are compared by 64-bit hashes.

    For each different row, its numbers in train and test must add up to its number in the dataset;
    if the split divided rows, their weights must add up. Memory holds hashes, not rows; two of n
    rows have equal hashes with probability n²/2⁶⁵. For a large table at most ``hashes_held`` hashes
    are held at a time, and none if the number of rows and two sums of hashes modulo 2⁶⁴ add up: for
    other rows that happens with probability 2⁻¹²⁸.
    """
    parts = dataset, train, test
    rows = sum(part.num_rows for part in parts)
    number = -(-rows // hashes_held)
    divided = train.provenance.get("split", {}).get("unit") == CASES
    weight = dataset.roles.weight if divided else None
    shares = [_Share(_Remainder(k, number), aggregate, weight) for k in range(number)]
    found = [_shared_keys(train, test, share) for share in shares]
    twins = None
    if choices is not None:
        twins = twins_of_parts_in_order(dataset, (train, test), choices)
    if twins is not None:
        found.append(replace(NOTHING, identical_rows=twins))
    elif len(shares) > 1 and _adds_up(*parts, aggregate, weight):
        twins = _twins(train, test, shares[0])
        found.append(replace(NOTHING, identical_rows=len(shares) * twins))
    else:
        found += [_find_in_share(*parts, share) for share in shares]
    counts = {name: sum(part.counts[name] for part in found) for name in COUNTS}
    counts["time_overlap"] = _time_overlap(train, test, aggregate)
    return Leakage(**counts, divided=divided)


def _adds_up(
    dataset: Table, train: Table, test: Table, aggregate: Aggregate, weight: str | None = None
) -> bool:
    """Whether train and test together have each different row as often as the dataset has it."""
    columns = dataset.schema.names
    sums = partial(_hash_sums, _without(columns, weight), weight)
    whole, *parts = (aggregate(one, columns, sums) for one in (dataset, train, test))
    return bool((whole == parts[0] + parts[1]).all())


def _hash_sums(names: Sequence[str], weight: str | None, batch: pa.RecordBatch) -> HashSums:
    """Number of rows, or of their cases, and two sums of their hashes modulo 2⁶⁴."""
    hashes = row_hashes(batch, names)
    others = keyed_hashes(pa.array(hashes), seed=1)
    if weight is None:
        return np.array([len(hashes), hashes.sum(), others.sum()], np.uint64)
    times = weights_of(batch, weight).astype(np.uint64)
    return np.array([one.sum() for one in (times, times * hashes, times * others)])


@dataclass(frozen=True)
class _Remainder:
    """One of ``shares`` parts of all hashes, by their remainder; equal rows are in one part."""

    number: int
    shares: int

    def of(self, hashes: RowHashes) -> RowMask:
        """(n,) whether each hash is in this part."""
        return np.asarray(hashes % np.uint64(self.shares) == self.number)


@dataclass(frozen=True)
class _Share:
    """Reads those rows of a table whose hashes have one remainder."""

    remainder: _Remainder
    aggregate: Aggregate
    weight: str | None = None

    def rows(self, table: Table, names: Sequence[str]) -> tuple[RowHashes, RowVector | None]:
        """Hashes of this share of a table's rows, and the weight of each, None without weights.

        The hashes are of the columns ``names`` in that order.
        """
        columns = [name for name in table.schema.names if name in {*names, self.weight}]
        hashes_of = partial(_hashes, self.remainder, names, self.weight)
        hashes, times = self.aggregate(table, columns, hashes_of)
        return np.concatenate(hashes), np.concatenate(times) if times else None

    def known_values(self, table: Table, name: str) -> RowHashes:
        """Different hashes of the values of a column that are not missing."""
        hashes = self.aggregate(table, [name], partial(_value_hashes, self.remainder, name))
        return np.unique(np.concatenate(hashes))


def _hashes(
    remainder: _Remainder, names: Sequence[str], weight: str | None, batch: pa.RecordBatch
) -> tuple[list[RowHashes], list[RowVector]]:
    """Hashes of the rows, and the weights where there are some."""
    hashes = row_hashes(batch, names)
    mine = remainder.of(hashes)
    return [hashes[mine]], [] if weight is None else [weights_of(batch, weight)[mine]]


def _value_hashes(remainder: _Remainder, name: str, batch: pa.RecordBatch) -> list[RowHashes]:
    """Different hashes of one column's known values."""
    known = by_spelling(exact_values(batch.column(name)).drop_null())
    (hashes,), _ = _hashes(remainder, [name], None, pa.record_batch([known], names=[name]))
    return [np.unique(hashes)]


def _number(chosen: RowMask, times: RowVector | None) -> int:
    """Number of chosen rows, or the sum of their weights."""
    return int(chosen.sum() if times is None else times @ chosen)


def _without(names: Sequence[str], *others: str | None) -> list[str]:
    return [name for name in names if name not in others]


def _shared_keys(train: Table, test: Table, share: _Share) -> Leakage:
    """Count ids and groups that are in both parts; a divided row may have its id in both."""
    roles = train.roles
    id_ = roles.id if share.weight is None else None
    ids, groups = (_shared_values(train, test, name, share) for name in (id_, roles.group))
    return replace(NOTHING, shared_ids=ids, shared_groups=groups)


def _find_in_share(dataset: Table, train: Table, test: Table, share: _Share) -> Leakage:
    """Count the rows that are shared, added, missing or identical."""
    names, roles = _without(dataset.schema.names, share.weight), dataset.roles
    hashes, times = zip(*(share.rows(part, names) for part in (dataset, train, test)), strict=True)
    rows, places = np.unique(np.concatenate(hashes), return_inverse=True)
    bounds = np.cumsum([len(part) for part in hashes])[:-1]
    *_, of_test = of_parts = np.split(places, bounds)
    total, in_train, in_test = (
        np.bincount(part, often, minlength=len(rows))
        for part, often in zip(of_parts, times, strict=True)
    )
    excess = np.maximum(in_train + in_test - total, 0)
    both = (in_train > 0) & (in_test > 0) & (total > 0)
    leaked = (both & (excess > 0))[of_test]
    if roles.id is None and roles.weight in (None, share.weight):
        identical = _number((in_train > 0)[of_test] & ~leaked, times[-1])
    else:
        identical = _twins(train, test, share) - _number(leaked, times[-1])
    return replace(
        NOTHING,
        shared_rows=int(excess[both].sum()),
        added_rows=int(excess[~both].sum()),
        missing_rows=int(np.maximum(total - in_train - in_test, 0).sum()),
        identical_rows=identical,
    )


def _twins(train: Table, test: Table, share: _Share) -> int:
    """Test rows that equal some training row in all columns but the id and the weight."""
    content = _without(test.schema.names, test.roles.id, test.roles.weight)
    (of_test, times), (of_train, _) = (share.rows(part, content) for part in (test, train))
    return _number(np.isin(of_test, of_train), times)


def _shared_values(train: Table, test: Table, name: str | None, share: _Share) -> int:
    """Number of different values of a column that both parts have."""
    if name is None:
        return 0
    of_train, of_test = (share.known_values(part, name) for part in (train, test))
    return len(np.intersect1d(of_train, of_test, assume_unique=True))


def _time_overlap(train: Table, test: Table, aggregate: Aggregate) -> int:
    """Number of training rows not earlier than the first test row, after a split by time."""
    policy, name = train.provenance.get("split", {}).get("policy", {}), train.roles.time
    if policy.get("kind") != "time" or name is None:
        return 0
    times = aggregate(test, [name], partial(_first_time, name))
    return aggregate(train, [name], partial(_rows_since, name, min(times))) if times else 0


def _first_time(name: str, batch: pa.RecordBatch) -> list[Any]:
    """A list of the earliest time; empty if there are no rows."""
    return [times_of(batch.column(name)).min()] if batch.num_rows else []


def _rows_since(name: str, first: Any, batch: pa.RecordBatch) -> int:
    """Number of rows at ``first`` or later."""
    return int((times_of(batch.column(name)) >= first).sum())
