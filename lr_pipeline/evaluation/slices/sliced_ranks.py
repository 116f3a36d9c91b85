"""The area under the ROC curve in each of many parts, from one sort of the scores.

In each part the area is the mean, over its ones, of the share of zeros with a lower score, ties
counted half; its variance is DeLong's: that of these shares among the ones by their number, plus
the same of the zeros.

Source: E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988), 837–845.
"""

from math import exp, log, sqrt

import numpy as np

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.slices.row_partitions import Codes

NORMAL = 1.959963984540054  # Φ⁻¹(0.975)
LEAST_OF_A_CLASS = 10.0  # cases, for an interval

Area = tuple[float | None, tuple[float, float] | None]


def sliced_areas(
    codes: Codes, y: RowVector, score: RowVector, weight: RowVector, parts: int
) -> list[Area]:
    """Return the area in each part with its 95 % interval, on the scale of its log odds."""
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
        spread1 = np.bincount(part, tied_ones * (of_ones - area[part]) ** 2, parts)
        spread0 = np.bincount(part, tied_zeros * (of_zeros - area[part]) ** 2, parts)
        variance = spread1 / (n1 - 1.0) / n1 + spread0 / (n0 - 1.0) / n0
    both = (n1 > 0) & (n0 > 0)
    enough = both & (n1 >= LEAST_OF_A_CLASS) & (n0 >= LEAST_OF_A_CLASS)
    return [
        (
            float(area[j]) if both[j] else None,
            _interval(area[j], variance[j]) if enough[j] else None,
        )
        for j in range(parts)
    ]


def _interval(area: float, variance: float) -> tuple[float, float] | None:
    """Return the interval on the scale of log odds; None at 0 and 1, where it has no width."""
    if not 0.0 < area < 1.0 or not variance > 0.0:
        return None
    centre, half = log(area / (1.0 - area)), NORMAL * sqrt(variance) / (area * (1.0 - area))
    low, high = (1.0 / (1.0 + exp(-(centre + side))) for side in (-half, half))
    return low, high
