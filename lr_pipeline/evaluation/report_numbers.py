"""The report's numbers, in a form for strict JSON, and the result in a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from lr_pipeline.evaluation.findings import DrawnRow, Findings, HeldOutRows, ModelSection
from lr_pipeline.evaluation.interval_numbers import interval_numbers
from lr_pipeline.evaluation.number_format import count, metric, percent
from lr_pipeline.versions import library_versions

if TYPE_CHECKING:
    from lr_pipeline.evaluation.model_results import ModelResults

BASELINE = "prevalence_baseline"


def report_numbers(findings: Findings, results: "ModelResults") -> dict[str, Any]:
    """Return every number of the page.

    ``["models"][name][metric]`` is a number, or ``None`` with the reason in
    ``["reasons"][name][metric]``; ``["intervals"][name][metric]`` is its interval.
    """
    metrics = results.metrics
    held_out, drawn = findings.held_out, findings.drawn_row
    titles = {model.name: model.title for model in findings.models}
    return {
        "models": {name: values.numbers() for name, values in metrics.items()},
        "reasons": {name: dict(values.reasons) for name, values in metrics.items()},
        **interval_numbers(results),
        "titles": {BASELINE: "Prevalence baseline"} | titles,
        "notices": [asdict(notice) for notice in findings.by_severity],
        "prevalence": held_out.prevalence,
        "test_prevalence": _test_prevalence(held_out),
        "train_rows": held_out.train_rows,
        "test_rows": held_out.rows,
        **held_out.case_counts("train_cases", "test_cases"),
        "target": held_out.target,
        "positive": held_out.positive,
        "train_fingerprint": held_out.train_fingerprint,
        "test_fingerprint": held_out.test_fingerprint,
        "drawn_row": drawn and _predict_row(held_out, findings.models, drawn),
        "descents": {gap.name: asdict(gap) for gap in findings.descents},
        "features": {row.name: asdict(row) for row in findings.features},
        "effects": findings.effects and findings.effects.numbers(),
        "table": findings.run.table,
        "data": dict(findings.data),
        "code": {
            **findings.run.code,
            "libraries": library_versions(),
            "arithmetic": list(map(dict, findings.run.arithmetic)),
        },
        "settings": {"config": dict(findings.run.config), "engine": dict(findings.run.engine)},
        "run": findings.run.of_this_run(),
    }


def verdict(numbers: Mapping[str, Any]) -> str:
    """Return the result in one or two sentences, from a report's numbers."""
    rows, positive = numbers["test_rows"], numbers["positive"]
    losses = {
        name: metrics["log_loss"]
        for name, metrics in numbers["models"].items()
        if metrics["log_loss"] is not None
    }
    baseline = losses.pop(BASELINE, None)
    cases = numbers.get("test_cases")
    counted = "" if cases is None else f" ({count(cases)} cases)"
    opening = (
        f"{count(rows)} test rows{counted}, {percent(numbers['test_prevalence'])} with "
        f"{numbers['target']} = {positive}."
    )
    if not losses or baseline is None:
        return opening
    best = min(losses.values())
    winners = ", ".join(
        numbers["titles"][name] for name, loss in losses.items() if metric(loss) == metric(best)
    )
    warning = "" if best < baseline else "No model beats the baseline. "
    return (
        f"{opening} {warning}The lowest log loss of a model is {metric(best)} ({winners}); "
        f"predicting the training prevalence, {percent(numbers['prevalence'])}, for every row "
        f"gives {metric(baseline)}."
    )


def _predict_row(
    held_out: HeldOutRows, models: Sequence[ModelSection], row: DrawnRow
) -> dict[str, Any]:
    """Return one row's probability and predicted value by every model, and its true value."""
    values = (held_out.negative, held_out.positive)
    place = row.index // held_out.step
    probabilities = {model.name: float(model.probabilities[place]) for model in models}
    thresholds = {model.name: model.threshold for model in models}
    return asdict(row) | {
        "label": values[int(held_out.labels[place])],
        "probabilities": probabilities,
        "predicted": {name: values[int(p > thresholds[name])] for name, p in probabilities.items()},
    }


def require_distinct(models: Sequence[ModelSection]) -> None:
    """Raise ``ValueError`` where two models share a name or a title."""
    names = [BASELINE, *(model.name for model in models)]
    for texts in (names, [model.title for model in models]):
        repeated = sorted({text for text in texts if texts.count(text) > 1})
        if repeated:
            raise ValueError(f"models must have distinct names and titles, found twice: {repeated}")


def _test_prevalence(held_out: HeldOutRows) -> float:
    """Return the share of ones among the test rows, by weight."""
    if held_out.whole is None:
        return float(np.average(held_out.labels, weights=held_out.weight))
    negative, positive = held_out.whole.class_weights
    return positive / (negative + positive)
