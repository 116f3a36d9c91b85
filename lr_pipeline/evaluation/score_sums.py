"""What metrics need of predictions, as sums over rows and as counts by score."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.special import xlog1py, xlogy

from lr_pipeline.core.logistic.loss import log_loss
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.number_format import significant

THRESHOLD = 0.5
CELLS = ("true_negative", "false_positive", "false_negative", "true_positive")


@dataclass(frozen=True)
class ScoreSums:
    """Sums over the rows of positive weight; adds up.

    ``weight`` Σ w, ``squared`` Σ w (p − y)², ``log_loss`` Σ w loss; ``cells`` are the weights of
    the confusion matrix in the order of ``CELLS``. ``outside``: the weight of
    predictions beyond [0, 1], which are between ``least`` and ``greatest``; ``impossible``: that of
    those of exactly 0 or 1 that are wrong.
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
        cls, y: RowVector, p: RowVector, weight: RowVector, z: RowVector | None = None
    ) -> "ScoreSums":
        """Sum over rows with label y, prediction p and, if p = σ(z), linear predictor z.

        Raises
        ------
        ValueError
            A label is neither 0 nor 1, or a prediction is not finite.
        """
        _check_rows(y, p)
        outside = 0.0 if z is not None else float(weight[(p < 0) | (p > 1)].sum())
        impossible = 0.0 if z is not None else float(weight[p == 1 - y].sum())
        loss = np.zeros_like(p)
        if z is not None:
            loss = log_loss(z, y)
        elif not outside and not impossible:
            loss = -xlogy(y, p) - xlog1py(1 - y, -p)
        cell = (2 * y + (p > THRESHOLD)).astype(int)
        return cls(
            rows=y.size,
            weight=float(weight.sum()),
            squared=float(np.sum((p - y) ** 2 * weight)),
            log_loss=float(np.sum(loss * weight)),
            cells=tuple(float(weight[cell == place].sum()) for place in range(len(CELLS))),
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
        """The mean log loss, or ``None`` and why."""
        if self.outside:
            least, greatest = significant(self.least, 3), significant(self.greatest, 3)
            return None, (
                f"{self.outside:.10g} of {self.weight:.10g} predictions fall outside [0, 1] "
                f"(smallest {least}, largest {greatest}), so they are no probabilities"
            )
        if self.impossible:
            return None, (
                f"infinite: {self.impossible:.10g} of {self.weight:.10g} predictions of exactly 0 "
                "or 1 are wrong"
            )
        return self.log_loss / self.weight, ""

    def confusion(self) -> dict[str, int | float]:
        """Rows, or weights, of each cell of the confusion matrix."""
        whole = all(total.is_integer() for total in self.cells)
        counts = [int(total) if whole else total for total in self.cells]
        return dict(zip(CELLS, counts, strict=True))


class CountsByScore(NamedTuple):
    """Distinct scores (k,), ascending, and the weights (k,) of the rows of either class."""

    scores: Float64[np.ndarray, " k"]
    negative: Float64[np.ndarray, " k"]
    positive: Float64[np.ndarray, " k"]

    @classmethod
    def joined(cls, *parts: "CountsByScore") -> "CountsByScore":
        """Add up the weights of equal scores."""
        scores, negative, positive = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        distinct, places = np.unique(scores, return_inverse=True)
        sums = [np.bincount(places, one, len(distinct)) for one in (negative, positive)]
        return cls(distinct, *sums)


def count_scores(y: RowVector, score: RowVector, weight: RowVector) -> CountsByScore:
    """Count rows of label y, 0 or 1, by their score."""
    return CountsByScore.joined(CountsByScore(score, weight * (1.0 - y), weight * y))


@dataclass(frozen=True)
class RankSums:
    """What was counted from the highest score down: enough for the areas of both curves.

    ``pairs``: Σ over pairs of rows of both classes, the positive one's score higher, half of those
    with equal scores; ``precision``: Σ positive weight · precision at its score (no interpolation).
    """

    negative: float = 0.0
    positive: float = 0.0
    pairs: float = 0.0
    precision: float = 0.0

    def then(self, counts: CountsByScore) -> "RankSums":
        """Go on with scores that are all lower than those before."""
        negative, positive = counts.negative[::-1], counts.positive[::-1]
        below = self.negative + np.cumsum(negative)
        above = self.positive + np.cumsum(positive)
        # Not as products by the BLAS, whose threads would change the last bits.
        return RankSums(
            self.negative + float(negative.sum()),
            self.positive + float(positive.sum()),
            self.pairs + float(np.sum(negative * (above - positive / 2.0))),
            self.precision + float(np.sum(positive * (above / (above + below)))),
        )

    @property
    def roc_auc(self) -> float:
        """P(score of a positive row > that of a negative one) + half of P(equal)."""
        return self.pairs / (self.negative * self.positive)

    @property
    def average_precision(self) -> float:
        """Σ (recall gained) · precision over the thresholds."""
        return self.precision / self.positive


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
