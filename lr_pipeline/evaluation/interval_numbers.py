"""Intervals and comparisons as plain values for strict JSON."""

from typing import Any

from lr_pipeline.evaluation.comparisons.optimism import TrainingMetrics
from lr_pipeline.evaluation.model_results import ModelResults


def interval_numbers(
    results: ModelResults, training: TrainingMetrics | None = None
) -> dict[str, Any]:
    """Return ``["intervals"][model][metric]``, the list ``["comparisons"]``, and what is beside it.

    ``["line"]``: least squares beside logistic regression; ``["training"]``: training metrics.
    """
    return {
        "intervals": {
            model: {metric: one.numbers() for metric, one in intervals.items()}
            for model, intervals in results.intervals.items()
        },
        "comparisons": [one.numbers() for one in results.comparisons],
        "line": results.line and results.line.numbers(),
        "training": training
        and {
            "rows": training.rows,
            "models": {name: one.numbers() for name, one in training.metrics.items()},
            "reasons": {name: dict(one.reasons) for name, one in training.metrics.items()},
        },
    }
