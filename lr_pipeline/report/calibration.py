"""Whether events predicted with probability p happen in a share p of the cases."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri

from lr_pipeline.core.types import RowVector


class CalibrationBin(NamedTuple):
    """Rows with neighbouring predictions: how many, what was predicted, what happened.

    ``lower`` and ``upper`` are Wilson's 95 % interval for the share of ones.
    """

    rows: int
    mean_prediction: float
    observed_share: float
    lower: float
    upper: float


def calibration_bins(
    labels: RowVector, probabilities: RowVector, bins: int | None = None
) -> tuple[CalibrationBin, ...]:
    """Group the rows at the quantiles of their predictions; rows are not weighted.

    ``bins`` is √n, between 2 and 10, unless given. Rows with equal predictions are never parted,
    so ties leave fewer bins, of unequal size.
    """
    bins = bins or min(10, max(2, round(math.sqrt(labels.size))))
    edges = np.quantile(probabilities, np.linspace(0, 1, bins + 1))
    bin_of_row = np.searchsorted(edges[1:-1], probabilities)
    return tuple(
        _summarize(labels[bin_of_row == bin_], probabilities[bin_of_row == bin_])
        for bin_ in np.unique(bin_of_row)
    )


def _summarize(labels: RowVector, probabilities: RowVector) -> CalibrationBin:
    lower, upper = wilson_interval(float(labels.sum()), labels.size)
    return CalibrationBin(
        labels.size, float(probabilities.mean()), float(labels.mean()), lower, upper
    )


def wilson_interval(successes: float, rows: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for a share: all π with |π̂ − π| ≤ q √(π (1 − π) / n).

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209–212.
    """
    q2 = float(ndtri((1 + level) / 2)) ** 2
    centre = (successes + q2 / 2) / (rows + q2)
    spread = math.sqrt(q2 * (successes * (rows - successes) / rows + q2 / 4)) / (rows + q2)
    return max(centre - spread, 0.0), min(centre + spread, 1.0)
