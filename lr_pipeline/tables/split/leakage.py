"""What a split lets through: rows, ids, groups and times that are in both of its parts."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.aggregate import Visit, visit_blocks
from lr_pipeline.tables.row_choice import RowMask, times_of
from lr_pipeline.tables.split.split_table import CASES
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.values.column_values import by_spelling, exact_values
from lr_pipeline.tables.values.row_hash import RowHashes, keyed_hashes, row_hashes
from lr_pipeline.tables.weights import weights_of

HASHES_HELD = 2_000_000  # of dataset and parts together; sorting them takes some 50 bytes each


@dataclass(frozen=True)
class Leakage:
    """Counts of rows; all but ``identical_rows`` must be 0 in a clean split.

    ``shared_rows`` are in both parts more often than the dataset has them, ``added_rows`` are in
    one part too often or not in the dataset at all, ``missing_rows`` are in neither part.
    ``identical_rows`` are test rows with a twin (but for the id) in the training part where the
    dataset itself holds both: no leakage of the split, but a reason to look for duplicates. In a
    large table they are estimated from some of the different rows.
    ``time_overlap`` are training rows as late as some test row, where the split is by time.
    Where rows are ``divided``, all of these are numbers of cases, a row's id being in both parts.
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
        """Number of rows by what is the matter with them."""
        return {name: getattr(self, name) for name in COUNTS}

    @property
    def clean(self) -> bool:
        """Whether every row, id and group is in one part only, and the future untouched."""
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


