"""The report's numbers, in a form for strict JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from lr_pipeline.evaluation.findings import BASELINE, DrawnRow, Findings, HeldOutRows, ModelSection
from lr_pipeline.evaluation.fit_numbers import fit_numbers
from lr_pipeline.evaluation.interval_numbers import interval_numbers
from lr_pipeline.evaluation.model_results import ModelResults
from lr_pipeline.evaluation.since.compare import since_last
from lr_pipeline.evaluation.verdict.judge import judge
from lr_pipeline.versions import library_versions


def report_numbers(findings: Findings, results: ModelResults) -> dict[str, Any]:
    """Return every number of the page.

    ``["models"][name][metric]`` is a number, or ``None`` with the reason in
    ``["reasons"][name][metric]``; ``["intervals"][name][metric]`` is its interval.
    ``["run"]`` has all that differs between two runs of the same thing; its ``["since"]`` is what
    changed since the latest earlier report, None if this is the first.
    """
    numbers = _numbers(findings, results)
    earlier = findings.run.earlier
    since = None if earlier is None else since_last(earlier, numbers).numbers()
    return numbers | {"run": numbers["run"] | {"since": since}}


def _numbers(findings: Findings, results: ModelResults) -> dict[str, Any]:
    """Return the numbers of this report alone."""
    metrics = results.metrics
    held_out, drawn = findings.held_out, findings.drawn_row
    titles = {model.name: model.title for model in findings.models}
    answer = judge(findings, results)
    return {
        "verdict": answer and answer.numbers(),
        "models": {name: values.numbers() for name, values in metrics.items()},
        "reasons": {name: dict(values.reasons) for name, values in metrics.items()},
        **interval_numbers(results, findings.training),
        **results.answers.numbers(),
        "titles": {BASELINE: "Prevalence baseline"} | titles,
        "thresholds": {model.name: model.threshold for model in findings.models},
        "notices": [asdict(notice) for notice in findings.by_severity],
        "prevalence": held_out.prevalence,
        "test_prevalence": held_out.positive_share,
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
        "fits": fit_numbers(findings.models),
        "effects": findings.effects and findings.effects.numbers(),
        "cross_validation": findings.cross_validation and findings.cross_validation.numbers(),
        "table": findings.run.table,
        "diagnostics": findings.diagnostics and findings.diagnostics.numbers(),
        "slices": findings.slices and findings.slices.numbers(),
        "data": dict(findings.data),
        "code": {
            **findings.run.code,
            "libraries": library_versions(),
            "arithmetic": list(map(dict, findings.run.arithmetic)),
        },
        "settings": {"config": dict(findings.run.config), "engine": dict(findings.run.engine)},
        "run": findings.run.of_this_run() | _seconds(findings),
    }


def _seconds(findings: Findings) -> dict[str, Any]:
    """Return how long the cross-validation took, which differs from run to run."""
    found = findings.cross_validation
    return {} if found is None else {"cross_validation_seconds": found.seconds}


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
