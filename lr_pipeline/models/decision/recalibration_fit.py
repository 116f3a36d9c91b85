"""Learn a recalibration from held-out scores: Platt's curve, or an isotonic step function."""

import numpy as np

from lr_pipeline.core.types import RowVector
from lr_pipeline.models.decision.logistic_curve import fit_curve
from lr_pipeline.models.decision.recalibration import Isotonic, Platt


def fit_platt(z: RowVector, y: RowVector, weight: RowVector) -> Platt:
    """Return the a and b ≥ 0 that minimise Σ weight [−t log p − (1 − t) log(1 − p)], p = σ(a + bz).

    The targets t are (N₊ + 1) / (N₊ + 2) and 1 / (N₋ + 2) in place of 1 and 0, with N the weights
    of the classes, so that the minimum exists where z separates them (J. Platt, in *Advances in
    Large Margin Classifiers*, 1999, 61–74; H.-T. Lin, C.-J. Lin and R. Weng, Machine Learning 68,
    2007). A negative slope would turn the model's ranking round; then b is 0.
    """
    y, z, weight = (one[weight > 0] for one in (y, z, weight))
    positive = float((weight * y).sum())
    negative = float((weight * (1.0 - y)).sum())
    t = np.where(y == 1.0, (positive + 1) / (positive + 2), 1 / (negative + 2))
    curve = fit_curve(z, t, weight)
    if curve.slope > 0.0:
        return Platt(curve.intercept, curve.slope)
    share = float((weight * t).sum()) / (positive + negative)
    return Platt(float(np.log(share / (1 - share))), 0.0)


def fit_isotonic(z: RowVector, y: RowVector, weight: RowVector) -> Isotonic:
    """Return the increasing step function of z that is nearest to y in weighted least squares.

    Half a positive case at the lowest score and half a negative one at the highest are added, so
    that no step is 0 or 1: a single wrong row would make the log loss infinite. Steps change in the
    middle between neighbouring scores. Pool-adjacent-violators: R. Barlow et al., *Statistical
    Inference under Order Restrictions*, 1972.
    """
    from scipy.optimize import isotonic_regression

    y, z, weight = (one[weight > 0] for one in (y, z, weight))
    values, place = np.unique(z, return_inverse=True)
    total, ones = (np.bincount(place, of) for of in (weight, weight * y))
    total[0] += 0.5
    ones[0] += 0.5
    total[-1] += 0.5
    levels = np.asarray(isotonic_regression(ones / total, weights=total).x)
    edges = np.flatnonzero(np.diff(levels) > 0.0)
    below, above = values[edges], values[edges + 1]
    starts = below + (above - below) / 2.0
    starts = np.where(starts > below, starts, above)
    steps = levels[np.append(0, edges + 1)]
    return Isotonic(tuple(starts.tolist()), tuple(steps.tolist()))
