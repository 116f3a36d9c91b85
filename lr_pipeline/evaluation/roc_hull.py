"""The upper convex hull of a ROC curve: where its gap is largest, and how well p can calibrate.

The hull's segments are the blocks of the isotonic regression of the labels on the scores.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.ranking import CountsByScore

BlockWeights = Float64[np.ndarray, " blocks"]


def _none() -> BlockWeights:
    return np.zeros(0)


@dataclass(frozen=True, eq=False)
class RocHull:
    """Blocks of neighbouring scores, ascending: the weight (blocks,) of each class in each.

    Their shares of ones increase from block to block. Hulls of ranges of scores can be added.
    """

    negative: BlockWeights = field(default_factory=_none)
    positive: BlockWeights = field(default_factory=_none)

    @classmethod
    def of(cls, counts: CountsByScore) -> "RocHull":
        """Pool adjacent scores until the shares of ones increase (PAVA)."""
        return cls(counts.negative, counts.positive)._pooled()

    def above(self, lower: "RocHull") -> "RocHull":
        """Return the hull of the scores of both, where all those of ``lower`` are lower."""
        return RocHull(
            np.concatenate([lower.negative, self.negative]),
            np.concatenate([lower.positive, self.positive]),
        )._pooled()

    def _pooled(self) -> "RocHull":
        from scipy.optimize import isotonic_regression

        weight = self.negative + self.positive
        starts = isotonic_regression(self.positive / weight, weights=weight).blocks[:-1]
        return RocHull(
            np.add.reduceat(self.negative, starts), np.add.reduceat(self.positive, starts)
        )

    @property
    def largest_gap(self) -> float:
        """The largest true-positive rate − false-positive rate over all thresholds.

        It is reached at a corner of the hull. Both classes must have weight.
        """
        gaps = np.cumsum(self.negative) / self.negative.sum()
        gaps -= np.cumsum(self.positive) / self.positive.sum()
        return float(max(gaps.max(), 0.0))

    @property
    def calibrated_brier(self) -> float:
        """Brier score of the isotonic regression: the mean of c (1 − c), c the block's share."""
        weight = self.negative + self.positive
        return math.fsum(self.positive * self.negative / weight) / float(weight.sum())
