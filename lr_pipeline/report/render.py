"""The evaluation report: one HTML page that needs nothing else, and its numbers."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lr_pipeline.evaluation.findings import DescentGap, Findings
from lr_pipeline.evaluation.intervals.interval import Interval
from lr_pipeline.evaluation.model_results import ModelResults, model_results
from lr_pipeline.evaluation.number_format import UNDEFINED, count, metric, significant
from lr_pipeline.evaluation.report_numbers import report_numbers
from lr_pipeline.evaluation.run_facts import AssetCost
from lr_pipeline.report import figures
from lr_pipeline.report.answers_section import answers_context, calibration_figure
from lr_pipeline.report.canvas import embedded, markdown_picture
from lr_pipeline.report.comparisons_view import comparisons_view
from lr_pipeline.report.diagnostics_section import diagnostics_context
from lr_pipeline.report.effects_section import effects_context, fits_context, place_of
from lr_pipeline.report.feature_view import feature_table
from lr_pipeline.report.forest_figure import forest_plot, forest_rows
from lr_pipeline.report.metrics_table import (
    explain_gaps,
    explain_missing_intervals,
    metric_tables,
)
from lr_pipeline.report.page import write_page
from lr_pipeline.report.provenance_view import byline, champion_notices, provenance_view
from lr_pipeline.report.since_view import since_view
from lr_pipeline.report.slices_view import slices_context
from lr_pipeline.report.validation_view import validation_context

if TYPE_CHECKING:
    from markupsafe import Markup


MOST_NOTICES = 5


@dataclass(frozen=True)
class Report:
    """The report: ``html`` is the page, ``numbers`` the same for programs, in strict JSON's types.

    ``numbers["models"][name][metric]`` is a number, or ``None`` with the reason in
    ``numbers["reasons"][name][metric]``.
    """

    html: str
    numbers: dict[str, Any]


def render_report(
    findings: Findings,
    results: ModelResults | None = None,
    cost_so_far: Callable[[], AssetCost | None] = lambda: None,
) -> Report:
    """Write the page and its numbers; nothing in the findings is interpreted as HTML.

    ``results``: ``model_results(findings)``, if they are known. ``cost_so_far``: what the report
    itself has taken, asked when its figures are drawn.

    Raises
    ------
    ValueError
        Two models share a name or a title, or `evaluate` refuses a prediction.
    """
    held_out = findings.held_out
    results = results or model_results(findings)
    numbers = report_numbers(findings, results)
    notices = [*findings.by_severity, *champion_notices(findings.run)]
    context = {
        "title": findings.title,
        "notices": notices[:MOST_NOTICES],
        "further_notices": notices[MOST_NOTICES:],
        "verdict": numbers["verdict"],
        "metric_tables": metric_tables(numbers),
        "thresholds_differ": _thresholds_differ(findings),
        "gaps": explain_gaps(numbers, numbers["titles"]) + explain_missing_intervals(numbers),
        "comparisons": comparisons_view(numbers),
        "titles": numbers["titles"],
        "held_out": held_out,
        "metrics": results.metrics,
        "drawn_row": numbers["drawn_row"],
        "drawn_rows": _drawn_rows(numbers),
        "descents": findings.descents,
        "descent_rows": [_descent_row(gap, numbers["titles"]) for gap in findings.descents],
        "features": feature_table(findings.features),
        "test_figures": _test_figures(findings, results),
        **answers_context(findings, results),
        "since": since_view(numbers),
        "validation": validation_context(findings),
        "effects": effects_context(findings),
        "diagnostics": diagnostics_context(findings),
        "slices": slices_context(findings.slices, findings.held_out),
        "fits": fits_context(findings),
        "byline": byline(findings),
    }
    context["provenance"] = provenance_view(findings, own_cost := cost_so_far())
    if own_cost is not None:
        numbers["run"]["costs"].append(asdict(own_cost))
    return Report(write_page(context), numbers)


def report_pictures(findings: Findings, results: ModelResults) -> dict[str, str]:
    """Return ROC curves, calibration and effects: title → markdown image."""
    held_out, drawn = findings.held_out, {}
    if results.curves:
        areas = _intervals_by_title(findings, results, "roc_auc")
        drawn["roc_curves"] = figures.roc_curves(results.curves, held_out.class_counts, areas)
    if findings.models:
        drawn["calibration"] = calibration_figure(held_out, results)
    if findings.effects and forest_rows(findings.effects):
        place = place_of(findings, findings.effects.name)
        drawn["effects"] = forest_plot(findings.effects, place)
    return {title: markdown_picture(figure, title) for title, figure in drawn.items()}


def _thresholds_differ(findings: Findings) -> str:
    """Say above which probability each model answers yes, "" if it is the same for all."""
    titles: dict[str, list[str]] = {}
    for model in findings.models:
        titles.setdefault(significant(model.threshold, 3), []).append(model.title)
    if len(titles) < 2:
        return ""
    return "; ".join(f"{above} by {' and '.join(names)}" for above, names in titles.items())


def _drawn_rows(numbers: Mapping[str, Any]) -> list[list[str]]:
    """Return the drawn row by every model: probability, predicted and true value."""
    row = numbers["drawn_row"]
    if row is None:
        return []
    return [
        [numbers["titles"][name], metric(probability), row["predicted"][name], row["label"]]
        for name, probability in row["probabilities"].items()
    ]


def _descent_row(gap: DescentGap, titles: Mapping[str, str]) -> list[str]:
    needed = gap.iterations_needed
    return [
        titles[gap.name],
        f"{gap.learning_rate:g}",
        count(gap.iterations),
        significant(gap.difference, 3),
        gap.parameter,
        UNDEFINED if needed is None else f"about {count(needed)}",
        count(gap.newton_iterations),
    ]


def _intervals_by_title(
    findings: Findings, results: ModelResults, name: str
) -> dict[str, Interval]:
    return {model.title: results.intervals[model.name][name] for model in findings.models}


def _test_figures(findings: Findings, results: ModelResults) -> "list[Markup]":
    """Draw ROC and precision-recall curves of all models."""
    curves, classes = results.curves, findings.held_out.class_counts
    areas = _intervals_by_title(findings, results, "roc_auc")
    precisions = _intervals_by_title(findings, results, "average_precision")
    if not curves:
        return []
    return [
        embedded(figures.roc_curves(curves, classes, areas), "roc", "ROC curves of all models"),
        embedded(
            figures.precision_recall_curves(curves, classes, precisions),
            "precision-recall",
            "Precision-recall curves of all models",
        ),
    ]
