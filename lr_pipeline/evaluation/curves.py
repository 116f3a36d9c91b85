"""Compute what the figures of a test set show: points of curves, bins, bars and areas."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from lr_pipeline.core.ranking import CountsByScore, RankSums, count_scores
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.calibration import (
    CalibrationBin,
    PredictionHistogram,
    calibration_bins,
    prediction_histogram,
)

DRAWN_CELLS = 4096  # along each side of a picture's grid: about ten in a pixel

Rates = Float64[np.ndarray, " points"]
PointMask = Bool[np.ndarray, " points"]


@dataclass(frozen=True, eq=False)
class RankCurves:
    """ROC and precision-recall curve of one model's scores, with the areas under them."""

    false_positive_rate: Rates
    true_positive_rate: Rates
    recall: Float64[np.ndarray, " steps"]
    precision: Float64[np.ndarray, " steps"]
    roc_auc: float
    average_precision: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """How one model's predictions are distributed, and how often they were right."""

    bins: tuple[CalibrationBin, ...]
    histogram: PredictionHistogram


def rank_curves(y: RowVector, score: RowVector, weight: RowVector | None = None) -> RankCurves:
    """Return both curves for rows of both labels; every distinct score is a threshold.

    Where points of the ROC curve lie on one straight line, only its ends are kept.
    """
    return curves_of_counts(count_scores(y, score, np.ones_like(y) if weight is None else weight))


def curves_of_counts(counts: CountsByScore) -> RankCurves:
    """Return both curves of rows that have been counted by score."""
    sums = RankSums().then(counts)
    negative, positive = np.cumsum(counts.negative[::-1]), np.cumsum(counts.positive[::-1])
    bends = (np.diff(negative, 2) != 0.0) | (np.diff(positive, 2) != 0.0)
    corners = np.concatenate([[True], bends, [True]])[: len(negative)]
    precision = positive / (positive + negative)
    return RankCurves(
        false_positive_rate=np.append(0.0, negative[corners] / negative[-1]),
        true_positive_rate=np.append(0.0, positive[corners] / positive[-1]),
        recall=np.append((positive / positive[-1])[::-1], 0.0),
        precision=np.append(precision[::-1], 1.0),
        roc_auc=sums.roc_auc,
        average_precision=sums.average_precision,
    )


def drawn_curves(curves: RankCurves, roc_auc: float, average_precision: float) -> RankCurves:
    """Return the points that differ in a picture, with areas that may be of more rows."""
    roc = _apart(curves.false_positive_rate, curves.true_positive_rate)
    steps = _apart(curves.recall, curves.precision)
    return RankCurves(
        curves.false_positive_rate[roc],
        curves.true_positive_rate[roc],
        curves.recall[steps],
        curves.precision[steps],
        roc_auc,
        average_precision,
    )


def _apart(x: Rates, y: Rates) -> PointMask:
    """(points,) whether a point lies in another cell of a fine grid than the one before or after.

    The first and the last point of each cell are kept.
    """
    moved = np.zeros(len(x) + 1, bool)
    moved[[0, -1]] = True
    for values in (x, y):
        cells = np.floor(values * DRAWN_CELLS)
        moved[1:-1] |= cells[1:] != cells[:-1]
    return moved[1:] | moved[:-1]


def calibration_of(
    labels: RowVector, probabilities: RowVector, weight: RowVector | None = None
) -> Calibration:
    """Return the bins and the histogram of one model's predictions."""
    return Calibration(
        calibration_bins(labels, probabilities, weight=weight),
        prediction_histogram(labels, probabilities, weight),
    )
