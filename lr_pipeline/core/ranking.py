"""How well scores rank rows of two classes: ROC AUC and average precision, from counts by score."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.types import RowVector


class CountsByScore(NamedTuple):
    """Distinct scores (k,), ascending, and the weight (k,) of each class at each of them."""

    scores: Float64[np.ndarray, " k"]
    negative: Float64[np.ndarray, " k"]
    positive: Float64[np.ndarray, " k"]

    @classmethod
    def joined(cls, *parts: "CountsByScore") -> "CountsByScore":
        """Add up the weights of equal scores."""
        scores, negative, positive = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        order = np.argsort(scores)
        scores = scores[order]
        first = np.ones(len(scores), bool)  # of rows with equal scores
        np.not_equal(scores[1:], scores[:-1], out=first[1:])
        starts = np.flatnonzero(first)
        sums = (np.add.reduceat(one[order], starts) for one in (negative, positive))
        return cls(scores[starts], *sums)


def count_scores(y: RowVector, score: RowVector, weight: RowVector) -> CountsByScore:
    """Count rows of label y, 0 or 1, by their score."""
    return CountsByScore.joined(CountsByScore(score, weight * (1.0 - y), weight * y))


@dataclass(frozen=True)
class RankSums:
    """Running sums for ROC AUC and average precision, added from the highest score to the lowest.

    ``negative``, ``positive``: weight of each class so far. ``pairs``: Σ over pairs of a positive
    and a negative row of the product of their weights where the positive row's score is higher,
    and of half the product where the scores are equal. ``precision``: Σ positive weight ·
    precision at its score (no interpolation).
    """

    negative: float = 0.0
    positive: float = 0.0
    pairs: float = 0.0
    precision: float = 0.0

    def then(self, counts: CountsByScore) -> "RankSums":
        """Return the sums with further rows added, whose scores are lower than all before."""
        negative, positive = counts.negative[::-1], counts.positive[::-1]
        below = self.negative + np.cumsum(negative)
        above = self.positive + np.cumsum(positive)
        # The last bits of BLAS products depend on the number of threads.
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


def roc_auc(y: RowVector, score: RowVector, weight: RowVector) -> float:
    """Return the area under the ROC curve of some rows; both classes must have weight."""
    return RankSums().then(count_scores(y, score, weight)).roc_auc
