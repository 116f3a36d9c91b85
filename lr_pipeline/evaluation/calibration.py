"""Calibration: whether, of the cases with predicted probability p, a share p are ones."""

import math
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import ndtri

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.level_counts import plain_count

HISTOGRAM_BINS = 25

Shares = Float64[np.ndarray, " k"]


class CalibrationBin(NamedTuple):
    """Rows with neighbouring predictions: their number, mean prediction and share of ones.

    A row of weight 3 is three ``cases``; ``lower`` and ``upper`` are Wilson's 95 % interval for the
    share of ones.
    """

    cases: int | float
    mean_prediction: float
    observed_share: float
    lower: float
    upper: float


def calibration_bins(
    labels: RowVector,
    probabilities: RowVector,
    bins: int | None = None,
    weight: RowVector | None = None,
) -> tuple[CalibrationBin, ...]:
    """Group the rows at the quantiles of their predictions.

    ``bins`` is √n of n cases, between 2 and 10, unless given. Rows with equal predictions share a
    bin, so that ties leave fewer bins, of unequal size.
    """
    bin_of_row = row_bins(probabilities, bins, weight)
    counted = np.ones_like(probabilities) if weight is None else weight
    sums = [np.bincount(bin_of_row, counted * of) for of in (1.0, labels, probabilities)]
    return tuple(_summarize(*of_bin) for of_bin in np.transpose(sums).tolist() if of_bin[0] > 0)


def row_bins(
    probabilities: RowVector, bins: int | None = None, weight: RowVector | None = None
) -> Int64[np.ndarray, " n"]:
    """(n,) the number of each row's bin, from 0, in the order of the predictions."""
    cases = probabilities.size if weight is None else float(weight.sum())
    bins = bins or min(10, max(2, round(math.sqrt(cases))))
    edges = quantiles(probabilities, np.linspace(0, 1, bins + 1)[1:-1], weight)
    return np.searchsorted(edges, probabilities)


class PredictionHistogram(NamedTuple):
    """Rows, or their weight, of each label by prediction, in equal bins between the ``edges``."""

    edges: Float64[np.ndarray, " bins+1"]
    zeros: Float64[np.ndarray, " bins"]
    ones: Float64[np.ndarray, " bins"]


def prediction_histogram(
    labels: RowVector,
    probabilities: RowVector,
    weight: RowVector | None = None,
    least_end: float = 1.0,
) -> PredictionHistogram:
    """Count the rows of each label in 25 bins that cover [0, ``least_end``] and all predictions."""
    ends = probabilities.min(initial=0.0), probabilities.max(initial=least_end)
    edges = np.histogram_bin_edges([], HISTOGRAM_BINS, ends)
    zeros, ones = (
        np.histogram(
            probabilities[labels == label],
            HISTOGRAM_BINS,
            ends,
            weights=None if weight is None else weight[labels == label],
        )[0].astype(np.float64)
        for label in (0, 1)
    )
    return PredictionHistogram(edges, zeros, ones)


def quantiles(values: RowVector, shares: Shares, weight: RowVector | None = None) -> Shares:
    """Return numpy's quantiles, where a value of weight 3 counts as three values.

    If weights are not whole numbers, the q-quantile is the least value up to which at least the
    share q of the weight lies.
    """
    if weight is None:
        return np.asarray(np.quantile(values, shares))
    order = np.argsort(values, kind="stable")
    values, ends = values[order], np.cumsum(weight[order])
    if (weight != np.floor(weight)).any():
        places = np.searchsorted(ends, shares * ends[-1])
        return np.asarray(values[np.minimum(places, len(values) - 1)])
    places = shares * (ends[-1] - 1.0)
    below, above = (
        values[np.searchsorted(ends, whole, side="right")]
        for whole in (np.floor(places), np.ceil(places))
    )
    return np.asarray(below + (above - below) * (places - np.floor(places)))


def _summarize(weight: float, positive: float, predicted: float) -> CalibrationBin:
    """Describe the rows of one bin by Σ weight, Σ weight y and Σ weight p."""
    cases = plain_count(weight)
    lower, upper = wilson_interval(positive, cases)
    return CalibrationBin(cases, predicted / cases, positive / cases, lower, upper)


def wilson_interval(
    successes: float, rows: int | float, level: float = 0.95
) -> tuple[float, float]:
    """Wilson's score interval for a share: all π with |π̂ − π| ≤ q √(π (1 − π) / n).

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209–212.
    """
    q2 = float(ndtri((1 + level) / 2)) ** 2
    centre = (successes + q2 / 2) / (rows + q2)
    spread = math.sqrt(q2 * (successes * (rows - successes) / rows + q2 / 4)) / (rows + q2)
    return max(centre - spread, 0.0), min(centre + spread, 1.0)
