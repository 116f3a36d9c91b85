"""How well predicted probabilities foretell the labels of a test set."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.special import xlog1py, xlogy

from lr_pipeline.core import logistic
from lr_pipeline.core.types import RowVector
from lr_pipeline.report.number_format import significant

THRESHOLD = 0.5


@dataclass(frozen=True)
class Metrics:
    """Means over the rows of a test set, each row times its weight; ``None`` where undefined.

    The confusion counts are numbers of rows, or sums of weights where there are weights.
    ``reasons`` says, for every metric that is ``None``, why.
    """

    accuracy: float
    log_loss: float | None
    roc_auc: float | None
    average_precision: float | None
    brier_score: float
    true_negative: int | float
    false_positive: int | float
    false_negative: int | float
    true_positive: int | float
    reasons: Mapping[str, str] = field(default_factory=dict)

    def numbers(self) -> dict[str, int | float | None]:
        """Every metric by name, without the reasons."""
        return {name: value for name, value in vars(self).items() if name != "reasons"}


def evaluate(
    labels: RowVector,
    probabilities: RowVector,
    weight: RowVector | None = None,
    linear_predictor: RowVector | None = None,
) -> Metrics:
    """Compare predictions with labels.

    - ``accuracy``: share of rows with (p > 0.5) = y; ``brier_score``: mean of (p − y)², which is
      defined for predictions outside [0, 1] too;
    - ``log_loss``: mean of log(1 + exp(z)) − y z from the linear predictor z where it is given,
      else of −y log p − (1 − y) log(1 − p); ``None`` where a prediction is no probability or
      where p = 0 or p = 1 was wrong (the mean would be infinite). Nothing is clipped;
    - ``roc_auc``, ``average_precision``: scikit-learn's, ranked by z where it is given, since p
      rounds to 1 from z = 37; ``None`` where the labels are all alike.

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

    Raises
    ------
    ValueError
        If no row counts, or a label, prediction or weight is not as described.
    """
    weight = np.ones_like(labels) if weight is None else _checked_weight(weight)
    counted = weight > 0
    y, p, row_weight = labels[counted], probabilities[counted], weight[counted]
    z = None if linear_predictor is None else linear_predictor[counted]
    _check_rows(y, p)
    log_loss, log_loss_reason = _mean_log_loss(y, p, row_weight, z)
    roc_auc, average_precision, rank_reason = _rank_metrics(y, p if z is None else z, row_weight)
    reasons = {
        "log_loss": log_loss_reason,
        "roc_auc": rank_reason,
        "average_precision": rank_reason,
    }
    return Metrics(
        accuracy=float(np.average((p > THRESHOLD) == y, weights=row_weight)),
        log_loss=log_loss,
        roc_auc=roc_auc,
        average_precision=average_precision,
        brier_score=float(np.average((p - y) ** 2, weights=row_weight)),
        **_confusion_counts(y, p, row_weight),
        reasons={metric: reason for metric, reason in reasons.items() if reason},
    )


def _checked_weight(weight: RowVector) -> RowVector:
    wrong = ~(np.isfinite(weight) & (weight >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"weights must be finite and not negative, found {weight[row]} at test row {row}"
        )
    return weight


def _check_rows(labels: RowVector, probabilities: RowVector) -> None:
    if labels.size == 0:
        raise ValueError("expected test rows with positive weight, found none")
    wrong = (labels != 0) & (labels != 1)
    if wrong.any():
        raise ValueError(f"labels must be 0 or 1, found {labels[np.argmax(wrong)]}")
    wrong = ~np.isfinite(probabilities)
    if wrong.any():
        raise ValueError(
            f"predictions must be finite, found {np.count_nonzero(wrong)} of {wrong.size} that "
            f"are not (first {probabilities[np.argmax(wrong)]}): look at the model's input"
        )


def _mean_log_loss(
    y: RowVector, p: RowVector, weight: RowVector, z: RowVector | None
) -> tuple[float | None, str]:
    """The mean log loss, or ``None`` and why."""
    if z is not None:
        return float(np.average(logistic.log_loss(z, y), weights=weight)), ""
    outside = np.count_nonzero((p < 0) | (p > 1))
    if outside:
        smallest, largest = significant(float(p.min()), 3), significant(float(p.max()), 3)
        return None, (
            f"{outside} of {p.size} predictions fall outside [0, 1] "
            f"(smallest {smallest}, largest {largest}), so they are no probabilities"
        )
    impossible = np.count_nonzero(p == 1 - y)
    if impossible:
        return None, f"infinite: {impossible} of {p.size} predictions of exactly 0 or 1 are wrong"
    return float(np.average(-xlogy(y, p) - xlog1py(1 - y, -p), weights=weight)), ""


def _rank_metrics(
    y: RowVector, score: RowVector, weight: RowVector
) -> tuple[float | None, float | None, str]:
    """ROC AUC and average precision, or ``None`` twice and why."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    if y.min() == y.max():
        return None, None, f"all {y.size} test labels are {y[0]:.0f}: there is nothing to rank"
    return (
        float(roc_auc_score(y, score, sample_weight=weight)),
        float(average_precision_score(y, score, sample_weight=weight)),
        "",
    )


def _confusion_counts(y: RowVector, p: RowVector, weight: RowVector) -> dict[str, int | float]:
    cells = {
        "true_negative": (0, False),
        "false_positive": (0, True),
        "false_negative": (1, False),
        "true_positive": (1, True),
    }
    sums = {
        name: float(weight[(y == label) & ((p > THRESHOLD) == predicted)].sum())
        for name, (label, predicted) in cells.items()
    }
    whole = all(total.is_integer() for total in sums.values())
    return {name: int(total) if whole else total for name, total in sums.items()}
