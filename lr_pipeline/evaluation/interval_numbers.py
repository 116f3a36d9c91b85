"""Intervals and comparisons as plain values for strict JSON."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lr_pipeline.evaluation.model_results import ModelResults


def interval_numbers(results: "ModelResults") -> dict[str, Any]:
    """Return ``["intervals"][model][metric]`` and the list ``["comparisons"]``."""
    return {
        "intervals": {
            model: {metric: one.numbers() for metric, one in intervals.items()}
            for model, intervals in results.intervals.items()
        },
        "comparisons": [one.numbers() for one in results.comparisons],
    }