def find_leakage(dataset: Table, train: Table, test: Table, visit: Visit = visit_blocks) -> Leakage:
    """Compare the parts of a split with the dataset, row by row, by 64-bit hashes.

    For each distinct row, the numbers of times it occurs in train and test must add up to its
    number in the dataset; where the split divided rows, their weights must.
    Holds hashes, not rows; two of n rows collide with probability n²/2⁶⁵.
    Of a large table only a share of them is held at a time, and none where rows and two sums of
    hashes modulo 2⁶⁴ add up, as other rows would with probability 2⁻¹²⁸.
    """
    parts = dataset, train, test
    rows = sum(part.num_rows for part in parts)
    number = -(-rows // HASHES_HELD)
    divided = train.provenance.get("split", {}).get("unit") == CASES
    weight = dataset.roles.weight if divided else None
    shares = [_Share(k, number, visit, weight) for k in range(number)]
    found = [_shared_keys(train, test, share) for share in shares]
    if len(shares) > 1 and _adds_up(*parts, visit, weight):
        twins = _twins(train, test, shares[0])
        found.append(replace(NOTHING, identical_rows=len(shares) * twins))
    else:
        found += [_find_in_share(*parts, share) for share in shares]
    counts = {name: sum(part.counts[name] for part in found) for name in COUNTS}
    counts["time_overlap"] = _time_overlap(train, test, visit)
    return Leakage(**counts, divided=divided)


def _adds_up(
    dataset: Table, train: Table, test: Table, visit: Visit, weight: str | None = None
) -> bool:
    """Whether each different row of the dataset is as often in train and test together."""
    columns = dataset.schema.names
    begin = partial(_HashSums, _without(columns, weight), weight)
    whole, *parts = (visit(one, columns, begin) for one in (dataset, train, test))
    return bool((whole.sums == parts[0].sums + parts[1].sums).all())


class _HashSums:
    """Number of rows, or of their cases, and two sums of their hashes modulo 2⁶⁴."""

    def __init__(self, names: Sequence[str], weight: str | None = None) -> None:
        self.names, self.weight, self.sums = names, weight, np.zeros(3, np.uint64)

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        hashes = row_hashes(block, self.names)
        others = keyed_hashes(pa.array(hashes), seed=1)
        if self.weight is not None:
            times = weights_of(block, self.weight).astype(np.uint64)
            self.sums += np.array([one.sum() for one in (times, times * hashes, times * others)])
        else:
            self.sums += np.array([len(hashes), hashes.sum(), others.sum()], np.uint64)

    def __add__(self, other: "_HashSums") -> "_HashSums":
        """Return the sums over both sets of rows."""
        both = _HashSums(self.names, self.weight)
        both.sums = self.sums + other.sums
        return both


@dataclass(frozen=True)
class _Share:
    """One of ``shares`` parts of all hashes, by their remainder; equal rows are in the same."""

    number: int
    shares: int
    visit: Visit
    weight: str | None = None

    def rows(self, table: Table, names: Sequence[str]) -> tuple[RowHashes, RowVector | None]:
        """Hashes of this share of a table's rows, and how often each occurs.

        Column values in the order of ``names``; None for once each, where there is no ``weight``.
        """
        columns = [name for name in table.schema.names if name in {*names, self.weight}]
        begin = partial(_Hashes, self.number, self.shares, names, self.weight)
        found = self.visit(table, columns, begin)
        return (
            np.concatenate([np.zeros(0, np.uint64), *found.hashes]),
            None if self.weight is None else np.concatenate([np.zeros(0), *found.times]),
        )

    def known_values(self, table: Table, name: str) -> RowHashes:
        """Different hashes of the values of a column that are not missing."""
        found = self.visit(table, [name], partial(_ValueHashes, self.number, self.shares, [name]))
        return np.unique(np.concatenate([np.zeros(0, np.uint64), *found.hashes]))


class _Hashes:
    """Hashes of rows that leave a remainder."""

    def __init__(
        self, number: int, shares: int, names: Sequence[str], weight: str | None = None
    ) -> None:
        self.number, self.shares, self.names, self.weight = number, shares, names, weight
        self.hashes: list[RowHashes] = []
        self.times: list[RowVector] = []

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        hashes = row_hashes(block, self.names)
        mine = hashes % np.uint64(self.shares) == self.number
        self.hashes.append(hashes[mine])
        if self.weight is not None:
            self.times.append(weights_of(block, self.weight)[mine])

    def __add__(self, other: "_Hashes") -> "_Hashes":
        """Return those of both sets of rows."""
        both = type(self)(self.number, self.shares, self.names, self.weight)
        both.hashes = [*self.hashes, *other.hashes]
        both.times = [*self.times, *other.times]
        return both


class _ValueHashes(_Hashes):
    """Different hashes of one column's known values in each block."""

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        (name,) = self.names
        known = by_spelling(exact_values(block.column(name)).drop_null())
        super().add(pa.record_batch([known], names=[name]))
        self.hashes[-1] = np.unique(self.hashes[-1])


def _number(marked: RowMask, times: RowVector | None) -> int:
    """Rows that are marked, each as often as it occurs."""
    return int(marked.sum() if times is None else times @ marked)


def _without(names: Sequence[str], *others: str | None) -> list[str]:
    return [name for name in names if name not in others]


def _shared_keys(train: Table, test: Table, share: _Share) -> Leakage:
    """Ids and groups that both parts have; a row that is divided has its id in both."""
    roles = train.roles
    id_ = roles.id if share.weight is None else None
    ids, groups = (_shared_values(train, test, name, share) for name in (id_, roles.group))
    return replace(NOTHING, shared_ids=ids, shared_groups=groups)


def _find_in_share(dataset: Table, train: Table, test: Table, share: _Share) -> Leakage:
    """Rows shared, added, missing or identical."""
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


def _time_overlap(train: Table, test: Table, visit: Visit) -> int:
    """Training rows that are as late as the first test row or later, after a split by time."""
    policy, name = train.provenance.get("split", {}).get("policy", {}), train.roles.time
    if policy.get("kind") != "time" or name is None:
        return 0
    first = visit(test, [name], partial(_Times, name)).first
    return 0 if first is None else visit(train, [name], partial(_Times, name, first)).later


class _Times:
    """The first time, and how many are ``since`` or later."""

    def __init__(self, name: str, since: Any = None) -> None:
        self.name, self.since = name, since
        self.first: Any = None
        self.later = 0

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        times = times_of(block.column(self.name))
        self.first = min([times.min()] if self.first is None else [self.first, times.min()])
        if self.since is not None:
            self.later += int((times >= self.since).sum())

    def __add__(self, other: "_Times") -> "_Times":
        """Return what is true of both sets of rows."""
        both = _Times(self.name, self.since)
        both.first = min(
            (one.first for one in (self, other) if one.first is not None), default=None
        )
        both.later = self.later + other.later
        return both
