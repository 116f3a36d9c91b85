"""Which models are compared: each with the prevalence baseline, and each with each other."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from lr_pipeline.evaluation.comparisons.comparison import SIGNIFICANCE, Comparison, Verdict
from lr_pipeline.evaluation.comparisons.holm import holm
from lr_pipeline.evaluation.comparisons.paired import compare_pair
from lr_pipeline.evaluation.intervals.scored_cases import Predictions
from lr_pipeline.evaluation.metrics import METRICS

LARGER_IS_BETTER = {column.name: column.larger_is_better for column in METRICS}


def compare_all(baseline: Predictions, models: Sequence[Predictions]) -> tuple[Comparison, ...]:
    """Compare each model with the baseline, then each later model with each earlier one.

    p-values are corrected for their number by Holm's method.
    """
    pairs = [(model, baseline) for model in models]
    pairs += [(later, earlier) for earlier, later in combinations(models, 2)]
    return decided([one for pair in pairs for one in compare_pair(*pair)])


def decided(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Return the comparisons with adjusted p-values and the verdicts that follow from them.

    Tests of models that give the same predictions are one test, and count once.
    """
    first_alike = representatives(comparisons)

    def test(one: Comparison) -> tuple[str, str, str]:
        return (
            first_alike.get(one.first, one.first),
            first_alike.get(one.second, one.second),
            one.metric,
        )

    tested = {test(one): one.p_value for one in reversed(comparisons) if one.p_value is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True))
    return tuple(
        one if one.p_value is None else _with_verdict(one, adjusted[test(one)])
        for one in comparisons
    )


def representatives(comparisons: Sequence[Comparison]) -> Mapping[str, str]:
    """Return model → the first model that gives the same predictions, for those that have one."""
    found: dict[str, str] = {}
    for one in comparisons:
        alike = one.verdict == "same" and one.metric == "brier_score"  # of every prediction
        if alike and one.first not in found:
            found[one.first] = found.get(one.second, one.second)
    return found


def _with_verdict(one: Comparison, adjusted: float) -> Comparison:
    verdict: Verdict = "undecided"
    if adjusted <= SIGNIFICANCE and one.difference:
        better = (one.difference > 0.0) == LARGER_IS_BETTER[one.metric]
        verdict = "better" if better else "worse"
    return replace(one, adjusted=adjusted, verdict=verdict)
