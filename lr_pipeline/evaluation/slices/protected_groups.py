"""A model's decisions in the groups of a protected column: rates by group, and their ratio."""

from dataclasses import dataclass, replace
from math import exp, log, sqrt

import numpy as np

from lr_pipeline.evaluation.calibration import wilson_interval
from lr_pipeline.evaluation.slices.mean_errors import mean_errors
from lr_pipeline.evaluation.slices.part_units import PartUnits
from lr_pipeline.evaluation.slices.row_partitions import Partition
from lr_pipeline.evaluation.slices.slice_results import LEAST_CASES, ScoredRows

FOUR_FIFTHS = 0.8


@dataclass(frozen=True)
class Rate:
    """A share of ``cases`` with Wilson's 95 % interval; None without cases or with too few groups.

    ``independent``: for how many independent cases that is.
    """

    cases: float
    value: float | None
    interval: tuple[float, float] | None
    independent: float = 0.0

    @classmethod
    def of(cls, successes: float, cases: float, independent: float, level: float | None) -> "Rate":
        """Return the share of successes; without ``level`` there is no interval."""
        if cases <= 0.0:
            return cls(0.0, None, None)
        share = successes / cases
        if level is None:
            return cls(cases, share, None, independent)
        interval = wilson_interval(share * independent, independent, level)
        return cls(cases, share, interval, independent)


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
    difference_interval: tuple[float, float] | None
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


def surely_below(group: Group, reference: Group) -> bool:
    """Whether chance does not explain that a group's rate is below four fifths of the reference's.

    Then the ratio's interval is below 0.8. A rate of 0 has none: its own interval must then end
    below four fifths of where the reference's begins.
    """
    if group.ratio_interval is not None:
        return group.ratio_interval[1] < FOUR_FIFTHS
    ends, best = group.selection.interval, reference.selection.interval
    if group.ratio != 0.0 or ends is None or best is None:
        return False
    return ends[1] < FOUR_FIFTHS * best[0]


def protected_column(partition: Partition, rows: ScoredRows, threshold: float) -> ProtectedColumn:
    """Compare the groups; the answer is yes where p > ``threshold``."""
    inside = partition.codes >= 0
    codes, k = partition.codes[inside], len(partition.names)
    y, p, weight = rows.y[inside], rows.p[inside], rows.weight[inside]
    yes = np.asarray(p > threshold, np.float64)
    units = PartUnits.of(codes, k, None if rows.group is None else rows.group[inside])
    shares = ((yes, np.ones_like(y)), (yes * y, y), (yes * (1.0 - y), 1.0 - y))
    rates = [
        (
            units.sums(weight * part),
            units.sums(weight * whole),
            units.independent(part, whole, weight),
        )
        for part, whole in shares
    ]
    cases, ones = units.sums(weight), units.sums(weight * y)
    shown = np.flatnonzero(cases >= LEAST_CASES).tolist()
    smaller = int(np.count_nonzero((cases > 0) & (cases < LEAST_CASES)))
    if not shown:
        return ProtectedColumn(partition.column, (), smaller)
    errors = mean_errors(units, y, p, weight)
    groups = []
    for j in shown:
        level = units.level(j) if units.enough(j) else None
        selection, hits, false_alarms = (
            Rate.of(float(part[j]), float(whole[j]), float(number[j]), level)
            for part, whole, number in rates
        )
        groups.append(
            Group(
                name=partition.names[j],
                cases=float(cases[j]),
                positives=float(ones[j]),
                selection=selection,
                true_positive=hits,
                false_positive=false_alarms,
                difference=errors[j].difference,
                difference_interval=errors[j].interval,
            )
        )
    reference = max(groups, key=lambda one: one.selection.value or 0.0)
    compared = tuple(
        _compared(one, reference, units.quantile(j)) for one, j in zip(groups, shown, strict=True)
    )
    return ProtectedColumn(partition.column, compared, smaller, reference.name)


def _compared(group: Group, reference: Group, quantile: float) -> Group:
    """Add the ratio: log(r / r₀) has variance (1 − r) / (n r) + (1 − r₀) / (n₀ r₀).

    n and n₀ are numbers of independent cases.
    """
    rate, best = group.selection.value, reference.selection.value
    if not best or rate is None:
        return group
    if group.name == reference.name:
        return replace(group, ratio=1.0)
    if rate == 0.0:
        return replace(group, ratio=0.0)
    ratio, one, other = rate / best, group.selection, reference.selection
    if one.interval is None or other.interval is None:
        return replace(group, ratio=ratio)
    variance = (1.0 - rate) / (one.independent * rate) + (1.0 - best) / (other.independent * best)
    half = quantile * sqrt(variance)
    return replace(
        group, ratio=ratio, ratio_interval=(exp(log(ratio) - half), exp(log(ratio) + half))
    )
