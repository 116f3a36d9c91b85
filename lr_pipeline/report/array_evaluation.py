"""Evaluate models on arrays in a notebook, with the numbers of the pipeline's report."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lr_pipeline.evaluation.array_findings import findings_of_arrays
from lr_pipeline.evaluation.findings import Findings
from lr_pipeline.evaluation.metrics import HEADINGS
from lr_pipeline.evaluation.model_results import ModelResults, model_results
from lr_pipeline.evaluation.number_format import p_compared, percent, signed, with_interval
from lr_pipeline.evaluation.report_numbers import report_numbers
from lr_pipeline.models.fit_summary import Summary
from lr_pipeline.report.metrics_table import (
    MetricCell,
    explain_gaps,
    explain_missing_intervals,
    first_alike,
    metric_tables,
)
from lr_pipeline.report.render import render_report


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How well models predict labels that they have not seen.

    ``print(evaluation)`` shows the metrics with their intervals and the comparisons of models, and
    a notebook a table of them; ``numbers`` has them all, as the JSON beside a report does, and
    ``save`` writes the page.
    """

    findings: Findings
    results: ModelResults

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """Every number: ``numbers["models"][name][metric]`` and more."""
        return report_numbers(self.findings, self.results)

    def summary(self) -> Summary:
        """Return metrics × models, and in a sentence each how any two models compare."""
        numbers = self.numbers
        titles = numbers["titles"]
        facts = {
            "Rows": f"{numbers['test_rows']:,}, {percent(numbers['test_prevalence'])} with label 1",
            "Intervals": "95 %; * is significantly better than every other model",
        }
        tables = metric_tables(numbers)  # models that predict the same share a column
        headings = ("", *(title for table in tables for title in table.titles))
        rows = tuple(
            (same[0].heading, *(_cell_text(cell) for row in same for cell in row.cells))
            for same in zip(*(table.rows for table in tables), strict=True)
        )
        alike = first_alike(numbers["comparisons"])
        compared = [
            _in_words(one, titles)
            for one in numbers["comparisons"]
            if not {one["first"], one["second"]} & set(alike)
        ]
        gaps = (*explain_gaps(numbers, titles), *explain_missing_intervals(numbers))
        remarks = (*filter(None, compared), *gaps)
        return Summary("Evaluation", facts, headings, rows, remarks)

    def __str__(self) -> str:
        """Lay out the summary as text."""
        return str(self.summary())

    def _repr_html_(self) -> str:
        """Lay out the summary for a notebook."""
        return self.summary()._repr_html_()

    def save(self, path: str | Path) -> Path:
        """Write the report as one HTML page, and return its path."""
        path = Path(path)
        path.write_text(render_report(self.findings, self.results).html, encoding="utf-8")
        return path


def _cell_text(cell: MetricCell) -> str:
    interval = f" ({cell.interval})" if cell.interval else ""
    return f"{cell.text}{'*' if cell.best else ''}{interval}"


def _in_words(comparison: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Return one comparison of two models in a line; empty where it is withheld."""
    low, high = (comparison["interval"][end] for end in ("low", "high"))
    if comparison["verdict"] == "withheld" or low is None:
        return ""
    difference = with_interval(comparison["difference"], (low, high), signed)
    adjusted = comparison["adjusted"]
    p = "" if adjusted is None else f", p {p_compared(adjusted)}"
    pair = f"{titles[comparison['first']]} − {titles[comparison['second']]}"
    heading = HEADINGS[comparison["metric"]]
    return f"{heading}, {pair}: {difference}{p}: {comparison['verdict']}"


def evaluate(
    models: Any,
    X: Any = None,
    y: Any = None,
    weight: Any = None,
    *,
    threshold: float | Mapping[str, float] | None = None,
    train_prevalence: float | None = None,
    group: Any = None,
) -> Evaluation:
    """Evaluate one model, or several by name, on rows that none was trained on.

    ``models``: a fit of ``fit_logistic`` or ``fit_linear``, a model that ``load`` returns, any
    classifier with scikit-learn's ``predict_proba``, or a column of probabilities (n,); or a
    dictionary name → one of these. ``X``: an array or data frame, or a ``Table``, which has its own
    labels; not needed for columns alone. ``y`` (n,) are the labels, 0 or 1; ``weight`` (n,) is how
    often each row counts. ``threshold``: the answer is yes above it, for all or by name; by default
    a model's own, or 0.5. ``train_prevalence``: the share of ones in training, which the prevalence
    baseline predicts; by default the first model's, if it has recorded it, else that of ``y``.
    ``group`` (n,): rows of one group depend on each other, so that whole groups are the units of
    the intervals.

    Raises
    ------
    TypeError
        A model predicts no probabilities.
    ValueError
        Labels are missing or not 0 and 1, lengths or columns differ, a prediction is not finite, a
        row has no group, a threshold is of no model, or the prevalence is no share.
    """
    findings = findings_of_arrays(models, X, y, weight, threshold, train_prevalence, group)
    return Evaluation(findings, model_results(findings))
