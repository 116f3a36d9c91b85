"""The test rows as independent units, and how far a mean over them is from the population's."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Int64
from scipy.special import stdtrit

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.findings import GroupHashes, HeldOutRows
from lr_pipeline.evaluation.intervals.interval import LEVEL

GroupCodes = Int64[np.ndarray, " n"]


@dataclass(frozen=True)
class Spread:
    """How an estimate varies from test set to test set.

    ``standard_error``; ``skewness`` of the contributions of ``units`` independent cases or groups;
    ``freedom``: the degrees of freedom of the standard error.
    """

    standard_error: float
    skewness: float
    units: float
    freedom: float

    @property
    def quantile(self) -> float:
        """The 97.5 % quantile of the t distribution."""
        return t_quantile(self.freedom)


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
    def unit(self) -> float:
        """The weight of one case: 1, or the smallest weight if that is less."""
        return min(1.0, float(self.weight.min()))

    @cached_property
    def groups(self) -> int:
        """Number of groups; 0 where rows have none."""
        return 0 if self.group is None else int(self.group.max(initial=-1)) + 1

    def spread(self, influence: RowVector) -> Spread:
        """Return the spread of an estimate from each row's influence φ on it.

        The estimate is the population's value + Σ ω φ / W, up to smaller terms, and its variance
        Σ ω φ² / (W (W − 1)). Groups are units of their own, Σ φ over their rows. With κ the
        kurtosis of φ, the variance's relative error is that of 2 W / (κ − 1) degrees of freedom.
        """
        values, times = influence, self.weight
        if self.group is not None:
            sums = np.bincount(self.group, self.weight * influence, self.groups)
            values, times = sums * (self.groups / self.total), np.ones_like(sums)
        units = float(times.sum())
        squares = times * values * values
        variance = float(squares.sum()) / units
        if variance == 0.0 or units <= 1.0:
            return Spread(0.0 if variance == 0.0 else math.inf, 0.0, units, 1.0)
        third = float(np.sum(squares * values)) / units
        kurtosis = float(np.sum(squares * values * values)) / units / variance**2
        freedom = min(units - 1.0, max(2.0 * units / max(kurtosis - 1.0, 1e-9), 1.0))
        error = math.sqrt(variance / (units - 1.0) * self.share)
        return Spread(error, third / variance**1.5, units / self.share, freedom)

    @property
    def freedom(self) -> float:
        """Degrees of freedom of what compares classes: cases of the rarer one, or groups, − 1."""
        number = self.groups if self.group is not None else min(self.classes)
        return max(number - 1.0, 1.0)

    def class_spread(self, influence: RowVector) -> Spread:
        """Return the same with a variance of each class of its own, as DeLong's.

        With m_c cases of class c, whose φ have mean a_c and squares Σ ω (φ − a_c)² = S_c, it is
        Σ_c (m_c a_c² + S_c m_c / (m_c − 1)) / W²; of groups it is that between groups.
        """
        found = self.spread(influence)
        if self.group is not None:
            return found
        variance = 0.0
        for m, mean, squares, _ in self._class_moments(influence):
            variance += (m * mean**2 + squares * m / (m - 1.0)) / self.total**2
        error = math.sqrt(variance * self.share)
        return replace(found, standard_error=error, freedom=self.freedom)

    def class_freedom(self, influence: RowVector) -> float:
        """Return Satterthwaite's degrees of freedom of Σ ω φ², the sum of three parts.

        With the moments of ``class_spread`` and κ_c the kurtosis in class c, S_c has those of its
        variance's error, 2 m_c / (κ_c − 1), at most m_c − 1, and Σ_c m_c a_c² has W − 1. Groups
        have their number − 1.

        Source: F. E. Satterthwaite, Biometrics Bulletin 2 (1946), 110–114.
        """
        if self.group is not None:
            return self.freedom
        total, between, errors = 0.0, 0.0, 0.0  # errors: Σ part² / its degrees of freedom
        for m, mean, squares, fourth in self._class_moments(influence):
            total += squares + m * mean**2
            between += m * mean**2
            errors += max(squares**2 / (m - 1.0), (fourth * m - squares**2) / (2.0 * m))
        errors += between**2 / (self.total - 1.0)
        return total**2 / errors / self.share if errors > 0.0 else 1.0

    def _class_moments(self, values: RowVector) -> Iterator[tuple[float, float, float, float]]:
        """Yield number, mean, and sums of second and fourth powers about it, of each class."""
        for label, m in enumerate(self.classes):
            times = np.where(self.labels == label, self.weight, 0.0)
            mean = float(np.sum(times * values)) / m
            squares = (values - mean) ** 2
            second, fourth = np.sum(times * squares), np.sum(times * squares * squares)
            yield m, mean, float(second), float(fourth)

    def group_correlation(self, first: RowVector, second: RowVector) -> float:
        """Return the correlation of two estimates by the groups' influences, 0 without groups."""
        if self.group is None:
            return 0.0
        one, two = (np.bincount(self.group, self.weight * v, self.groups) for v in (first, second))
        size = math.sqrt(float(one @ one) * float(two @ two))
        return float(one @ two) / size if size > 0.0 else 0.0


def t_quantile(freedom: float) -> float:
    """Return the 97.5 % quantile of a t distribution."""
    return float(stdtrit(freedom, (1.0 + LEVEL) / 2.0))


def _codes(group: GroupHashes) -> GroupCodes:
    return np.asarray(np.unique(group, return_inverse=True)[1], np.int64)
