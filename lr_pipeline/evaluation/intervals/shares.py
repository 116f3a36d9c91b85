"""Intervals for shares of cases, and for what is computed from two shares or four counts."""

import math

import numpy as np

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.calibration import wilson_interval
from lr_pipeline.evaluation.intervals.interval import LEVEL, Interval
from lr_pipeline.evaluation.intervals.means import NORMAL
from lr_pipeline.evaluation.intervals.units import Cases, GroupCodes, t_quantile

Share = tuple[float, float]  # cases with the property, of so many


def wilson(share: Share) -> Interval:
    """Wilson's interval for a share of ``share[1]`` independent cases."""
    low, high = wilson_interval(*share, LEVEL)
    return Interval(low, high, method="Wilson")


def effective(share: Share, part: RowVector, whole: RowVector, cases: Cases) -> Share:
    """Return the share as one of the number of independent cases that tell as much as the groups.

    ``part`` and ``whole`` (n,) are 1 for the rows that are counted. With V the variance of the
    share p between groups (a ratio's linearisation), these are p (1 − p) / V cases, at most as many
    as there are. Where p is 0 or 1, each group is one case.

    Source: E. L. Korn and B. I. Graubard, Survey Methodology 24 (1998), 193–201.
    """
    successes, trials = share
    if cases.group is None or trials == 0:
        return share
    p = successes / trials
    if p in (0.0, 1.0):
        number = _groups_with(cases.group, whole, cases)
    else:
        mean = float(np.sum(cases.weight * whole)) / cases.total
        error = cases.spread((part - p * whole) / mean).standard_error
        number = min(p * (1.0 - p) / error**2 if error > 0 else trials, trials)
    return p * number, number


def by_t(share: Share, whole: RowVector, cases: Cases) -> Share:
    """Return an ``effective`` share as one of (1.96 / t)² times as many cases.

    Wilson's interval depends on q² / n alone, so that this is his with t in place of the normal
    quantile q: V is an estimate, with g − 1 degrees of freedom of the g groups of counted rows.
    Without groups, and where the share is 0 or 1, it stays.
    """
    successes, trials = share
    if cases.group is None or successes in (0.0, trials):
        return share
    factor = (NORMAL / t_quantile(max(_groups_with(cases.group, whole, cases) - 1.0, 1.0))) ** 2
    return successes * factor, trials * factor


def _groups_with(group: GroupCodes, whole: RowVector, cases: Cases) -> float:
    held = np.bincount(group, cases.weight * whole, cases.groups)
    return float(np.count_nonzero(held))


def f1_interval(jaccard: Interval) -> Interval:
    """F1 = 2 J / (1 + J) rises with J = tp / (tp + fp + fn), a share of cases."""
    if jaccard.ends is None:
        return jaccard
    low, high = (2.0 * end / (1.0 + end) for end in jaccard.ends)
    return Interval(low, high, jaccard.level, f"{jaccard.method} for tp / (tp + fp + fn)")


def mean_of_two(first: Share, second: Share, correlation: float = 0.0) -> Interval:
    """Interval for the mean of two shares, from Wilson's of each (square and add).

    Each end is √(a² + b² + 2 r a b) / 2 from the mean, a and b the distances of the shares' own
    ends, r the ``correlation`` of their estimates: 0 if they are of independent cases.

    Source: R. G. Newcombe, Statistics in Medicine 17 (1998), 873–890 (r = 0); G. Y. Zou and
    A. Donner, Statistics in Medicine 27 (2008), 1693–1702.
    """
    shares = [successes / trials for successes, trials in (first, second)]
    ends = [wilson_interval(*share) for share in (first, second)]
    centre = sum(shares) / 2.0
    below = _added(correlation, *(p - low for p, (low, _) in zip(shares, ends, strict=True)))
    above = _added(correlation, *(high - p for p, (_, high) in zip(shares, ends, strict=True)))
    method = "Wilson's, squared and added (Newcombe)"
    return Interval(centre - below / 2.0, centre + above / 2.0, method=method)


def _added(correlation: float, a: float, b: float) -> float:
    return math.sqrt(max(a * a + b * b + 2.0 * correlation * a * b, 0.0))
