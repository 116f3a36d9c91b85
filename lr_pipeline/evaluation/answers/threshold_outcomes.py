"""What thresholds do: rows flagged, found and missed of a thousand, and what that costs."""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from lr_pipeline.evaluation.findings import ModelSection
from lr_pipeline.models.decision.decision import Costs, FoldOutcome
from lr_pipeline.models.decision.threshold_rules import ScoreCuts

GRID = (0.1, 0.25, 0.5, 0.75)
RARE = 0.05  # share of ones, below which these thresholds flag no row
ON_FOLDS, ON_TEST = "held-out training rows", "test rows"


class Outcome(NamedTuple):
    """A threshold's rows of a thousand: ``flagged``, of those ``right``, and ``missed`` ones.

    ``precision`` is None where no row is flagged, ``recall`` where no row is positive, and ``cost``
    (per thousand rows, less benefits) without costs. ``rows`` says on which rows it was counted.
    """

    rule: str
    threshold: float
    flagged: float
    right: float
    missed: float
    precision: float | None
    recall: float | None
    cost: float | None
    rows: str


@dataclass(frozen=True)
class ThresholdOutcomes:
    """The threshold of ``model``, how it was chosen, and what it and others do.

    ``chosen`` is its outcome on the test rows; ``others`` are for reading, not for choosing. The
    first one of ``others`` is the chosen threshold on the held-out training rows, where it was
    chosen on such rows.
    """

    model: str
    title: str
    threshold: float
    rule: str
    folds: int
    fold_rows: int
    recalibration: str
    costs: Costs | None
    chosen: Outcome
    others: tuple[Outcome, ...]

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {
            "model": self.model,
            "threshold": self.threshold,
            "rule": self.rule,
            "folds": self.folds,
            "fold_rows": self.fold_rows,
            "recalibration": self.recalibration,
            "costs": None if self.costs is None else asdict(self.costs),
            "indifference": None if self.costs is None else self.costs.indifference,
            "chosen": self.chosen._asdict(),
            "others": [one._asdict() for one in self.others],
        }


def threshold_outcomes(
    model: ModelSection, cuts: ScoreCuts, prevalence: float
) -> ThresholdOutcomes:
    """Tell what the model's threshold does on the test rows, and what others would do.

    If the threshold was chosen on held-out training rows, the others are those that were compared
    there. Otherwise fixed thresholds and the training ``prevalence`` are compared on the test rows.
    """
    decision, costs = model.decision, None if model.decision is None else model.decision.costs
    chosen = _outcome(cuts.outcome("the model's", model.threshold), costs, ON_TEST)
    if decision is not None and decision.outcomes:
        others = [_outcome(one, costs, ON_FOLDS) for one in decision.outcomes]
    else:
        named = _fixed_thresholds(model.threshold, prevalence)
        others = [_outcome(cuts.outcome(*one), costs, ON_TEST) for one in named.items()]
    recalibration = None if decision is None else decision.recalibration
    return ThresholdOutcomes(
        model.name,
        model.title,
        model.threshold,
        f"{model.threshold:g}, as given" if decision is None else decision.rule,
        0 if decision is None else decision.folds,
        0 if decision is None else decision.rows,
        "" if recalibration is None else recalibration.description,
        costs,
        chosen,
        tuple(others),
    )


def _fixed_thresholds(own: float, prevalence: float) -> dict[str, float]:
    """Return thresholds to read by name; for rare events multiples of their share."""
    share = "share of ones in training"
    if prevalence < RARE:
        return {share: prevalence} | {f"{k} times that share": k * prevalence for k in (2, 5, 10)}
    return {f"{one:g}": one for one in GRID if one != own} | {share: prevalence}


def _outcome(found: FoldOutcome, costs: Costs | None, rows: str) -> Outcome:
    positive = found.right + found.missed
    cost = None
    if costs is not None:
        wrong = found.flagged - found.right
        rest = 1.0 - positive - wrong
        cost = 1000.0 * costs.total(wrong, found.missed, found.right, rest)
    return Outcome(
        found.rule,
        found.threshold,
        1000.0 * found.flagged,
        1000.0 * found.right,
        1000.0 * found.missed,
        found.right / found.flagged if found.flagged > 0 else None,
        found.right / positive if positive > 0 else None,
        cost,
        rows,
    )
