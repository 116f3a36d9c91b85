"""Models × metrics, for the terminal, for markdown and for the page."""

from collections.abc import Mapping
from typing import Any

from lr_pipeline.evaluation.metrics import METRICS, Metric
from lr_pipeline.evaluation.number_format import metric
from lr_pipeline.report.markdown import bold, escaped, markdown_table

Models = Mapping[str, Mapping[str, Any]]


def best_models(models: Models, column: Metric) -> frozenset[str]:
    """Return the names of the models with the best value; those with the same digits are tied."""
    values = {
        name: metrics[column.name]
        for name, metrics in models.items()
        if metrics[column.name] is not None
    }
    if not values:
        return frozenset()
    best = max(values.values()) if column.larger_is_better else min(values.values())
    return frozenset(name for name, value in values.items() if metric(value) == metric(best))


def table_rows(numbers: Mapping[str, Any]) -> list[list[str]]:
    """Return the heading and one row for each model, as text, from a report's numbers."""
    heading = ["Model", *(column.heading for column in METRICS)]
    body = [
        [name, *(metric(metrics[column.name]) for column in METRICS)]
        for name, metrics in numbers["models"].items()
    ]
    return [heading, *body]


def metrics_in_markdown(numbers: Mapping[str, Any]) -> str:
    """Return the table in markdown, the best of each column in bold, and why some are undefined."""
    models = numbers["models"]
    best = [best_models(models, column) for column in METRICS]
    heading, *body = table_rows(numbers)
    rows = [
        [
            bold(text) if name in names else text
            for text, names in zip(row, [(), *best], strict=True)
        ]
        for name, row in zip(models, body, strict=True)
    ]
    table = markdown_table(heading, rows, heading[1:])
    gaps = explain_gaps(numbers, {name: name for name in models})
    return "\n\n".join([table, *map(escaped, gaps)])


def explain_gaps(numbers: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """Return one sentence for each metric and each reason why it is undefined in some models."""
    headings = {column.name: column.heading for column in METRICS}
    gaps: dict[tuple[str, str], list[str]] = {}
    for name, reasons in numbers["reasons"].items():
        for metric_name, reason in reasons.items():
            gaps.setdefault((headings[metric_name], reason), []).append(titles[name])
    return [
        f"{heading} is undefined for {', '.join(models)}: {reason}."
        for (heading, reason), models in gaps.items()
    ]
