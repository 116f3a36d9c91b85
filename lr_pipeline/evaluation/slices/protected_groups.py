"""A model's decisions in the groups of a protected column: rates by group, and their ratio."""

from dataclasses import dataclass, replace
from math import exp, log, sqrt

import numpy as np

from lr_pipeline.evaluation.calibration import wilson_interval
from lr_pipeline.evaluation.slices.row_partitions import Partition
from lr_pipeline.evaluation.slices.slice_results import LEAST_CASES, ScoredRows

FOUR_FIFTHS = 0.8
NORMAL = 1.959963984540054  # Φ⁻¹(0.975)


@dataclass(frozen=True)
class Rate:
    """A share of ``cases`` with Wilson's 95 % interval; None of no cases."""

    cases: float
    value: float | None
    interval: tuple[float, float] | None

    @classmethod
    def of(cls, successes: float, cases: float) -> "Rate":
        """Return the share of successes."""
        if cases <= 0.0:
            return cls(0.0, None, None)
        return cls(cases, successes / cases, wilson_interval(successes, cases))


@dataclass(frozen=True)
class Group:
    """Rates of one group: those answered yes, of the ones (TPR) and of the zeros (FPR).

    ``difference``: observed minus predicted share, with its interval. ``ratio``: its selection rate
    by that of the ``reference`` group, which has the largest, with a log-delta interval.
    """

    name: str
    cases: float
    positives: float
    selection: Rate
    true_positive: Rate
    false_positive: Rate
    difference: float
    difference_interval: tuple[float, float]
    ratio: float | None = None
    ratio_interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class ProtectedColumn:
    """The groups of a column with at least 30 cases, and how many smaller ones there are."""

    column: str
    groups: tuple[Group, ...]
    smaller: int
    reference: str = ""

    @property
    def below_four_fifths(self) -> list[str]:
        """Groups whose selection rate is less than four fifths of the reference's."""
        return [
            one.name for one in self.groups if one.ratio is not None and one.ratio < FOUR_FIFTHS
        ]


def protected_column(partition: Partition, rows: ScoredRows, threshold: float) -> ProtectedColumn:
    """Compare the groups; the answer is yes where p > ``threshold``."""
    inside = partition.codes >= 0
    codes, k = partition.codes[inside], len(partition.names)
    y, p, weight = rows.y[inside], rows.p[inside], rows.weight[inside]
    yes = p > threshold
    sums = [np.bincount(codes, weight * of, k) for of in (np.ones_like(y), y, yes, yes * y, p)]
    totals = np.transpose(sums).tolist()
    groups = [
        _group(name, *of_group)
        for name, of_group in zip(partition.names, totals, strict=True)
        if of_group[0] >= LEAST_CASES
    ]
    smaller = sum(0.0 < of_group[0] < LEAST_CASES for of_group in totals)
    if not groups:
        return ProtectedColumn(partition.column, (), smaller)
    reference = max(groups, key=lambda one: one.selection.value or 0.0)
    compared = tuple(_compared(one, reference) for one in groups)
    return ProtectedColumn(partition.column, compared, smaller, reference.name)


def _group(
    name: str, cases: float, ones: float, selected: float, hits: float, expected: float
) -> Group:
    predicted = expected / cases
    lower, upper = wilson_interval(ones, cases)
    return Group(
        name=name,
        cases=cases,
        positives=ones,
        selection=Rate.of(selected, cases),
        true_positive=Rate.of(hits, ones),
        false_positive=Rate.of(selected - hits, cases - ones),
        difference=ones / cases - predicted,
        difference_interval=(lower - predicted, upper - predicted),
    )


def _compared(group: Group, reference: Group) -> Group:
    """Add the ratio: log(r / r₀) has variance (1 − r) / (n r) + (1 − r₀) / (n₀ r₀)."""
    rate, best = group.selection.value, reference.selection.value
    if not best or rate is None:
        return group
    if group.name == reference.name:
        return replace(group, ratio=1.0)
    if rate == 0.0:
        return replace(group, ratio=0.0)
    ratio = rate / best
    variance = (1.0 - rate) / (group.cases * rate) + (1.0 - best) / (reference.cases * best)
    half = NORMAL * sqrt(variance)
    return replace(
        group, ratio=ratio, ratio_interval=(exp(log(ratio) - half), exp(log(ratio) + half))
    )
