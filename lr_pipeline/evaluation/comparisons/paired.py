"""Two models compared by each metric on the same cases."""

import math
from collections.abc import Iterator

import numpy as np
from scipy.special import ndtri

from lr_pipeline.evaluation.comparisons.comparison import POWER, SIGNIFICANCE, Comparison
from lr_pipeline.evaluation.comparisons.mcnemar import accuracy_difference, mcnemar_p_value
from lr_pipeline.evaluation.intervals.enough import few_cases
from lr_pipeline.evaluation.intervals.interval import Interval, no_interval
from lr_pipeline.evaluation.intervals.means import (
    normal_p_value,
    skewed_interval,
    skewed_p_value,
)
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
        elif reason := few_cases(first.cases):
            yield _withheld(first, second, metric, reason)
        elif same:
            yield _same(first, second, metric, values[0] - values[1])
        elif metric == "accuracy":
            yield _by_answers(first, second)
        else:
            yield _by_influence(first, second, metric)


def are_same(first: Predictions, second: Predictions) -> bool:
    """Whether both give every row the same prediction, up to rounding."""
    return bool(np.max(np.abs(first.p - second.p)) <= SAME_PREDICTION)


def _by_influence(first: Predictions, second: Predictions, metric: str) -> Comparison:
    """DeLong's paired test for the area, and the like for mean losses."""
    difference = getattr(first.metrics, metric) - getattr(second.metrics, metric)
    if metric == "roc_auc":
        spread = first.cases.spread(first.auc_influence - second.auc_influence, by_class=True)
        method = "DeLong's paired test"
        if spread.standard_error == 0.0:
            reason = "the scores rank every pair of cases alike"
            return _withheld(first, second, metric, reason)
        interval, p_value = _normal(difference, spread, method)
    else:
        spread = first.cases.spread(first.mean_influence(metric) - second.mean_influence(metric))
        method = "paired t test corrected for skewness (Hall)"
        interval = skewed_interval(difference, spread, method=method)
        p_value = skewed_p_value(difference, spread)
    detectable = NEEDED * spread.standard_error
    return Comparison(
        first.name,
        second.name,
        metric,
        difference,
        interval,
        p_value,
        detectable,
        method,
        "undecided",
    )


def _normal(difference: float, spread: Spread, method: str) -> tuple[Interval, float]:
    q = float(ndtri(1.0 - SIGNIFICANCE / 2.0)) * spread.standard_error
    interval = Interval(difference - q, difference + q, method=method)
    return interval, normal_p_value(difference / spread.standard_error)


def _by_answers(first: Predictions, second: Predictions) -> Comparison:
    """McNemar's test of the answers."""
    right = [one.answers == one.cases.labels for one in (first, second)]
    weight, share = first.cases.weight, first.cases.share
    b = float(weight[right[0] & ~right[1]].sum()) / share
    c = float(weight[right[1] & ~right[0]].sum()) / share
    cases = first.cases.total / share
    return Comparison(
        first.name,
        second.name,
        "accuracy",
        first.metrics.accuracy - second.metrics.accuracy,
        accuracy_difference(b, c, cases),
        mcnemar_p_value(b, c),
        NEEDED * math.sqrt(b + c) / cases,
        "McNemar",
        "undecided",
    )


def _withheld(first: Predictions, second: Predictions, metric: str, reason: str) -> Comparison:
    names = first.name, second.name
    return Comparison(*names, metric, None, no_interval(reason), None, None, "", "withheld")


def _same(first: Predictions, second: Predictions, metric: str, difference: float) -> Comparison:
    interval = no_interval("both give every row the same prediction")
    names = first.name, second.name
    return Comparison(*names, metric, difference, interval, None, None, "", "same")
