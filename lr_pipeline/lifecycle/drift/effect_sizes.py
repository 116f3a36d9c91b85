"""How far two distributions are apart, in measures that do not grow with the number of rows."""

import numpy as np
from jaxtyping import Float64

from lr_pipeline.lifecycle.drift.reference_profile import Points

CellCounts = Float64[np.ndarray, " cells"]
EMPTY_CELL = 0.5  # cases, of an empty cell in a PSI, which would be infinite


def largest_gap(reference: Points, bins: CellCounts) -> float:
    """Kolmogorov and Smirnov's D: the largest |F − G| at the points of a reference (points,).

    ``reference`` are its cumulative cases, and ``bins`` (points + 1,) the new cases up to the first
    point, between two points, and beyond the last. Between two points the gap can be larger by what
    either distribution has there, 1/200 of the reference.
    """
    F, G = reference / reference[-1], np.cumsum(bins)[:-1] / bins.sum()
    return float(np.abs(F - G).max())


def wasserstein_distance(
    points: Points,
    reference: tuple[Points, Points],
    new: tuple[CellCounts, Points],
    excess: float = 0.0,
) -> float:
    """∫ |F − G| dx, the mean way from one distribution to the other, in the units of the points.

    Each side has its cases, cumulative of the reference (points,) and in bins of the new rows
    (points + 1,), and the sum (points,) of the distances from each value up to the next point.
    From these the integral of F − G between two neighbouring points is exact; its sign is taken as
    the same all the way. ``excess``: the sum, over the new cases beyond the last point, of their
    distance from it.
    """
    (cumulative, below), (bins, below_new) = reference, new
    m, n = float(cumulative[-1]), float(bins.sum())
    F, G = cumulative / m, np.cumsum(bins)[:-1] / n
    between = (F - G)[:-1] * np.diff(points)
    areas = below / m - below_new / n + np.concatenate([[0.0], between])
    return float(np.abs(areas).sum()) + excess / n


def cramers_v(reference: CellCounts, new: CellCounts) -> float:
    """Cramér's V of the table set × cell, both sets weighing the same, without its bias.

    V² = ½ Σ (p − q)² / (p + q), less its mean (k − 1) / 4 · (1/m + 1/n) where nothing has changed,
    and at least 0; p and q are the shares of the k cells that are not empty, m and n the cases.
    Weighing both sets alike keeps V from shrinking where one set has many more rows.

    Source: H. Cramér, Mathematical Methods of Statistics (1946), 21.9; the correction as in
    W. Bergsma, Journal of the Korean Statistical Society 42 (2013), 323–328.
    """
    m, n = float(reference.sum()), float(new.sum())
    p, q = reference / m, new / n
    held = p + q > 0
    squared = 0.5 * float(np.sum((p - q)[held] ** 2 / (p + q)[held]))
    bias = (int(held.sum()) - 1) / 4.0 * (1.0 / m + 1.0 / n)
    return float(np.sqrt(max(squared - bias, 0.0)))


def population_stability(reference: CellCounts, new: CellCounts) -> float:
    """PSI = Σ (q − p) log(q / p) over the cells; an empty cell counts as half a case.

    Source: N. Siddiqi, Credit Risk Scorecards (2006), ch. 7.
    """
    held = reference + new > 0
    m, n = float(reference.sum()), float(new.sum())
    p = np.where(reference > 0, reference, EMPTY_CELL)[held] / m
    q = np.where(new > 0, new, EMPTY_CELL)[held] / n
    return float(np.sum((q - p) * np.log(q / p)))
