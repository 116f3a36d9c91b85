"""The results of each model on the test rows, each from one sort of its scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from lr_pipeline.core.ranking import CountsByScore, count_scores
from lr_pipeline.evaluation.answers.answer_results import AnswerResults, answer_results
from lr_pipeline.evaluation.comparisons.comparison import Comparison
from lr_pipeline.evaluation.comparisons.line_bridge import LineBridge, line_bridge
from lr_pipeline.evaluation.comparisons.pairs import compare_all
from lr_pipeline.evaluation.curves import (
    Calibration,
    RankCurves,
    calibration_of,
    curves_of_counts,
    drawn_curves,
)
from lr_pipeline.evaluation.findings import BASELINE, Findings, HeldOutRows, ModelSection
from lr_pipeline.evaluation.intervals.interval import Interval
from lr_pipeline.evaluation.intervals.model_intervals import model_intervals
from lr_pipeline.evaluation.intervals.scored_cases import (
    Predictions,
    constant_predictions,
    predictions_of,
)
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.metrics import Metrics, evaluate


@dataclass(frozen=True)
class ModelResults:
    """Metrics by model, with the prevalence baseline first, and what is drawn of each model.

    ``curves`` are by title; there are none if all test labels are the same. ``intervals[model]``
    has an interval for each metric, and ``comparisons`` those of every two models; ``line`` sets
    least squares beside logistic regression. ``answers``: reliability, threshold and lift.
    """

    metrics: Mapping[str, Metrics]
    curves: Mapping[str, RankCurves]
    calibration: Mapping[str, Calibration]
    intervals: Mapping[str, Mapping[str, Interval]] = field(default_factory=dict)
    comparisons: tuple[Comparison, ...] = ()
    line: LineBridge | None = None
    answers: AnswerResults = field(default_factory=AnswerResults)


def model_results(findings: Findings) -> ModelResults:
    """Compare the predictions of every model, and of the prevalence baseline, with the test rows.

    Raises
    ------
    ValueError
        Two models share a name or a title, or `evaluate` refuses a prediction.
    """
    held_out, models = findings.held_out, findings.models
    require_distinct(models)
    cases = Cases.of(held_out)
    results, counts = _compared(held_out, models, cases)
    return replace(results, answers=answer_results(held_out, models, cases, counts))


def _compared(
    held_out: HeldOutRows, models: Sequence[ModelSection], cases: Cases
) -> tuple[ModelResults, dict[str, CountsByScore]]:
    """Return all but the answers, and the cases counted by each model's score.

    What was computed for each row, which may take much memory, is given up on return.
    """
    predicted = []
    baseline = baseline_predictions(held_out, cases)
    metrics, curves, calibration = {BASELINE: baseline.metrics}, {}, {}
    for model in models:
        one = evaluated_predictions(model, held_out, cases)
        found = one.metrics
        if 0 not in held_out.class_counts:
            assert found.roc_auc is not None and found.average_precision is not None
            curves[model.title] = drawn_curves(
                curves_of_counts(one.counts), found.roc_auc, found.average_precision
            )
        metrics[model.name] = found
        predicted.append(one)
        calibration[model.name] = calibration_of(
            held_out.labels, model.probabilities, held_out.weight
        )
    results = ModelResults(
        metrics,
        curves,
        calibration,
        {one.name: model_intervals(one) for one in (baseline, *predicted)},
        compare_all(baseline, predicted),
        line_bridge(held_out, models, predicted),
    )
    return results, {one.name: one.counts for one in predicted}


def baseline_predictions(held_out: HeldOutRows, cases: Cases) -> Predictions:
    """Return those of the training prevalence, which need the weights of the classes alone."""
    classes = held_out.class_counts if held_out.whole is None else held_out.whole.class_weights
    constant = np.full(2, held_out.prevalence)
    metrics = evaluate(np.array([0.0, 1.0]), constant, np.array(classes, np.float64))
    return constant_predictions(BASELINE, metrics, held_out.prevalence, cases)


def evaluated_predictions(model: ModelSection, held_out: HeldOutRows, cases: Cases) -> Predictions:
    """Return a model's predictions of the rows that count, with its metrics."""
    counts = _counts(held_out, model)
    metrics = model.metrics or evaluate(
        held_out.labels,
        model.probabilities,
        held_out.weight,
        model.linear_predictor,
        counts,
        model.threshold,
    )
    return predictions_of(model, metrics, held_out, cases, counts)


def _counts(held_out: HeldOutRows, model: ModelSection) -> CountsByScore:
    """Count the gathered rows of positive weight by their score."""
    labels, score, weight = held_out.labels, model.score, held_out.weight
    if weight is None:
        return CountsByScore.joined(CountsByScore(score, 1.0 - labels, labels))
    counted = weight > 0
    return count_scores(labels[counted], score[counted], weight[counted])


def require_distinct(models: Sequence[ModelSection]) -> None:
    """Raise ``ValueError`` where two models share a name or a title."""
    names = [BASELINE, *(model.name for model in models)]
    for texts in (names, [model.title for model in models]):
        repeated = sorted({text for text in texts if texts.count(text) > 1})
        if repeated:
            raise ValueError(f"models must have distinct names and titles, found twice: {repeated}")
