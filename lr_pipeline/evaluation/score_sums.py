"""Sums over rows for accuracy, log loss, Brier score and confusion matrix."""

from dataclasses import dataclass

import numpy as np
from scipy.special import xlog1py, xlogy

from lr_pipeline.core.logistic.loss import log_loss
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.number_format import significant
from lr_pipeline.models.decision.decision import THRESHOLD

CELLS = ("true_negative", "false_positive", "false_negative", "true_positive")


@dataclass(frozen=True)
class ScoreSums:
    """Sums over the rows of positive weight; the sums of two sets of rows can be added.

    ``weight`` Σ w, ``squared`` Σ w (p − y)², ``log_loss`` Σ w loss; ``cells`` are the weights of
    the confusion matrix in the order of ``CELLS``. ``outside``: weight of the predictions beyond
    [0, 1]; ``impossible``: weight of the predictions of exactly 0 or 1 that are wrong; ``least``
    and ``greatest``: the range of all predictions.
    """

    rows: int = 0
    weight: float = 0.0
    squared: float = 0.0
    log_loss: float = 0.0
    cells: tuple[float, ...] = (0.0,) * len(CELLS)
    outside: float = 0.0
    impossible: float = 0.0
    least: float = np.inf
    greatest: float = -np.inf

    @classmethod
    def of(
        cls,
        y: RowVector,
        p: RowVector,
        weight: RowVector,
        z: RowVector | None = None,
        threshold: float = THRESHOLD,
    ) -> "ScoreSums":
        """Sum over rows with label y, prediction p and, if p = σ(z), linear predictor z.

        A row is predicted to be 1 where p > ``threshold``.

        Raises
        ------
        ValueError
            A label is not 0 or 1, or a prediction is not finite.
        """
        _check_rows(y, p)
        outside = 0.0 if z is not None else float(weight[(p < 0) | (p > 1)].sum())
        impossible = 0.0 if z is not None else float(weight[p == 1 - y].sum())
        loss = np.zeros_like(p)
        if z is not None:
            loss = log_loss(z, y)
        elif not outside and not impossible:
            loss = -xlogy(y, p) - xlog1py(1 - y, -p)
        cell = 2 * y.astype(int) + (p > threshold)
        return cls(
            rows=y.size,
            weight=float(weight.sum()),
            squared=float(np.sum((p - y) ** 2 * weight)),
            log_loss=float(np.sum(loss * weight)),
            cells=tuple(map(float, np.bincount(cell, weight, len(CELLS)))),
            outside=outside,
            impossible=impossible,
            least=float(p.min(initial=np.inf)),
            greatest=float(p.max(initial=-np.inf)),
        )

    def __add__(self, other: "ScoreSums") -> "ScoreSums":
        """Return the sums over both sets of rows."""
        return ScoreSums(
            self.rows + other.rows,
            self.weight + other.weight,
            self.squared + other.squared,
            self.log_loss + other.log_loss,
            tuple(a + b for a, b in zip(self.cells, other.cells, strict=True)),
            self.outside + other.outside,
            self.impossible + other.impossible,
            min(self.least, other.least),
            max(self.greatest, other.greatest),
        )

    def mean_log_loss(self) -> tuple[float | None, str]:
        """Return the mean log loss, or ``None`` and the reason."""
        if self.outside:
            least, greatest = significant(self.least, 3), significant(self.greatest, 3)
            return None, (
                f"{self.outside:,.10g} of {self.weight:,.10g} predictions fall outside [0, 1] "
                f"(smallest {least}, largest {greatest}), so they are no probabilities"
            )
        if self.impossible:
            return None, (
                f"infinite: {self.impossible:.10g} of {self.weight:.10g} predictions of exactly 0 "
                "or 1 are wrong"
            )
        return self.log_loss / self.weight, ""

    def confusion(self) -> dict[str, int | float]:
        """Rows, or their weight, in each cell of the confusion matrix."""
        whole = all(total.is_integer() for total in self.cells)
        counts = [int(total) if whole else total for total in self.cells]
        return dict(zip(CELLS, counts, strict=True))


def _check_rows(labels: RowVector, predictions: RowVector) -> None:
    wrong = (labels != 0) & (labels != 1)
    if wrong.any():
        raise ValueError(f"labels must be 0 or 1, found {labels[np.argmax(wrong)]}")
    wrong = ~np.isfinite(predictions)
    if wrong.any():
        raise ValueError(
            f"predictions must be finite, found {np.count_nonzero(wrong)} of {wrong.size} that "
            f"are not (first {predictions[np.argmax(wrong)]}): look at the model's input"
        )
