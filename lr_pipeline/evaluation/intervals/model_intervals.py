"""The interval of every metric of one model."""

from collections.abc import Iterator

import numpy as np

from lr_pipeline.evaluation.intervals.enough import few_cases, few_groups
from lr_pipeline.evaluation.intervals.interval import Interval, no_interval
from lr_pipeline.evaluation.intervals.means import logit_interval, skewed_interval
from lr_pipeline.evaluation.intervals.scored_cases import Predictions
from lr_pipeline.evaluation.intervals.shares import (
    Share,
    effective,
    f1_interval,
    mean_of_two,
    wilson,
)
from lr_pipeline.evaluation.metrics import METRICS

_BRIER_PART = "its estimate is biased by more than it varies"


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
    for metric in ("log_loss", "brier_score"):
        value = getattr(model.metrics, metric)
        if value is None:
            continue
        reason = few_cases(model.cases)
        spread = model.cases.spread(model.mean_influence(metric))
        yield metric, no_interval(reason) if reason else skewed_interval(value, spread)


def _of_ranks(model: Predictions) -> Iterator[tuple[str, Interval]]:
    """Yield the intervals of ROC AUC, Gini and average precision."""
    metrics = model.metrics
    if metrics.roc_auc is None or metrics.average_precision is None:
        return
    reason = few_cases(model.cases) or ("every row has the same score" if model.constant else "")
    if reason:
        yield from ((name, no_interval(reason)) for name in ("roc_auc", "gini"))
        yield "average_precision", no_interval(reason)
        return
    area = _in_unit(metrics.roc_auc, model.auc_influence, True, "DeLong, on the logit scale", model)
    yield "roc_auc", area
    yield "gini", _gini(area)
    yield (
        "average_precision",
        _in_unit(
            metrics.average_precision, model.precision_influence, False, "delta, logit", model
        ),
    )


def _in_unit(
    value: float, influence: np.ndarray, by_class: bool, method: str, model: Predictions
) -> Interval:
    spread = model.cases.spread(influence, by_class)
    if not 0.0 < value < 1.0 or spread.standard_error == 0.0:
        return no_interval(f"an estimate of {value:g} has no spread")
    return logit_interval(value, spread, method=method)


def _gini(area: Interval) -> Interval:
    if area.ends is None:
        return area
    low, high = (2.0 * end - 1.0 for end in area.ends)
    return Interval(low, high, area.level, f"2 AUC − 1: {area.method}")


def _of_answers(model: Predictions) -> Iterator[tuple[str, Interval]]:
    """Yield the intervals of shares of cases."""
    m, y, yes = model.metrics, model.cases.labels, model.answers
    tn, fp, fn, tp = m.true_negative, m.false_positive, m.false_negative, m.true_positive
    if few_groups(model.cases):
        return
    parts = {
        "accuracy": (tn + tp, tn + fp + fn + tp, y == yes, np.ones_like(y)),
        "precision": (tp, tp + fp, y * yes, yes),
        "recall": (tp, tp + fn, y * yes, y),
        "specificity": (tn, tn + fp, (1 - y) * (1 - yes), 1 - y),
        "f1": (tp, tp + fp + fn, y * yes, np.maximum(y, yes)),
    }
    shares: dict[str, Share] = {}
    for name, (part, whole, in_part, in_whole) in parts.items():
        if whole:
            share = effective(
                (float(part), float(whole)), in_part.astype(float), in_whole, model.cases
            )
            shares[name] = share
            found = wilson(share)
            yield name, f1_interval(found) if name == "f1" else found
    if "recall" in shares and "specificity" in shares:
        yield "balanced_accuracy", mean_of_two(shares["recall"], shares["specificity"])
