"""The area under the ROC curve in each of many parts, from one sort of the scores.

In each part the area is the mean, over its ones, of the share of zeros with a lower score, ties
counted half; its variance is DeLong's: that of these shares among the ones by their number, plus
the same of the zeros. Where rows have groups it is that between groups (Obuchowski).

Source: E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988), 837–845;
N. A. Obuchowski, Biometrics 53 (1997), 567–578.
"""

from math import exp, log, sqrt

import numpy as np

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.slices.part_units import PartUnits

# Cases, for an interval. More than for the metrics of all rows: DeLong's variance is taken as it
# is here, without the added cases that keep it from being too small (``areas.auc_interval``).
LEAST_OF_A_CLASS = 10.0

Area = tuple[float | None, tuple[float, float] | None]


def sliced_areas(units: PartUnits, y: RowVector, score: RowVector, weight: RowVector) -> list[Area]:
    """Return the area in each part with its 95 % interval, on the scale of its log odds."""
    codes, parts = units.codes, units.parts
    order = np.lexsort([score, codes])
    codes, y, score, weight = codes[order], y[order], score[order], weight[order]
    ones, zeros = weight * y, weight * (1.0 - y)
    new = np.ones(len(codes), bool)
    new[1:] = (codes[1:] != codes[:-1]) | (score[1:] != score[:-1])
    starts = np.flatnonzero(new)
    if len(starts) == 0:
        return [(None, None)] * parts
    tied_ones, tied_zeros = np.add.reduceat(ones, starts), np.add.reduceat(zeros, starts)
    part = codes[starts]
    n1, n0 = np.bincount(part, tied_ones, parts), np.bincount(part, tied_zeros, parts)
    before = np.concatenate([[0.0], np.cumsum(n0)])[part]
    zeros_below = np.cumsum(tied_zeros) - tied_zeros - before
    ones_before = np.concatenate([[0.0], np.cumsum(n1)])[part]
    ones_below = np.cumsum(tied_ones) - tied_ones - ones_before
    with np.errstate(divide="ignore", invalid="ignore"):
        of_ones = (zeros_below + tied_zeros / 2.0) / n0[part]
        of_zeros = (n1[part] - ones_below - tied_ones / 2.0) / n1[part]
        area = np.bincount(part, tied_ones * of_ones, parts) / n1
        of_ones, of_zeros = of_ones - area[part], of_zeros - area[part]
        if units.pair is None:
            spread1 = np.bincount(part, tied_ones * of_ones**2, parts)
            spread0 = np.bincount(part, tied_zeros * of_zeros**2, parts)
            variance = spread1 / (n1 - 1.0) / n1 + spread0 / (n0 - 1.0) / n0
        else:
            place, influence = np.cumsum(new) - 1, np.empty(len(order))
            influence[order] = np.where(
                y > 0, (of_ones / n1[part])[place], (of_zeros / n0[part])[place]
            )
            weights = np.empty(len(order))
            weights[order] = weight
            variance = units.variances(np.nan_to_num(influence), weights)
    both = (n1 > 0) & (n0 > 0)
    enough = both & (n1 >= LEAST_OF_A_CLASS) & (n0 >= LEAST_OF_A_CLASS)
    return [
        (
            float(area[j]) if both[j] else None,
            _interval(area[j], variance[j], units.quantile(j))
            if enough[j] and units.enough(j)
            else None,
        )
        for j in range(parts)
    ]


def _interval(area: float, variance: float, quantile: float) -> tuple[float, float] | None:
    """Return the interval on the scale of log odds; None at 0 and 1, where it has no width."""
    if not 0.0 < area < 1.0 or not variance > 0.0:
        return None
    centre, half = log(area / (1.0 - area)), quantile * sqrt(variance) / (area * (1.0 - area))
    low, high = (1.0 / (1.0 + exp(-(centre + side))) for side in (-half, half))
    return low, high
