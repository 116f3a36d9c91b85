"""What a split lets through: rows, ids, groups and times that are in both of its parts."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from lr_pipeline.tables.row_choice import times_of
from lr_pipeline.tables.row_hash import RowHashes, row_hashes
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import plain_values

HASHES_HELD = 2_000_000  # of dataset and parts together; sorting them takes some 50 bytes each


@dataclass(frozen=True)
class Leakage:
    """Counts of rows; all but ``identical_rows`` must be 0 in a clean split.

    ``shared_rows`` are in both parts more often than the dataset has them, ``added_rows`` are in
    one part too often or not in the dataset at all, ``missing_rows`` are in neither part.
    ``identical_rows`` are test rows with a twin (but for the id) in the training part where the
    dataset itself holds both: no leakage of the split, but a reason to look for duplicates.
    ``time_overlap`` are training rows as late as some test row, where the split is by time.
    """

    shared_rows: int
    added_rows: int
    missing_rows: int
    shared_ids: int
    shared_groups: int
    identical_rows: int
    time_overlap: int = 0

    @property
    def clean(self) -> bool:
        """Whether every row, id and group is in one part only, and the future untouched."""
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
    number in the dataset. Holds hashes, not rows, and of a large table only a share of them at a
    time; two of n rows collide with probability n²/2⁶⁵.
    """
    rows = dataset.num_rows + train.num_rows + test.num_rows
    shares = -(-rows // HASHES_HELD)
    found = [_find_in_share(dataset, train, test, _Share(k, shares)) for k in range(shares)]
    counts = {one.name: sum(getattr(part, one.name) for part in found) for one in fields(Leakage)}
    return Leakage(**counts | {"time_overlap": _time_overlap(train, test)})


@dataclass(frozen=True)
class _Share:
    """One of ``shares`` parts of all hashes, by their remainder; equal rows are in the same."""

    number: int
    shares: int

    def hashes(self, table: Table, names: Iterable[str]) -> RowHashes:
        """Hashes of this share of a table's rows, column values in the order of ``names``."""
        names = list(names)
        found = [np.zeros(0, dtype=np.uint64)]
        for block in table.blocks(columns=names):
            hashes = row_hashes(block, names)
            found.append(hashes[hashes % np.uint64(self.shares) == self.number])
        return np.concatenate(found)

    def known_values(self, table: Table, name: str) -> RowHashes:
        """Different hashes of the values of a column that are not missing."""
        found = [np.zeros(0, dtype=np.uint64)]
        for block in table.blocks(columns=[name]):
            known = plain_values(block.column(name)).drop_null()
            hashes = row_hashes(pa.record_batch([known], names=[name]), [name])
            found.append(np.unique(hashes[hashes % np.uint64(self.shares) == self.number]))
        return np.unique(np.concatenate(found))


def _find_in_share(dataset: Table, train: Table, test: Table, share: _Share) -> Leakage:
    names = dataset.schema.names
    hashes = [share.hashes(part, names) for part in (dataset, train, test)]
    rows, places = np.unique(np.concatenate(hashes), return_inverse=True)
    bounds = np.cumsum([len(part) for part in hashes])[:-1]
    *_, of_test = of_parts = np.split(places, bounds)
    total, in_train, in_test = (np.bincount(part, minlength=len(rows)) for part in of_parts)
    excess = np.maximum(in_train + in_test - total, 0)
    both = (in_train > 0) & (in_test > 0) & (total > 0)
    leaked = (both & (excess > 0))[of_test]
    if dataset.roles.id is None:
        identical = int(((in_train > 0)[of_test] & ~leaked).sum())
    else:
        identical = _twins(train, test, dataset.roles.id, share) - int(leaked.sum())
    return Leakage(
        shared_rows=int(excess[both].sum()),
        added_rows=int(excess[~both].sum()),
        missing_rows=int(np.maximum(total - in_train - in_test, 0).sum()),
        shared_ids=_shared_values(train, test, dataset.roles.id, share),
        shared_groups=_shared_values(train, test, dataset.roles.group, share),
        identical_rows=identical,
    )


def _time_overlap(train: Table, test: Table) -> int:
    """Training rows that are as late as the first test row or later, after a split by time."""
    policy, name = train.provenance.get("split", {}).get("policy", {}), train.roles.time
    if policy.get("kind") != "time" or name is None:
        return 0
    firsts = [times_of(block.column(name)).min() for block in test.blocks(columns=[name])]
    if not firsts:
        return 0
    blocks = train.blocks(columns=[name])
    return sum(int((times_of(block.column(name)) >= min(firsts)).sum()) for block in blocks)


def _twins(train: Table, test: Table, id: str, share: _Share) -> int:
    """Test rows that equal some training row in all columns but the id."""
    content = [name for name in test.schema.names if name != id]
    return int(np.isin(share.hashes(test, content), share.hashes(train, content)).sum())


def _shared_values(train: Table, test: Table, name: str | None, share: _Share) -> int:
    """Number of different values of a column that both parts have."""
    if name is None:
        return 0
    of_train, of_test = (share.known_values(part, name) for part in (train, test))
    return len(np.intersect1d(of_train, of_test, assume_unique=True))
