"""Rows of one group, as of one person, are not independent: a group counts as one unit.

The variance of a share of cases in groups of m cases is at most Σ m² / Σ m times that of as many
independent cases. It reaches this bound, the largest design effect, where the cases of each group
are alike.

Source: L. Kish, Survey Sampling (1965), ch. 5 and 8.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int64

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.values.row_hash import RowHashes

MOST_GROUPS = 2**17

LevelPlaces = Int64[np.ndarray, " n"]


class GroupSizes:
    """Cases of each group, block by block; of many groups, of those whose hash starts with 0s."""

    def __init__(self, most_groups: int = MOST_GROUPS) -> None:
        self.most_groups = most_groups
        self.cases: dict[int, float] = {}
        self.zeros = 0

    def add(self, hashes: RowHashes, weight: RowVector) -> None:
        """Count the rows of a block, given the hash (n,) of each row's group."""
        chosen = self._chosen(hashes) & (weight > 0)
        groups, places = np.unique(hashes[chosen], return_inverse=True)
        sums = np.bincount(places, weight[chosen], len(groups))
        for group, cases in zip(groups.tolist(), sums.tolist(), strict=True):
            self.cases[group] = self.cases.get(group, 0.0) + cases
        while len(self.cases) > self.most_groups:
            self.zeros += 1
            groups = np.fromiter(self.cases, np.uint64, len(self.cases))
            self.cases = {
                group: self.cases[group] for group in groups[self._chosen(groups)].tolist()
            }

    def _chosen(self, hashes: RowHashes) -> np.ndarray:
        if not self.zeros:
            return np.ones(len(hashes), bool)
        return np.asarray(hashes >> np.uint64(64 - self.zeros) == 0)

    @property
    def mean(self) -> float:
        """Σ m² / Σ m: how many cases the group of a random case has, at least 1."""
        sizes = np.fromiter(self.cases.values(), float, len(self.cases))
        return max(1.0, float(sizes @ sizes) / float(sizes.sum())) if len(sizes) else 1.0


class LevelGroups:
    """In how many groups each level of a category occurs: 0, 1, 2, or 3 for more."""

    def __init__(self, levels: int) -> None:
        self.number = np.zeros(levels, dtype=np.int8)
        self.known = np.zeros((2, levels), dtype=np.uint64)  # the hashes of the first two groups

    def add(self, places: LevelPlaces, hashes: RowHashes) -> None:
        """Take in the rows of a block: the place (n,) of each one's level, its group's hash."""
        for k, known in enumerate(self.known):
            lacking = self.number[places] == k
            levels, first = np.unique(places[lacking], return_index=True)
            known[levels] = hashes[lacking][first]
            self.number[levels] = k + 1
            others = hashes != known[places]
            places, hashes = places[others], hashes[others]
        self.number[places] = 3


class Independence(NamedTuple):
    """How many independent cases a case is worth: of the training set, its sample, new rows."""

    training: float = 1.0
    sample: float = 1.0
    new: float = 1.0

    @classmethod
    def of_groups(cls, training: float, step: int, new: float | None) -> "Independence":
        """Return it for groups of so many cases, where training sampled every ``step``-th case.

        New rows without the group's column are taken to be in groups as large as in training.
        """
        sampled = 1.0 + (training - 1.0) / step
        return cls(1.0 / training, 1.0 / sampled, 1.0 / (training if new is None else new))
