"""The interval of every metric of one model."""

from collections.abc import Iterator

import numpy as np

from lr_pipeline.evaluation.intervals.areas import NO_SPREAD, auc_interval, precision_interval
from lr_pipeline.evaluation.intervals.correlation import mcc_interval
from lr_pipeline.evaluation.intervals.enough import (
    FEWEST_CASES,
    few_cases,
    few_groups,
    few_to_count,
)
from lr_pipeline.evaluation.intervals.interval import Interval, no_interval
from lr_pipeline.evaluation.intervals.means import skewed_log_interval
from lr_pipeline.evaluation.intervals.scored_cases import Predictions
from lr_pipeline.evaluation.intervals.shares import (
    Share,
    by_t,
    effective,
    f1_interval,
    mean_of_two,
    wilson,
)
from lr_pipeline.evaluation.metrics import METRICS, RANKED

OF_ANSWERS = ("accuracy", "balanced_accuracy", "precision", "recall", "specificity", "f1", "mcc")
_BRIER_PART = "isotonic regression fits the test rows too well, by an unknown amount"
_KS = "the largest of many gaps is too large on average, so that no interval covers 95 %"


def model_intervals(model: Predictions) -> dict[str, Interval]:
    """Return metric → interval; one that is withheld says why."""
    reasons, values = model.metrics.reasons, model.metrics.numbers()
    found = dict(_intervals(model))
    return {
        one.name: no_interval(reasons.get(one.name, ""))
        if values[one.name] is None
        else found.get(one.name, no_interval(_BRIER_PART))
        for one in METRICS
    }


def _intervals(model: Predictions) -> Iterator[tuple[str, Interval]]:
    yield from _of_losses(model)
    yield from _of_ranks(model)
    yield from _of_answers(model)


def _of_losses(model: Predictions) -> Iterator[tuple[str, Interval]]:
    """Yield the intervals of mean losses."""
    reason = few_cases(model.cases)
    for metric in ("log_loss", "brier_score"):
        value = getattr(model.metrics, metric)
        if value is None:
            continue
        if reason:
            yield metric, no_interval(reason)
            continue
        influence = model.mean_influence(metric)
        spread = model.cases.spread(influence)
        if value == 0.0 or spread.standard_error == 0.0:
            yield metric, no_interval(NO_SPREAD)
            continue
        # A log loss has no bound: few large ones make its variance uncertain.
        bounded = metric == "brier_score"
        freedom = spread.units - 1.0 if bounded else model.cases.class_freedom(influence)
        yield metric, skewed_log_interval(value, spread, freedom)


def _of_ranks(model: Predictions) -> Iterator[tuple[str, Interval]]:
    """Yield the intervals of ROC AUC, Gini and average precision."""
    metrics, cases = model.metrics, model.cases
    if metrics.roc_auc is None or metrics.average_precision is None:
        return
    reason = few_cases(cases) or ("every row has the same score" if model.constant else "")
    if reason:
        yield from ((name, no_interval(reason)) for name in RANKED)
        return
    area = auc_interval(metrics.roc_auc, model.auc_influence, cases)
    yield "roc_auc", area
    yield "gini", _gini(area)
    yield (
        "average_precision",
        precision_interval(
            metrics.average_precision, model.precision_influence, model.counts, cases
        ),
    )
    yield "ks", no_interval(_KS)


def _gini(area: Interval) -> Interval:
    if area.ends is None:
        return area
    low, high = (2.0 * end - 1.0 for end in area.ends)
    return Interval(low, high, area.level, f"2 AUC − 1: {area.method}")


def _of_answers(model: Predictions) -> Iterator[tuple[str, Interval]]:
    """Yield the intervals of shares of cases."""
    m, y, yes = model.metrics, model.cases.labels, model.answers
    tn, fp, fn, tp = m.true_negative, m.false_positive, m.false_negative, m.true_positive
    if reason := few_groups(model.cases):
        yield from ((name, no_interval(reason)) for name in OF_ANSWERS)
        return
    if reason := few_cases(model.cases):
        yield "mcc", no_interval(reason)
    parts = {
        "accuracy": (tn + tp, tn + fp + fn + tp, y == yes, np.ones_like(y)),
        "precision": (tp, tp + fp, y * yes, yes),
        "recall": (tp, tp + fn, y * yes, y),
        "specificity": (tn, tn + fp, (1 - y) * (1 - yes), 1 - y),
        "f1": (tp, tp + fp + fn, y * yes, np.maximum(y, yes)),
    }
    if model.answers.min() == model.answers.max():
        reason = "every row has the same answer"
        yield from ((name, no_interval(reason)) for name in OF_ANSWERS if name != "accuracy")
        parts = {"accuracy": parts["accuracy"]}
    shares: dict[str, Share] = {}
    for name, (part, whole, in_part, in_whole) in parts.items():
        if 0 < whole < FEWEST_CASES:
            yield name, no_interval(few_to_count(whole))
        elif whole:
            counted = in_part.astype(float), in_whole, model.cases
            share = by_t(effective((float(part), float(whole)), *counted), in_whole, model.cases)
            shares[name] = share
            found = wilson(share)
            yield name, f1_interval(found) if name == "f1" else found
    if m.mcc is not None and not few_cases(model.cases):
        yield "mcc", mcc_interval(model)
    if min(model.cases.classes) < FEWEST_CASES:
        yield "balanced_accuracy", no_interval(few_cases(model.cases))
    elif "recall" in shares and "specificity" in shares:
        influences = (y * (yes - tp / (tp + fn)), (1 - y) * (1 - yes - tn / (tn + fp)))
        correlation = model.cases.group_correlation(*influences)
        yield (
            "balanced_accuracy",
            mean_of_two(shares["recall"], shares["specificity"], correlation),
        )
