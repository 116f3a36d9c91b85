"""The test rows as independent units, and how far a mean over them is from the population's."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Int64

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.findings import HeldOutRows

GroupCodes = Int64[np.ndarray, " n"]


@dataclass(frozen=True)
class Spread:
    """How an estimate varies from test set to test set.

    ``standard_error``; ``skewness`` of the ``units``' contributions, of which there are so many
    independent ones: cases, or groups.
    """

    standard_error: float
    skewness: float
    units: float


@dataclass(frozen=True, eq=False)
class Cases:
    """Rows of positive weight: label (n,), weight (n,) and the code (n,) of each row's group.

    A row of weight 3 is three cases. Rows of one group are not independent of each other: a group
    counts as one unit. ``share``: the share of all test cases that these are, where not all rows
    are held.
    """

    labels: RowVector
    weight: RowVector
    group: GroupCodes | None = None
    share: float = 1.0

    @classmethod
    def of(cls, held_out: HeldOutRows) -> "Cases":
        """Return the rows that count."""
        weight = held_out.weight
        if weight is None:
            weight = np.ones_like(held_out.labels)
        kept = weight > 0
        group = None if held_out.group is None else _codes(held_out.group[kept])
        total = held_out.cases if held_out.weight is not None else held_out.rows
        share = 1.0 if held_out.whole is None else float(weight.sum()) / float(total or 1)
        return cls(held_out.labels[kept], weight[kept], group, share)

    @cached_property
    def total(self) -> float:
        """W, the number of cases."""
        return float(self.weight.sum())

    @cached_property
    def classes(self) -> tuple[float, float]:
        """Number of cases with label 0, and with label 1."""
        ones = float(np.sum(self.weight * self.labels))
        return self.total - ones, ones

    @cached_property
    def groups(self) -> int:
        """Number of groups; 0 where rows have none."""
        return 0 if self.group is None else int(self.group.max(initial=-1)) + 1

    def spread(self, influence: RowVector, by_class: bool = False) -> Spread:
        """Return the spread of an estimate from each row's influence φ on it.

        The estimate is the population's value + Σ ω φ / W, up to smaller terms, and its variance
        Σ ω φ² / (W (W − 1)). Groups are units of their own, Σ φ over their rows. ``by_class``: the
        mean of φ is 0 in each class, and each class has lost a degree of freedom.
        """
        if self.group is not None:
            sums = np.bincount(self.group, self.weight * influence, self.groups)
            values, times = sums * (self.groups / self.total), np.ones_like(sums)
        else:
            values, times = influence, self.weight
        units = float(times.sum())
        squares = times * values * values
        variance = float(squares.sum()) / units
        third = float(np.sum(squares * values)) / units
        skewness = third / variance**1.5 if variance > 0 else 0.0
        if by_class and self.group is None:
            ones = float(np.sum(squares * self.labels))
            m, n = self.classes[1], self.classes[0]
            summed = ones * m / max(m - 1.0, 1e-9) + (squares.sum() - ones) * n / max(n - 1.0, 1e-9)
            error = math.sqrt(float(summed)) / units
        else:
            error = math.sqrt(variance / (units - 1.0)) if units > 1 else math.inf
        return Spread(error * math.sqrt(self.share), skewness, units / self.share)


def _codes(group: np.ndarray) -> GroupCodes:
    return np.unique(group, return_inverse=True)[1].astype(np.int64)
