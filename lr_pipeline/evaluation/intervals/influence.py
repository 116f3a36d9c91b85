"""How much each test row contributes to a metric: its influence, at O(n log n) for all rows.

φ of a row is the derivative of the metric when that row becomes a little more frequent, or what the
metric loses without one of its cases (the jackknife's); Σ ω φ = 0.
"""

import numpy as np
from jaxtyping import Int64
from scipy.special import xlog1py, xlogy

from lr_pipeline.core.logistic.loss import log_loss
from lr_pipeline.core.ranking import CountsByScore
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.intervals.units import Cases

Places = Int64[np.ndarray, " n"]


def places_of(score: RowVector) -> Places:
    """(n,) where each row's score is among the distinct ones, in ascending order.

    Sorting takes a quarter of the time of looking up millions of scores in no order.
    """
    order = np.argsort(score)
    ascending = score[order]
    steps = np.zeros(len(score), np.int64)
    np.not_equal(ascending[1:], ascending[:-1], out=steps[1:], casting="unsafe")
    places = np.empty_like(steps)
    places[order] = np.cumsum(steps, out=steps)
    return places


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
    """φ of the average precision T: W times what T loses without one case, by the jackknife.

    G(s) and H(s) are the numbers of all and of positive cases with a score of at least s, h(s) the
    positive ones at s, P all of them; T = Σ h H/G / P. A case has weight δ. With sums over scores
    up to s, A(s) = Σ h (G − H)/(G (G − δ)) and B(s) = Σ h H/(G (G − δ)), a positive row's φ is
    W (A(s) + (H(s) − δ)/(G(s) − δ) − T) / (P − δ), a negative row's −W B(s) / P; less their mean.

    Source: B. Efron and C. Stein, Annals of Statistics 9 (1981), 586–596.
    """
    h, unit = counts.positive, cases.unit
    G, H = _from_the_top(counts.negative + h), _from_the_top(h)
    alone = unit >= G  # one case on top, whose leaving takes its own precision of 1
    others = np.where(alone, 1.0, G - unit)
    A = np.cumsum(h * (G - H) / (G * others))
    B = np.cumsum(np.where(alone, 0.0, h * H / (G * others)))
    of_others = np.where(alone, 1.0, (H - unit) / others)
    P = cases.classes[1]
    T = float(np.sum(h * H / G)) / P
    of_ones = (A + of_others - T)[places] / (P - unit)
    loss = cases.total * np.where(cases.labels == 1.0, of_ones, -B[places] / P)
    return np.asarray(loss - float(np.sum(cases.weight * loss)) / cases.total)


def precision_owed_to_itself(counts: CountsByScore, unit: float) -> float:
    """What the average precision owes to each positive case counting itself.

    Σ h (H/G − (H − δ)/(G − δ)) / P, the precision at a case's score less that among the others
    there; the one case on top, of precision 1, has no others, which counts as 0. ``unit``: δ.
    """
    h = counts.positive
    G, H = _from_the_top(counts.negative + h), _from_the_top(h)
    others = np.where(unit < G, G - unit, 1.0)
    owed = np.where(unit < G, unit * (G - H) / (G * others), H / G)
    return float(np.sum(h * owed) / np.sum(h))


def _from_the_top(counts: RowVector) -> RowVector:
    """(k,) cases at each score or above it."""
    return np.asarray(np.cumsum(counts[::-1])[::-1])
