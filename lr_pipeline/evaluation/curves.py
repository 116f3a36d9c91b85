"""Compute what the figures of a test set show: points of curves, bins, bars and areas."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.ranking import RankSums, count_scores
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.calibration import (
    CalibrationBin,
    PredictionHistogram,
    calibration_bins,
    prediction_histogram,
)
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.evaluation.metrics import Metrics

Rates = Float64[np.ndarray, " points"]


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
    counts = count_scores(y, score, np.ones_like(y) if weight is None else weight)
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


def curves_of_model(held_out: HeldOutRows, model: ModelSection, metrics: Metrics) -> RankCurves:
    """Return the curves of the gathered rows, with the areas of all rows from ``metrics``."""
    assert metrics.roc_auc is not None and metrics.average_precision is not None
    return replace(
        rank_curves(held_out.labels, model.score, held_out.weight),
        roc_auc=metrics.roc_auc,
        average_precision=metrics.average_precision,
    )


def calibration_of(
    labels: RowVector, probabilities: RowVector, weight: RowVector | None = None
) -> Calibration:
    """Return the bins and the histogram of one model's predictions."""
    return Calibration(
        calibration_bins(labels, probabilities, weight=weight),
        prediction_histogram(labels, probabilities, weight),
    )
