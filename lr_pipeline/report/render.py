"""The evaluation report: one HTML page that needs nothing else, and its numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lr_pipeline.report import figures
from lr_pipeline.report.canvas import inline_svg
from lr_pipeline.report.feature_view import feature_table
from lr_pipeline.report.loss_figure import loss_curve
from lr_pipeline.report.metrics import Metrics, evaluate
from lr_pipeline.report.metrics_table import COLUMNS, best_models, explain_gaps
from lr_pipeline.report.model_view import coefficient_table, fit_lines
from lr_pipeline.report.number_format import count, metric, percent, significant
from lr_pipeline.report.sections import (
    DescentGap,
    DrawnRow,
    FeatureRow,
    HeldOutRows,
    ModelSection,
    Notice,
)

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup
    from matplotlib.figure import Figure

BASELINE = "prevalence_baseline"
_SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Report:
    """``html``: the page. ``numbers``: the same for programs, ready for strict JSON.

    ``numbers["models"][name][metric]`` is a number, or ``None`` with the reason in
    ``numbers["reasons"][name][metric]``.
    """

    html: str
    numbers: dict[str, Any]


def render_report(
    held_out: HeldOutRows,
    models: Sequence[ModelSection],
    notices: Sequence[Notice] = (),
    provenance: Mapping[str, str] | None = None,
    title: str = "Evaluation report",
    *,
    drawn_row: DrawnRow | None = None,
    descents: Sequence[DescentGap] = (),
    features: Sequence[FeatureRow] = (),
) -> Report:
    """Judge the models on the held-out rows and write the page.

    ``notices`` open the page, gravest first; ``provenance`` (label → text: split policy, library
    versions …) closes it, after the row counts and fingerprints. ``drawn_row`` is predicted by
    every model and shown with its label; ``descents`` say what gradient descent left to do,
    ``features`` how they became the columns of the design.
    Nothing in the arguments is taken for HTML.

    Raises
    ------
    ValueError
        If two models share a name or a title, or `evaluate` refuses a prediction.
    """
    _require_distinct(models)
    metrics = _evaluate_all(held_out, models)
    titles = {BASELINE: "Prevalence baseline"} | {model.name: model.title for model in models}
    notices = sorted(notices, key=lambda notice: _SEVERITIES.index(notice.severity))
    numbers = _numbers(held_out, metrics, titles, notices)
    numbers["drawn_row"] = drawn_row and _predict_row(held_out, models, drawn_row)
    numbers["descents"] = {gap.name: asdict(gap) for gap in descents}
    numbers["features"] = {row.name: asdict(row) for row in features}
    lines = _provenance(held_out, provenance or {})
    page = _template().render(
        title=title,
        notices=notices,
        verdict=verdict(numbers),
        table=_metric_cells(numbers),
        gaps=explain_gaps(numbers, titles),
        titles=titles,
        columns=COLUMNS,
        held_out=held_out,
        metrics=metrics,
        count=count,
        metric=metric,
        significant=significant,
        drawn_row=numbers["drawn_row"],
        descents=descents,
        features=feature_table(features),
        test_figures=_test_figures(held_out, models, metrics),
        calibration_figures=_calibration_figures(held_out, models),
        models=[_model_context(model, place) for place, model in enumerate(models)],
        provenance={label: line for label, line in lines.items() if not _is_pass(label)},
        passes={label: line for label, line in lines.items() if _is_pass(label)},
    )
    return Report(page, numbers)


def verdict(numbers: Mapping[str, Any]) -> str:
    """The result in one or two sentences, from a report's numbers."""
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
    """Probability and predicted value of one row by every model, and its true value."""
    values = (held_out.negative, held_out.positive)
    place = row.index // held_out.step
    probabilities = {model.name: float(model.probabilities[place]) for model in models}
    return asdict(row) | {
        "label": values[int(held_out.labels[place])],
        "probabilities": probabilities,
        "predicted": {name: values[int(p > 0.5)] for name, p in probabilities.items()},
    }


def _require_distinct(models: Sequence[ModelSection]) -> None:
    names = [BASELINE, *(model.name for model in models)]
    for texts in (names, [model.title for model in models]):
        repeated = sorted({text for text in texts if texts.count(text) > 1})
        if repeated:
            raise ValueError(f"models must have distinct names and titles, found twice: {repeated}")


def _evaluate_all(held_out: HeldOutRows, models: Sequence[ModelSection]) -> dict[str, Metrics]:
    labels, weight = held_out.labels, held_out.weight
    if held_out.whole is not None:  # a constant needs no more than the classes
        labels, weight = np.array([0.0, 1.0]), np.array(held_out.whole.class_weights)
    constant = np.full(labels.size, held_out.prevalence)
    metrics = {BASELINE: evaluate(labels, constant, weight)}
    for model in models:
        metrics[model.name] = model.metrics or evaluate(
            held_out.labels, model.probabilities, held_out.weight, model.linear_predictor
        )
    return metrics


