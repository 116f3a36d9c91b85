"""Models × metrics, for the terminal, for markdown and for the page."""

import html
from collections.abc import Mapping
from typing import Any, NamedTuple

from lr_pipeline.evaluation.number_format import metric


class MetricColumn(NamedTuple):
    """One metric as a column of the table."""

    name: str
    heading: str
    larger_is_better: bool


COLUMNS = (
    MetricColumn("accuracy", "Accuracy", True),
    MetricColumn("log_loss", "Log loss", False),
    MetricColumn("roc_auc", "ROC AUC", True),
    MetricColumn("average_precision", "Average precision", True),
    MetricColumn("brier_score", "Brier score", False),
)

Models = Mapping[str, Mapping[str, Any]]


def best_models(models: Models, column: MetricColumn) -> frozenset[str]:
    """Names of the models with the best value; those equal to the digits shown share it."""
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
    """Heading and one row a model, as text, from a report's numbers."""
    heading = ["Model", *(column.heading for column in COLUMNS)]
    body = [
        [name, *(metric(metrics[column.name]) for column in COLUMNS)]
        for name, metrics in numbers["models"].items()
    ]
    return [heading, *body]


def markdown_table(numbers: Mapping[str, Any]) -> str:
    """The table in markdown, the best of each column in bold, the reasons for its gaps below."""
    models = numbers["models"]
    best = [best_models(models, column) for column in COLUMNS]
    heading, *body = table_rows(numbers)
    lines = [_line(heading), _line(["---", *("---:" for _ in COLUMNS)])]
    for name, cells in zip(models, body, strict=True):
        marked = [
            f"**{cell}**" if name in names else cell
            for cell, names in zip(cells[1:], best, strict=True)
        ]
        lines.append(_line([_plain(name), *marked]))
    gaps = explain_gaps(numbers, {name: name for name in models})
    return "\n".join(lines) + "".join(f"\n\n{_plain(gap)}" for gap in gaps)


def explain_gaps(numbers: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """One sentence for each metric that is undefined for the same reason in some models."""
    headings = {column.name: column.heading for column in COLUMNS}
    gaps: dict[tuple[str, str], list[str]] = {}
    for name, reasons in numbers["reasons"].items():
        for metric_name, reason in reasons.items():
            gaps.setdefault((headings[metric_name], reason), []).append(titles[name])
    return [
        f"{heading} is undefined for {', '.join(models)}: {reason}."
        for (heading, reason), models in gaps.items()
    ]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """``text`` without anything markdown or HTML would act on."""
    escaped = html.escape(" ".join(text.split()), quote=False)
    return "".join(f"\\{letter}" if letter in "\\`*_[]|" else letter for letter in escaped)
