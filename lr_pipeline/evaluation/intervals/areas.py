"""Intervals for the areas under the ROC curve and under the precision-recall curve."""

import math

import numpy as np
from scipy.special import expit, logit

from lr_pipeline.core.ranking import CountsByScore
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.intervals.influence import precision_owed_to_itself
from lr_pipeline.evaluation.intervals.interval import Interval, no_interval
from lr_pipeline.evaluation.intervals.means import logit_interval
from lr_pipeline.evaluation.intervals.units import Cases, t_quantile

# Times the degrees of freedom of the rarer class: with fewer, intervals cover too often, with more
# too seldom.
FREEDOM = 5.0
NO_SPREAD = "the rows that are there leave no spread to measure"


def auc_interval(area: float, influence: RowVector, cases: Cases) -> Interval:
    """DeLong's interval for the ROC AUC on the logit scale, with a pseudo-case in each class.

    DeLong's variance is a class's variance of V, the share of the other class that a case is ranked
    above (or below), over its number, summed over the classes. It is too small near 1 and for few
    cases, so that each class is given one case more, with V = 1/2 (as Agresti and Coull add cases
    to a share), and t has FREEDOM times as many degrees of freedom as the rarer class. Where rows
    have groups, the variance is that between groups, without such a case.

    Source: E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988), 837–845;
    N. A. Obuchowski, Biometrics 53 (1997), 567–578, for groups.
    """
    if cases.group is not None:
        spread = cases.class_spread(influence)
        if not 0.0 < area < 1.0 or spread.standard_error == 0.0:
            return no_interval(NO_SPREAD)
        return logit_interval(area, spread, "DeLong between groups, on the logit scale")
    variance, centre = 0.0, 0.0
    squares = cases.weight * influence * influence
    of_ones = float(np.sum(squares * cases.labels))
    for m, of_class in zip(cases.classes, (float(squares.sum()) - of_ones, of_ones), strict=True):
        squared = of_class * (m / cases.total) ** 2  # Σ (V − A)²
        mean = area + (0.5 - area) / (m + 1.0)
        squared += m * (area - mean) ** 2 + (0.5 - mean) ** 2
        variance += squared / (m * (m + 1.0)) * cases.share
        centre += mean / 2.0
    t = t_quantile(FREEDOM * cases.freedom)
    width = t * math.sqrt(variance) / (centre * (1.0 - centre))
    low, high = (float(expit(logit(centre) + side * width)) for side in (-1, 1))
    return Interval(min(low, area), max(high, area), method="DeLong, on the logit scale")


def precision_interval(
    area: float, influence: RowVector, counts: CountsByScore, cases: Cases
) -> Interval:
    """Interval for the average precision T: symmetric for log c, variance by the jackknife.

    c is T less what positive cases owe to counting themselves, which makes T too large where they
    are rare. t has as many degrees of freedom as for the ROC AUC; between groups, those of the
    groups' variance.
    """
    centre = area - precision_owed_to_itself(counts, cases.unit) * cases.share
    spread = cases.class_spread(influence)
    if not 0.0 < centre < 1.0 or spread.standard_error == 0.0:
        return no_interval(NO_SPREAD)
    t = t_quantile(FREEDOM * cases.freedom) if cases.group is None else spread.quantile
    width = t * spread.standard_error / centre
    low, high = (min(centre * math.exp(side * width), 1.0) for side in (-1, 1))
    return Interval(min(low, area), max(high, area), method="jackknife of its logarithm")
