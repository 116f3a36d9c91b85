"""Choose a model's decision from scores of training rows that were held out."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from lr_pipeline.models.cross_fit import HeldOutScores
from lr_pipeline.models.decision.decision import DEFAULT_DECISION, THRESHOLD, Decision
from lr_pipeline.models.decision.recalibration import Recalibration
from lr_pipeline.models.decision.recalibration_fit import fit_isotonic, fit_platt
from lr_pipeline.models.decision.threshold_rules import (
    DecisionError,
    FixedThreshold,
    ScoreCuts,
    ThresholdRule,
    Youden,
)

FOLDS = 5
RecalibrationKind = Literal["none", "platt", "isotonic"]


AS_GIVEN = FixedThreshold()


@dataclass(frozen=True)
class DecisionChoice:
    """How a decision is to be chosen: the rule of the threshold, and whether to recalibrate."""

    rule: ThresholdRule = AS_GIVEN
    recalibration: RecalibrationKind = "none"
    folds: int = FOLDS

    @property
    def needs_folds(self) -> bool:
        """Whether it depends on held-out scores."""
        return self.recalibration != "none" or not isinstance(self.rule, FixedThreshold)


DEFAULT_CHOICE = DecisionChoice()


def choose_decision(choice: DecisionChoice, scores: Callable[[], HeldOutScores]) -> Decision:
    """Recalibrate first, then choose the threshold on the recalibrated probabilities.

    ``scores`` returns the held-out scores; it is called only if the choice needs them.

    Raises
    ------
    DecisionError
        No threshold meets the rule's target, or all rows held out are of one class.
    """
    rule = choice.rule
    if not choice.needs_folds:
        threshold = rule.threshold if isinstance(rule, FixedThreshold) else THRESHOLD
        if threshold == THRESHOLD:
            return DEFAULT_DECISION
        return Decision(threshold, rule.words)
    found = scores()
    _require_both_classes(found)
    recalibration = _recalibrated(choice.recalibration, found)
    decision = Decision(recalibration=recalibration)
    cuts = ScoreCuts.of(decision.probability(found.z), found.y, found.weight)
    threshold = rule.choose(cuts)
    return replace(
        decision,
        threshold=threshold,
        rule=rule.words,
        folds=found.number_of_folds,
        rows=len(found.z),
        costs=rule.costs,
        outcomes=tuple(cuts.outcome(*one) for one in _compared(rule, threshold, cuts)),
    )


def _require_both_classes(found: HeldOutScores) -> None:
    """Raise ``DecisionError`` unless rows of both classes were held out."""
    positive, total = float(found.weight @ found.y), float(found.weight.sum())
    if not 0.0 < positive < total:
        raise DecisionError(
            f"expected held-out training rows of both classes, found {len(found.z):,} rows of one "
            f"class in {found.folds}. Give a threshold instead of a rule that chooses one, without "
            "a recalibration, or add later rows of the other class."
        )


def _recalibrated(kind: RecalibrationKind, found: HeldOutScores) -> Recalibration | None:
    if kind == "none":
        return None
    fit = fit_platt if kind == "platt" else fit_isotonic
    return fit(found.z, found.y, found.weight)


def _compared(rule: ThresholdRule, threshold: float, cuts: ScoreCuts) -> list[tuple[str, float]]:
    """Return names and thresholds: the chosen one first, then others to compare it with."""
    others = [("0.5", THRESHOLD), ("largest Youden index", Youden().choose(cuts))]
    if rule.costs is not None:
        others.append(("best for these costs, if calibrated", rule.costs.indifference))
    others.append(("share of positive rows", cuts.positive / cuts.total))
    return [("chosen", threshold), *(one for one in others if one[1] != threshold)]