def _test_prevalence(held_out: HeldOutRows) -> float:
    """Share of ones among the test rows, by weight."""
    if held_out.whole is None:
        return float(np.average(held_out.labels, weights=held_out.weight))
    negative, positive = held_out.whole.class_weights
    return positive / (negative + positive)


def _numbers(
    held_out: HeldOutRows,
    metrics: Mapping[str, Metrics],
    titles: Mapping[str, str],
    notices: Sequence[Notice],
) -> dict[str, Any]:
    return {
        "models": {name: values.numbers() for name, values in metrics.items()},
        "reasons": {name: dict(values.reasons) for name, values in metrics.items()},
        "titles": dict(titles),
        "notices": [asdict(notice) for notice in notices],
        "prevalence": held_out.prevalence,
        "test_prevalence": _test_prevalence(held_out),
        "train_rows": held_out.train_rows,
        "test_rows": held_out.rows,
        **_cases(held_out, "train_cases", "test_cases"),
        "target": held_out.target,
        "positive": held_out.positive,
        "train_fingerprint": held_out.train_fingerprint,
        "test_fingerprint": held_out.test_fingerprint,
    }


def _metric_cells(numbers: Mapping[str, Any]) -> dict[str, list[tuple[str, bool]]]:
    """For each model its metrics as text, and whether each is the best of its column."""
    models = numbers["models"]
    best = {column.name: best_models(models, column) for column in COLUMNS}
    return {
        name: [(metric(values[column.name]), name in best[column.name]) for column in COLUMNS]
        for name, values in models.items()
    }


def _test_figures(
    held_out: HeldOutRows, models: Sequence[ModelSection], metrics: Mapping[str, Metrics]
) -> "list[Markup]":
    """ROC and precision-recall curves; none where the test labels are all alike."""
    if not models or metrics[BASELINE].roc_auc is None:
        return []
    scores = {model.title: model.score for model in models}
    arguments = (held_out.labels, scores, held_out.weight)
    return [
        _embed(figures.roc_curves(*arguments), "roc", "ROC curves of all models"),
        _embed(
            figures.precision_recall_curves(*arguments),
            "precision-recall",
            "Precision-recall curves of all models",
        ),
    ]


def _calibration_figures(held_out: HeldOutRows, models: Sequence[ModelSection]) -> "list[Markup]":
    class_names = (
        f"{held_out.target} = {held_out.negative}",
        f"{held_out.target} = {held_out.positive}",
    )
    return [
        _embed(
            figures.calibration_curve(
                held_out.labels, model.probabilities, model.title, class_names, held_out.weight
            ),
            f"calibration-{place}",
            f"Calibration of {model.title}",
        )
        for place, model in enumerate(models)
    ]


def _model_context(model: ModelSection, place: int) -> dict[str, Any]:
    shown = []
    if any(row.scale is not None for row in model.coefficients):
        figure = figures.coefficient_plot(model.coefficients, model.title)
        shown.append(_embed(figure, f"effects-{place}", f"Effects of {model.title}"))
    if model.fit is not None and model.fit.trace:
        figure = loss_curve(model.fit.trace, model.title)
        shown.append(_embed(figure, f"descent-{place}", f"Descent of {model.title}"))
    return {
        "title": model.title,
        "facts": fit_lines(model),
        "withheld": model.withheld,
        "coefficients": coefficient_table(model),
        "figures": shown,
    }


def _cases(held_out: HeldOutRows, train: str, test: str) -> dict[str, int | float]:
    """How many cases the rows stand for, where they have weights."""
    if held_out.cases is None or held_out.train_cases is None:
        return {}
    return {train: held_out.train_cases, test: held_out.cases}


def _provenance(held_out: HeldOutRows, further: Mapping[str, str]) -> dict[str, str]:
    cases = _cases(held_out, "Training cases", "Test cases")
    return {
        "Training rows": count(held_out.train_rows),
        "Test rows": count(held_out.rows),
        **{label: count(number) for label, number in cases.items()},
        "Training fingerprint": held_out.train_fingerprint,
        "Test fingerprint": held_out.test_fingerprint,
        **further,
    }


def _is_pass(label: str) -> bool:
    """Whether a line is one of the many about single passes over a cluster."""
    return label.startswith("Pass ")


def _embed(figure: "Figure", key: str, alt: str) -> "Markup":
    from markupsafe import Markup

    return Markup(inline_svg(figure, key, alt))  # serialised XML: its texts are escaped


@cache
def _template() -> "Template":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("lr_pipeline.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
