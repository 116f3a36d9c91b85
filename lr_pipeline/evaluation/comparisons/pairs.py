"""Which models are compared: each with the prevalence baseline, and each with each other."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from lr_pipeline.evaluation.comparisons.comparison import SIGNIFICANCE, Comparison, Verdict
from lr_pipeline.evaluation.comparisons.holm import holm
from lr_pipeline.evaluation.comparisons.paired import compare_pair
from lr_pipeline.evaluation.intervals.scored_cases import Predictions
from lr_pipeline.evaluation.metrics import METRICS


def compare_all(baseline: Predictions, models: Sequence[Predictions]) -> tuple[Comparison, ...]:
    """Compare each model with the baseline, then each later model with each earlier one.

    p-values are corrected for their number by Holm's method.
    """
    pairs = [(model, baseline) for model in models]
    pairs += [(later, earlier) for earlier, later in combinations(models, 2)]
    return decided([one for pair in pairs for one in compare_pair(*pair)])


def decided(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return the comparisons with adjusted p-values and the verdicts that follow from them."""
    tested = [one.p_value for one in comparisons if one.p_value is not None]
    adjusted = iter(holm(tested))
    return tuple(
        one if one.p_value is None else _with_verdict(one, next(adjusted)) for one in comparisons
    )


def _with_verdict(one: Comparison, adjusted: float) -> Comparison:
    larger_is_better = next(column for column in METRICS if column.name == one.metric)[2]
    verdict: Verdict = "undecided"
    if adjusted <= SIGNIFICANCE and one.difference:
        verdict = "better" if (one.difference > 0) == larger_is_better else "worse"
    return replace(one, adjusted=adjusted, verdict=verdict)
