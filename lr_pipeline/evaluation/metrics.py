"""Metrics: how well predicted probabilities agree with the labels of a test set."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple

import numpy as np

from lr_pipeline.core.ranking import CountsByScore, RankSums, count_scores
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.label_metrics import label_metrics
from lr_pipeline.evaluation.roc_hull import RocHull
from lr_pipeline.evaluation.score_sums import ScoreSums
from lr_pipeline.models.decision.decision import THRESHOLD

ROUNDING = 2.0**-46  # of a Brier score: what its parts can be wrong by
RANKED = ("roc_auc", "gini", "average_precision", "ks")


class Metric(NamedTuple):
    """A metric as a table column: its field of ``Metrics``, its heading, and which end is best."""

    name: str
    heading: str
    larger_is_better: bool


def _column(heading: str, best: Literal["largest", "smallest"]) -> dict[str, Any]:
    """Metadata of a field that reports show as a column."""
    return {"heading": heading, "larger_is_better": best == "largest"}


@dataclass(frozen=True)
class Metrics:
    """Means over the rows of a test set, each row times its weight; ``None`` where undefined.

    The confusion counts are numbers of rows, or sums of weights where there are weights.
    ``reasons`` says, for every metric that is ``None``, why.
    """

    log_loss: float | None = field(metadata=_column("Log loss", best="smallest"))
    brier_score: float = field(metadata=_column("Brier score", best="smallest"))
    brier_reliability: float = field(metadata=_column("– miscalibration", best="smallest"))
    brier_resolution: float = field(metadata=_column("– resolution", best="largest"))
    brier_uncertainty: float = field(metadata=_column("– uncertainty", best="smallest"))
    roc_auc: float | None = field(metadata=_column("ROC AUC", best="largest"))
    gini: float | None = field(metadata=_column("Gini", best="largest"))
    average_precision: float | None = field(metadata=_column("Average precision", best="largest"))
    ks: float | None = field(metadata=_column("KS", best="largest"))
    accuracy: float = field(metadata=_column("Accuracy", best="largest"))
    balanced_accuracy: float | None = field(metadata=_column("Balanced accuracy", best="largest"))
    precision: float | None = field(metadata=_column("Precision", best="largest"))
    recall: float | None = field(metadata=_column("Recall", best="largest"))
    specificity: float | None = field(metadata=_column("Specificity", best="largest"))
    f1: float | None = field(metadata=_column("F1", best="largest"))
    mcc: float | None = field(metadata=_column("MCC", best="largest"))
    true_negative: int | float
    false_positive: int | float
    false_negative: int | float
    true_positive: int | float
    reasons: Mapping[str, str] = field(default_factory=dict)

    def numbers(self) -> dict[str, int | float | None]:
        """Every metric by name, without the reasons."""
        return {name: value for name, value in vars(self).items() if name != "reasons"}

    @classmethod
    def of(cls, sums: ScoreSums, ranks: RankSums, hull: RocHull) -> "Metrics":
        """Compute the metrics from sums over the rows and from what their scores' order tells."""
        cells = sums.confusion()
        log_loss, log_loss_reason = sums.mean_log_loss()
        values, reasons = label_metrics(**cells)
        brier, calibrated = sums.squared / sums.weight, hull.calibrated_brier
        share = ranks.positive / (ranks.negative + ranks.positive)
        uncertainty = share * (1.0 - share)
        reasons |= {"log_loss": log_loss_reason}
        if ranks.negative > 0.0 and ranks.positive > 0.0:
            areas = (ranks.roc_auc, 2.0 * ranks.roc_auc - 1.0, ranks.average_precision)
            values |= dict(zip(RANKED, (*areas, hull.largest_gap), strict=True))
        else:
            label = "0" if ranks.positive == 0.0 else "1"
            alike = f"all {sums.rows} test labels are {label}: there is nothing to rank"
            values |= dict.fromkeys(RANKED)
            reasons |= dict.fromkeys(RANKED, alike)
        return cls(
            log_loss=log_loss,
            brier_score=brier,
            brier_reliability=_above_rounding(brier - calibrated, brier),
            brier_resolution=_above_rounding(uncertainty - calibrated, uncertainty),
            brier_uncertainty=uncertainty,
            **values,  # type: ignore[arg-type]
            **cells,
            reasons={metric: reason for metric, reason in reasons.items() if reason},
        )


METRICS = tuple(Metric(one.name, **one.metadata) for one in fields(Metrics) if one.metadata)
HEADINGS = {one.name: one.heading for one in METRICS}


def evaluate(
    labels: RowVector,
    probabilities: RowVector,
    weight: RowVector | None = None,
    linear_predictor: RowVector | None = None,
    counts: CountsByScore | None = None,
    threshold: float = THRESHOLD,
) -> Metrics:
    """Compare predictions with labels.

    - ``accuracy``: share of rows with (p > threshold) = y; for the other metrics of labels see
      `label_metrics`;
    - ``brier_score``: mean of (p − y)², which is defined for predictions outside [0, 1] too. It
      is exactly ``brier_reliability`` − ``brier_resolution`` + ``brier_uncertainty``: with C the
      Brier score of the isotonic regression of y on the scores and U = π (1 − π), π the share of
      ones, these are B − C (what calibration could gain), U − C (what the ranking is worth) and U
      (CORP, without bins: Dimitriadis, Gneiting and Jordan, PNAS 118 (2021), e2016191118);
    - ``log_loss``: mean of log(1 + exp(z)) − y z from the linear predictor z where it is given,
      else of −y log p − (1 − y) log(1 − p); ``None`` where a prediction is outside [0, 1], or where
      p = 0 or p = 1 was wrong (the mean would be infinite). Nothing is clipped;
    - ``roc_auc``, ``average_precision``: as in scikit-learn, ranked by z where it is given, since p
      rounds to 1 from z = 37; ``None`` where all labels are the same.

    Parameters
    ----------
    labels (n,)
        0 or 1.
    probabilities (n,)
        The predicted probability of 1; a linear model may leave [0, 1].
    weight (n,)
        How often each row counts; rows of weight 0 do not count at all.
    linear_predictor (n,)
        z with p = σ(z), for logistic models.
    counts
        The rows counted by their score, if this is known: the costly part.
    threshold
        The answer is 1 where the probability is above it.

    Raises
    ------
    ValueError
        If no row counts, or a label, prediction or weight is not as described.
    """
    weight = np.ones_like(labels) if weight is None else _checked_weight(weight)
    y, p, z, row_weight = labels, probabilities, linear_predictor, weight
    counted = weight > 0
    if not counted.all():
        y, p, row_weight = y[counted], p[counted], weight[counted]
        z = None if z is None else z[counted]
    if y.size == 0:
        raise ValueError("expected test rows with positive weight, found none")
    sums = ScoreSums.of(y, p, row_weight, z, threshold)
    if counts is None:
        counts = count_scores(y, p if z is None else z, row_weight)
    return Metrics.of(sums, RankSums().then(counts), RocHull.of(counts))


def _above_rounding(part: float, of: float) -> float:
    """Return a part of a Brier score, 0 if it is no more than what rounding makes of 0."""
    return part if abs(part) > ROUNDING * of else 0.0


def _checked_weight(weight: RowVector) -> RowVector:
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"weights must be finite and not negative, found {weight[row]} at test row {row}"
        )
    return weight
