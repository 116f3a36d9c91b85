"""Evaluate models on arrays in a notebook, with the numbers of the pipeline's report."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lr_pipeline.evaluation.array_findings import findings_of_arrays
from lr_pipeline.evaluation.findings import Findings
from lr_pipeline.evaluation.model_results import ModelResults, model_results
from lr_pipeline.evaluation.report_numbers import report_numbers
from lr_pipeline.report.render import render_report


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How well models predict labels that they have not seen.

    ``print(evaluation)`` shows the metrics with their intervals, and a notebook a table of them;
    ``numbers`` has them all, as the JSON beside a report does, and ``save`` writes the page.
    """

    findings: Findings
    results: ModelResults

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """Every number: ``numbers["models"][name][metric]`` and more."""
        return report_numbers(self.findings, self.results)

    def save(self, path: str | Path) -> Path:
        """Write the report as one HTML page, and return its path."""
        path = Path(path)
        path.write_text(render_report(self.findings, self.results).html, encoding="utf-8")
        return path


def evaluate(
    models: Any,
    X: Any = None,
    y: Any = None,
    weight: Any = None,
    *,
    threshold: float | Mapping[str, float] | None = None,
    train_prevalence: float | None = None,
) -> Evaluation:
    """Evaluate one model, or several by name, on rows that none was trained on.

    ``models``: a fit of ``fit_logistic`` or ``fit_linear``, a model that ``load`` returns, any
    classifier with scikit-learn's ``predict_proba``, or a column of probabilities (n,); or a
    dictionary name → one of these. ``X``: an array or data frame, or a ``Table``, which has its own
    labels; not needed for columns alone. ``y`` (n,) are the labels, 0 or 1; ``weight`` (n,) is how
    often each row counts. ``threshold``: the answer is yes above it, for all or by name; by default
    a model's own, or 0.5. ``train_prevalence``: the share of ones in training, which the prevalence
    baseline predicts; by default the first model's, if it has recorded it, else that of ``y``.

    Raises
    ------
    TypeError
        A model predicts no probabilities.
    ValueError
        Labels are missing or not 0 and 1, lengths or columns differ, or a prediction is not finite.
    """
    findings = findings_of_arrays(models, X, y, weight, threshold, train_prevalence)
    return Evaluation(findings, model_results(findings))
