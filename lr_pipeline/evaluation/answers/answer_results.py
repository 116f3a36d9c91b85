"""Reliability, threshold, decision curves and lift of all models, from their predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lr_pipeline.core.ranking import CountsByScore
from lr_pipeline.evaluation.answers.lift import (
    Lift,
    deciles,
    equal_scores_at_ends,
    gain_curve,
    thinned,
)
from lr_pipeline.evaluation.answers.net_benefit import (
    DecisionCurves,
    ModelCuts,
    decision_curves,
)
from lr_pipeline.evaluation.answers.threshold_outcomes import (
    ThresholdOutcomes,
    threshold_outcomes,
)
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.reliability.alike_models import AlikeModels, alike_models, main_model
from lr_pipeline.evaluation.reliability.reliability import Reliability, reliabilities
from lr_pipeline.models.decision.threshold_rules import ScoreCuts


@dataclass(frozen=True, eq=False)
class AnswerResults:
    """What the sections on calibration, threshold and lift show.

    ``alike``: the kinds of models; each is shown once. ``main``: the one whose threshold
    and deciles are told. ``curves`` and ``lift`` are None where all test labels are the same.
    """

    alike: tuple[AlikeModels, ...] = ()
    main: AlikeModels | None = None
    reliability: tuple[Reliability, ...] = ()
    threshold: ThresholdOutcomes | None = None
    curves: DecisionCurves | None = None
    lift: Lift | None = None

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON, one entry for each section."""
        return {
            "calibration": [one.numbers() for one in self.reliability],
            "threshold": self.threshold and self.threshold.numbers(),
            "net_benefit": self.curves and self.curves.numbers(),
            "lift": self.lift and self.lift.numbers(),
        }


def answer_results(
    held_out: HeldOutRows,
    models: Sequence[ModelSection],
    cases: Cases,
    counts: Mapping[str, CountsByScore],
) -> AnswerResults:
    """Compute them on the test rows that are held in memory and count.

    ``counts``: model → these rows counted by score.
    """
    alike = tuple(alike_models(models))
    main = main_model(alike)
    if main is None:
        return AnswerResults()
    kept = slice(None) if held_out.weight is None else held_out.weight > 0
    cuts = {
        one.model.name: ScoreCuts.of(one.model.probabilities[kept], cases.labels, cases.weight)
        for one in alike
    }
    both = min(cases.classes) > 0
    return AnswerResults(
        alike,
        main,
        reliabilities(held_out, alike, cases),
        threshold_outcomes(main.model, cuts[main.model.name], held_out.prevalence),
        _curves(alike, main, cuts) if both else None,
        _lift(alike, main, cases, counts) if both else None,
    )


def _curves(
    alike: Sequence[AlikeModels], main: AlikeModels, cuts: Mapping[str, ScoreCuts]
) -> DecisionCurves:
    described = [
        ModelCuts(m.name, m.title, place, m.threshold, cuts[m.name]) for m, place, *_ in alike
    ]
    decision = main.model.decision
    return decision_curves(described, None if decision is None else decision.costs)


def _lift(
    alike: Sequence[AlikeModels],
    main: AlikeModels,
    cases: Cases,
    counts: Mapping[str, CountsByScore],
) -> Lift:
    curves = {one.model.name: gain_curve(counts[one.model.name]) for one in alike}
    curve = curves[main.model.name]
    found = deciles(curve, cases.total, cases.classes[1])
    return Lift(
        main.model.name,
        main.model.title,
        found,
        equal_scores_at_ends(curve, len(found)),
        cases.classes[1] / cases.total,
        {name: thinned(one) for name, one in curves.items()},
    )
