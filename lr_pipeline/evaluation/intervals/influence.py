"""How much each test row contributes to a metric: its influence, at O(n log n) for all rows.

φ of a row is the derivative of the metric when that row becomes a little more frequent; Σ ω φ = 0.
"""

import numpy as np
from jaxtyping import Int64
from scipy.special import xlog1py, xlogy

from lr_pipeline.core.logistic.loss import log_loss
from lr_pipeline.core.ranking import CountsByScore
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.intervals.units import Cases

Places = Int64[np.ndarray, " n"]


def places_of(score: RowVector, counts: CountsByScore) -> Places:
    """(n,) where each row's score is among the distinct ones."""
    return np.asarray(np.searchsorted(counts.scores, score), np.int64)


def mean_influence(values: RowVector, cases: Cases) -> RowVector:
    """φ of the mean Σ ω v / W: v less the mean."""
    return np.asarray(values - float(np.sum(cases.weight * values)) / cases.total)


def row_losses(labels: RowVector, p: RowVector, z: RowVector | None) -> RowVector:
    """(n,) log loss of each row, from z where there is one."""
    if z is not None:
        return np.asarray(log_loss(z, labels))
    return np.asarray(-xlogy(labels, p) - xlog1py(1.0 - labels, -p))


def auc_influence(counts: CountsByScore, places: Places, cases: Cases) -> RowVector:
    """φ of the area A under the ROC curve: DeLong's structural components.

    A positive row's is (V − A) W / P, V the share of negative cases below it, ties counted half; a
    negative row's (V − A) W / N, V the share of positive cases above it.

    Source: E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988), 837–845.
    """
    N, P = cases.classes
    below = (np.cumsum(counts.negative) - counts.negative / 2.0) / N
    above = 1.0 - (np.cumsum(counts.positive) - counts.positive / 2.0) / P
    area = float(np.sum(counts.positive * below)) / P
    of_ones, of_zeros = (below[places] - area) / P, (above[places] - area) / N
    return np.asarray(cases.total * np.where(cases.labels == 1.0, of_ones, of_zeros))


def precision_influence(counts: CountsByScore, places: Places, cases: Cases) -> RowVector:
    """φ of the average precision T = Σ over positive cases of H(s)/G(s) / P.

    G(s) and H(s) are the shares of all cases that have a score of at least s, and of those that are
    positive besides. With π = P / W, a(s) = Σ over scores t ≤ s of h(t) / G(t) and
    b(s) = Σ h(t) H(t) / G(t)², h(t) the share of positive cases at t, φ is
    [y (H(s)/G(s) + a(s) − T) − b(s)] / π.
    """
    W = cases.total
    at = counts.positive / W
    G = np.cumsum((counts.negative + counts.positive)[::-1])[::-1] / W
    H = np.cumsum(counts.positive[::-1])[::-1] / W
    share = cases.classes[1] / W
    precision = H / G
    T = float(np.sum(at * precision)) / share
    a, b = np.cumsum(at / G), np.cumsum(at * precision / G)
    return np.asarray((cases.labels * ((precision + a)[places] - T) - b[places]) / share)
