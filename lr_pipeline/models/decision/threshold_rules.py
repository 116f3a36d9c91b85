"""Rules that choose a threshold: cost, precision, recall, capacity, Youden's index."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.types import RowVector
from lr_pipeline.models.decision.decision import Costs, FoldOutcome

Cuts = Float64[np.ndarray, " k"]
ROUNDING = 1e-12  # of a share


class DecisionError(ValueError):
    """No threshold meets the target on the held-out training rows."""


@dataclass(frozen=True, eq=False)
class ScoreCuts:
    """Every division of some rows by a threshold on their probability.

    ``values`` (k − 1,) are the distinct probabilities, descending. Cut 0 flags no row; cut j flags
    the rows of the first j values: ``flagged`` (k,) is their weight, ``right`` (k,) that of the
    positive ones.
    """

    values: Float64[np.ndarray, " distinct"]
    flagged: Cuts
    right: Cuts

    @classmethod
    def of(cls, p: RowVector, y: RowVector, weight: RowVector) -> "ScoreCuts":
        """Sort the rows of positive weight by their probability p, once."""
        counted = weight > 0
        values, place = np.unique(-p[counted], return_inverse=True)
        sums = [
            np.bincount(place, of, len(values))
            for of in (weight[counted], weight[counted] * y[counted])
        ]
        flagged, right = (np.append(0.0, np.cumsum(of)) for of in sums)
        return cls(-values, flagged, right)

    @property
    def total(self) -> float:
        """Weight of all rows."""
        return float(self.flagged[-1])

    @property
    def positive(self) -> float:
        """Weight of the positive rows."""
        return float(self.right[-1])

    def between(self, cut: int) -> tuple[float, float]:
        """Return the highest probability below the cut and the lowest above it, or 0 and 1."""
        below = float(self.values[cut]) if cut < len(self.values) else 0.0
        above = float(self.values[cut - 1]) if cut > 0 else 1.0
        return below, above

    def threshold(self, cut: int, wished: float | None = None) -> float:
        """Return the threshold of a cut: ``wished`` where it makes this cut, else the middle.

        A row is flagged where p > threshold, so that the threshold may be ``below`` but not
        ``above``.
        """
        below, above = self.between(cut)
        if wished is not None and below <= wished < above:
            return wished
        middle = below + (above - below) / 2.0
        return middle if middle < above or cut == 0 else below

    def cut_at(self, threshold: float) -> int:
        """Return the cut that a threshold makes."""
        return int(np.searchsorted(-self.values, -threshold, side="left"))

    def outcome(self, rule: str, threshold: float) -> FoldOutcome:
        """Return what a threshold does, in shares of all rows."""
        cut = self.cut_at(threshold)
        flagged, right = float(self.flagged[cut]), float(self.right[cut])
        missed = max(self.positive - right, 0.0)
        return FoldOutcome(
            rule, threshold, flagged / self.total, right / self.total, missed / self.total
        )


@runtime_checkable
class ThresholdRule(Protocol):
    """Chooses a threshold."""

    @property
    def words(self) -> str:
        """The rule in words."""

    @property
    def costs(self) -> Costs | None:
        """The costs that the rule weighs, if it weighs any."""

    def choose(self, cuts: ScoreCuts) -> float:
        """Return the threshold. Raise ``DecisionError`` where none meets the rule's target."""


@dataclass(frozen=True)
class FixedThreshold:
    """A given threshold, whatever the scores."""

    threshold: float = 0.5
    costs: None = None

    @property
    def words(self) -> str:
        """The rule in words."""
        return f"{self.threshold:g}, as given"

    def choose(self, cuts: ScoreCuts) -> float:
        """Return the given threshold."""
        return self.threshold


