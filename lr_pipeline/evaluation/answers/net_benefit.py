"""Decision curves: the net benefit of each model at every threshold, and the cost of answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from lr_pipeline.models.decision.decision import Costs
from lr_pipeline.models.decision.threshold_rules import ScoreCuts

POINTS = 200
TOLD = np.arange(1, 20) / 20  # thresholds in the JSON
WIDEST, NARROWEST = 0.99, 0.05  # largest threshold drawn
EQUAL = Costs(1.0, 1.0)

Points = Float64[np.ndarray, " points"]


class ModelCuts(NamedTuple):
    """A model's name, title and place among all, its threshold, and the cuts of the test rows."""

    name: str
    title: str
    place: int
    threshold: float
    cuts: ScoreCuts


@dataclass(frozen=True, eq=False)
class DecisionCurve:
    """A model's curves over thresholds t: net benefit and cost, per row."""

    name: str
    title: str
    place: int
    threshold: float
    net_benefit: Points
    cost: Points
    told: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class DecisionCurves:
    """Curves of all models at the ``thresholds`` t, with those of one answer for every row.

    Net benefit at t is (true positives − false positives · t / (1 − t)) / rows: who answers yes
    above t considers a false positive t / (1 − t) times as bad as a false negative (A. Vickers and
    E. Elkin, Medical Decision Making 26 (2006), 565–574). ``flag_all`` is that of yes for every
    row; of no for every row it is 0. The cost is that of ``costs``, or 1 for each wrong answer
    where none were given; ``cost_all`` and ``cost_none`` are those of yes and of no for every row.
    """

    thresholds: Points
    curves: tuple[DecisionCurve, ...]
    flag_all: Points
    told_all: tuple[float, ...]
    costs: Costs
    costs_given: bool
    cost_all: float
    cost_none: float

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON: net benefit per row at 19 thresholds."""
        return {
            "thresholds": TOLD.tolist(),
            "net_benefit": {one.name: list(one.told) for one in self.curves},
            "flag_all": list(self.told_all),
            "costs_given": self.costs_given,
            "cost_all": self.cost_all,
            "cost_none": self.cost_none,
        }


def net_benefit(cuts: ScoreCuts, thresholds: Points) -> Points:
    """Return the net benefit per row at each threshold in (0, 1)."""
    flagged, right = at_thresholds(cuts, thresholds)
    odds = thresholds / (1.0 - thresholds)
    return np.asarray((right - (flagged - right) * odds) / cuts.total)


def cost_per_row(cuts: ScoreCuts, thresholds: Points, costs: Costs) -> Points:
    """Return cost less benefit, per row, at each threshold."""
    flagged, right = at_thresholds(cuts, thresholds)
    wrong, missed = flagged - right, cuts.positive - right
    cost = costs.total(wrong, missed, right, cuts.total - cuts.positive - wrong)
    return np.asarray(cost / cuts.total)


def at_thresholds(cuts: ScoreCuts, thresholds: Points) -> tuple[Points, Points]:
    """Return the weight of the rows flagged at each threshold, and of the positive among them."""
    places = np.searchsorted(-cuts.values, -thresholds, side="left")
    return cuts.flagged[places], cuts.right[places]


def decision_curves(models: Sequence[ModelCuts], costs: Costs | None) -> DecisionCurves:
    """Compute the curves of models on the same rows, of both classes.

    Thresholds reach a little beyond the largest predictions, and the models' own thresholds if
    these flag any row.
    """
    weighed, first = costs or EQUAL, models[0].cuts
    share = first.positive / first.total
    reach = min(max(3.0 * share, NARROWEST, *map(_far, models)), WIDEST)
    t = reach * (np.arange(POINTS) + 0.5) / POINTS
    return DecisionCurves(
        t,
        tuple(_curve(one, t, weighed) for one in models),
        _flag_all(share, t),
        tuple(_flag_all(share, TOLD).tolist()),
        weighed,
        costs is not None,
        weighed.false_positive * (1.0 - share) - weighed.true_positive * share,
        weighed.false_negative * share - weighed.true_negative * (1.0 - share),
    )


def _far(one: ModelCuts) -> float:
    """Return the probability that one row in 200 exceeds, or 1.2 thresholds that flag any row."""
    place = int(np.searchsorted(one.cuts.flagged, 0.005 * one.cuts.total))
    flags = one.cuts.cut_at(one.threshold) > 0
    return max(float(one.cuts.values[max(place - 1, 0)]), 1.2 * one.threshold if flags else 0.0)


def _curve(one: ModelCuts, t: Points, costs: Costs) -> DecisionCurve:
    benefit = net_benefit(one.cuts, t), tuple(net_benefit(one.cuts, TOLD).tolist())
    cost = cost_per_row(one.cuts, t, costs)
    return DecisionCurve(
        one.name, one.title, one.place, one.threshold, benefit[0], cost, benefit[1]
    )


def _flag_all(share: float, t: Points) -> Points:
    return share - (1.0 - share) * t / (1.0 - t)
