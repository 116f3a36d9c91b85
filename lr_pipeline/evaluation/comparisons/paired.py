"""Two models compared by each metric on the same cases."""

import math
from collections.abc import Iterator

import numpy as np
from scipy.special import ndtri

from lr_pipeline.evaluation.comparisons.comparison import POWER, SIGNIFICANCE, Comparison
from lr_pipeline.evaluation.comparisons.mcnemar import accuracy_difference, mcnemar_p_value
from lr_pipeline.evaluation.intervals.areas import NO_SPREAD
from lr_pipeline.evaluation.intervals.enough import FEWEST_TO_TEST, few_cases
from lr_pipeline.evaluation.intervals.influence import mean_influence
from lr_pipeline.evaluation.intervals.interval import no_interval
from lr_pipeline.evaluation.intervals.means import t_interval, t_p_value
from lr_pipeline.evaluation.intervals.scored_cases import Predictions
from lr_pipeline.evaluation.intervals.units import Spread

COMPARED = ("log_loss", "brier_score", "roc_auc", "accuracy")
SAME_PREDICTION = 1e-6  # a difference of probabilities that no test set can tell from none

# Standard errors that a difference must have to be found with a probability of 80 % at 5 %.
NEEDED = float(ndtri(1.0 - SIGNIFICANCE / 2.0) + ndtri(POWER))


def compare_pair(first: Predictions, second: Predictions) -> Iterator[Comparison]:
    """Yield a comparison by each metric."""
    same = are_same(first, second)
    for metric in COMPARED:
        values = getattr(first.metrics, metric), getattr(second.metrics, metric)
        if None in values:
            reasons = (one.metrics.reasons.get(metric, "") for one in (first, second))
            yield _withheld(first, second, metric, next(filter(None, reasons)))
        elif same:
            yield _same(first, second, metric, values[0] - values[1])
        elif reason := few_cases(first.cases, FEWEST_TO_TEST):
            yield _withheld(first, second, metric, reason)
        else:
            yield _tested(first, second, metric, values[0] - values[1])


def are_same(first: Predictions, second: Predictions) -> bool:
    """Whether both give every row the same prediction, up to rounding."""
    return bool(np.max(np.abs(first.p - second.p)) <= SAME_PREDICTION)


def _tested(first: Predictions, second: Predictions, metric: str, difference: float) -> Comparison:
    if metric == "accuracy" and first.cases.group is None:
        return _by_answers(first, second, difference)
    spread, method = spread_of_difference(first, second, metric)
    if spread.standard_error == 0.0:
        if difference == 0.0:
            return _same(first, second, metric, 0.0, "both give every row the same value")
        return _withheld(first, second, metric, NO_SPREAD)
    return Comparison(
        first.name,
        second.name,
        metric,
        difference,
        t_interval(difference, spread, method),
        t_p_value(difference, spread),
        NEEDED * spread.standard_error,
        method,
        "undecided",
    )


def spread_of_difference(
    first: Predictions, second: Predictions, metric: str
) -> tuple[Spread, str]:
    """Return the spread of a difference, from the difference of the influences, and the test."""
    cases = first.cases
    if metric == "roc_auc":
        influence = first.auc_influence - second.auc_influence
        return cases.class_spread(influence), "DeLong's paired test"
    if metric == "accuracy":
        right = [(one.answers == cases.labels).astype(np.float64) for one in (first, second)]
        return cases.spread(mean_influence(right[0] - right[1], cases)), "t test between groups"
    influence = first.mean_influence(metric) - second.mean_influence(metric)
    return cases.spread(influence), "paired t test"


def _by_answers(first: Predictions, second: Predictions, difference: float) -> Comparison:
    """McNemar's test."""
    right = [one.answers == one.cases.labels for one in (first, second)]
    weight, share = first.cases.weight, first.cases.share
    b = float(weight[right[0] & ~right[1]].sum()) / share
    c = float(weight[right[1] & ~right[0]].sum()) / share
    cases = first.cases.total / share
    return Comparison(
        first.name,
        second.name,
        "accuracy",
        difference,
        accuracy_difference(b, c, cases),
        mcnemar_p_value(b, c),
        NEEDED * math.sqrt(max(b + c, 1.0)) / cases,
        "McNemar's test",
        "undecided",
    )


def _withheld(first: Predictions, second: Predictions, metric: str, reason: str) -> Comparison:
    names = first.name, second.name
    return Comparison(*names, metric, None, no_interval(reason), None, None, "", "withheld")


def _same(
    first: Predictions,
    second: Predictions,
    metric: str,
    difference: float,
    reason: str = "both give every row the same prediction",
) -> Comparison:
    names = first.name, second.name
    return Comparison(*names, metric, difference, no_interval(reason), None, None, "", "same")