@dataclass(frozen=True)
class LowestCost:
    """The threshold of the lowest total cost, less benefits.

    Of several equal ones it is the one nearest to ``costs.indifference``.
    """

    costs: Costs

    @property
    def words(self) -> str:
        """The rule in words."""
        one = self.costs
        text = (
            f"the lowest cost, where a false positive costs {one.false_positive:g} and a false "
            f"negative {one.false_negative:g}"
        )
        if one.true_positive or one.true_negative:
            text += (
                f", and a true positive brings {one.true_positive:g} and a true negative "
                f"{one.true_negative:g}"
            )
        return text

    def choose(self, cuts: ScoreCuts) -> float:
        """Return the threshold of the lowest cost."""
        one, wrong = self.costs, cuts.flagged - cuts.right
        missed = cuts.positive - cuts.right
        cost = one.total(wrong, missed, cuts.right, cuts.total - cuts.positive - wrong)
        scale = max(float(np.abs(cost).max()), 1e-300)
        best = np.flatnonzero(cost <= cost.min() + ROUNDING * scale)
        chosen = [cuts.threshold(int(cut), one.indifference) for cut in best]
        return min(chosen, key=lambda threshold: abs(threshold - one.indifference))


@dataclass(frozen=True)
class TargetPrecision:
    """The threshold that finds most positive rows while ``target`` of the flagged are positive."""

    target: float
    costs: None = None

    @property
    def words(self) -> str:
        """The rule in words."""
        return f"the highest recall with a precision of at least {self.target:g}"

    def choose(self, cuts: ScoreCuts) -> float:
        """Return the threshold that flags fewest rows among those of the highest recall."""
        precision = cuts.right[1:] / cuts.flagged[1:]
        enough = np.flatnonzero((precision >= self.target - ROUNDING) & (cuts.right[1:] > 0))
        if not len(enough):
            best = int(np.argmax(precision))
            raise DecisionError(
                f"expected a threshold with a precision of at least {self.target:g} on the "
                f"held-out training rows, found at most {precision[best]:.4g} (at recall "
                f"{cuts.right[best + 1] / cuts.positive:.4g}). Set a lower target, or another rule."
            )
        most = enough[np.argmax(cuts.right[1:][enough])]
        return cuts.threshold(int(most) + 1)


@dataclass(frozen=True)
class TargetRecall:
    """The highest threshold above which ``target`` of the positive rows lie."""

    target: float
    costs: None = None

    @property
    def words(self) -> str:
        """The rule in words."""
        return f"the fewest rows flagged with a recall of at least {self.target:g}"

    def choose(self, cuts: ScoreCuts) -> float:
        """Return the threshold; flagging every row reaches any recall."""
        enough = cuts.right >= (self.target - ROUNDING) * cuts.positive
        return cuts.threshold(int(np.argmax(enough)))


@dataclass(frozen=True)
class Capacity:
    """The lowest threshold that flags at most ``per_thousand`` of a thousand rows."""

    per_thousand: float
    costs: None = None

    @property
    def words(self) -> str:
        """The rule in words."""
        return f"at most {self.per_thousand:g} of a thousand rows flagged"

    def choose(self, cuts: ScoreCuts) -> float:
        """Return the threshold that flags most rows among those within the capacity."""
        share = cuts.flagged / cuts.total
        within = np.flatnonzero(share <= self.per_thousand / 1000 + ROUNDING)
        if within[-1] == 0:
            raise DecisionError(
                f"expected a threshold that flags at most {self.per_thousand:g} of a thousand "
                f"rows, found {1000 * share[1]:.4g} that share the highest score on the held-out "
                "training rows. Set a larger capacity, or leave out the isotonic recalibration."
            )
        return cuts.threshold(int(within[-1]))


@dataclass(frozen=True)
class Youden:
    """The threshold of the largest J = recall + specificity − 1 (W. J. Youden, Cancer 3, 1950)."""

    costs: None = None

    @property
    def words(self) -> str:
        """The rule in words."""
        return "the largest Youden index, recall + specificity − 1"

    def choose(self, cuts: ScoreCuts) -> float:
        """Return the threshold that flags fewest rows among those of the largest J."""
        wrong = (cuts.flagged - cuts.right) / (cuts.total - cuts.positive)
        index = cuts.right / cuts.positive - wrong
        return cuts.threshold(int(np.argmax(index >= index.max() - ROUNDING)))
