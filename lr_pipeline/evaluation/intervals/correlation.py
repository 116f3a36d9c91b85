"""The interval of Matthews' correlation between labels and answers."""

import math

import numpy as np
from jaxtyping import Float64

from lr_pipeline.evaluation.intervals.areas import NO_SPREAD
from lr_pipeline.evaluation.intervals.interval import Interval, no_interval
from lr_pipeline.evaluation.intervals.means import NORMAL
from lr_pipeline.evaluation.intervals.scored_cases import Predictions

# With half a case, intervals cover too seldom where the rarer class has ten cases.
ADDED_CASES = 0.75

Cells = Float64[np.ndarray, " 4"]  # true negative, false positive, false negative, true positive


def mcc_interval(model: Predictions) -> Interval:
    """Interval for Matthews' correlation r, symmetric for artanh r (Fisher's z): the delta method.

    ADDED_CASES are added to each cell of the confusion matrix, which keeps the variance from being
    too small where a cell is nearly empty. Rows of one group vary together.
    """
    metrics, cases = model.metrics, model.cases
    names = ("true_negative", "false_positive", "false_negative", "true_positive")
    cells = np.array([float(getattr(metrics, name)) for name in names]) + ADDED_CASES
    r, gradient = _correlation(cells / cells.sum())
    if cases.group is None:
        share = cells / cells.sum()
        variance = float(np.sum(gradient**2 * share) - np.sum(gradient * share) ** 2)
        error = math.sqrt(max(variance, 0.0) / float(cells.sum()))
        quantile, method = NORMAL, "Fisher's z, with 3/4 of a case more in each cell"
    else:
        cell = (2.0 * cases.labels + model.answers).astype(np.int64)
        spread = cases.spread(gradient[cell] - float(np.sum(gradient * cells)) / cells.sum())
        error, quantile, method = spread.standard_error, spread.quantile, "Fisher's z, by groups"
    if not 0.0 < error < math.inf or abs(r) >= 1.0:
        return no_interval(NO_SPREAD)
    width = quantile * error / (1.0 - r * r)
    low, high = (math.tanh(math.atanh(r) + side * width) for side in (-1, 1))
    found = float(metrics.mcc or 0.0)
    return Interval(min(low, found), max(high, found), method=method)


def _correlation(p: Cells) -> tuple[float, Cells]:
    """Return r of the shares of the cells, and its derivatives by each."""
    tn, fp, fn, tp = p
    sides = np.array([tp + fp, tp + fn, tn + fp, tn + fn])
    root = float(np.sqrt(sides.prod()))
    r = float(tp * tn - fp * fn) / root
    yes, ones, zeros, no = r / 2.0 / sides
    products = np.array([tp, -fn, -fp, tn]) / root
    return r, products - np.array([zeros + no, yes + zeros, ones + no, yes + ones])
