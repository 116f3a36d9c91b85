"""Metrics: how well predicted probabilities agree with the labels of a test set."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple

import numpy as np

from lr_pipeline.core.ranking import CountsByScore, RankSums, count_scores
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.score_sums import THRESHOLD, ScoreSums


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

    accuracy: float = field(metadata=_column("Accuracy", best="largest"))
    log_loss: float | None = field(metadata=_column("Log loss", best="smallest"))
    roc_auc: float | None = field(metadata=_column("ROC AUC", best="largest"))
    average_precision: float | None = field(metadata=_column("Average precision", best="largest"))
    brier_score: float = field(metadata=_column("Brier score", best="smallest"))
    true_negative: int | float
    false_positive: int | float
    false_negative: int | float
    true_positive: int | float
    reasons: Mapping[str, str] = field(default_factory=dict)

    def numbers(self) -> dict[str, int | float | None]:
        """Every metric by name, without the reasons."""
        return {name: value for name, value in vars(self).items() if name != "reasons"}

    @classmethod
    def of(cls, sums: ScoreSums, ranks: RankSums) -> "Metrics":
        """Compute the metrics from sums over the rows and from running sums by score."""
        both = ranks.negative > 0.0 and ranks.positive > 0.0
        label = "0" if ranks.positive == 0.0 else "1"
        alike = f"all {sums.rows} test labels are {label}: there is nothing to rank"
        log_loss, log_loss_reason = sums.mean_log_loss()
        cells = sums.confusion()
        reasons = {
            "log_loss": log_loss_reason,
            "roc_auc": "" if both else alike,
            "average_precision": "" if both else alike,
        }
        return cls(
            accuracy=(cells["true_negative"] + cells["true_positive"]) / sums.weight,
            log_loss=log_loss,
            roc_auc=ranks.roc_auc if both else None,
            average_precision=ranks.average_precision if both else None,
            brier_score=sums.squared / sums.weight,
            **cells,
            reasons={metric: reason for metric, reason in reasons.items() if reason},
        )


METRICS = tuple(Metric(one.name, **one.metadata) for one in fields(Metrics) if one.metadata)


def evaluate(
    labels: RowVector,
    probabilities: RowVector,
    weight: RowVector | None = None,
    linear_predictor: RowVector | None = None,
    counts: CountsByScore | None = None,
    threshold: float = THRESHOLD,
) -> Metrics:
    """Compare predictions with labels.

    - ``accuracy``: share of rows with (p > threshold) = y;
    - ``brier_score``: mean of (p − y)², which is defined for predictions outside [0, 1] too;
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
    return Metrics.of(sums, RankSums().then(counts))


def _checked_weight(weight: RowVector) -> RowVector:
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"weights must be finite and not negative, found {weight[row]} at test row {row}"
        )
    return weight
