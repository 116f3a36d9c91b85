"""Nadeau and Bengio's interval for a mean over folds of repeated cross-validation."""

import math

import numpy as np
from scipy.special import stdtrit

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.intervals.interval import LEVEL, Interval, no_interval

METHOD = "corrected t (Nadeau and Bengio)"


def corrected_interval(values: RowVector, ratio: float, level: float = LEVEL) -> Interval:
    """Return the interval m ± t √((1/J + ``ratio``) S²) of J fold values with mean m.

    ``ratio`` is n₂ / n₁, held-out rows over training rows; S² is the variance of the values, with
    J − 1, and t a quantile of Student's distribution with J − 1 degrees of freedom. The training
    sets of two folds share most of their rows, so that their values are not independent, and S² / J
    alone would be far too small.

    Source: C. Nadeau and Y. Bengio, Machine Learning 52 (2003), 239–281.
    """
    J = len(values)
    if J < 2:
        return no_interval("one fold alone", level)
    mean, variance = float(values.mean()), float(values.var(ddof=1))
    t = float(stdtrit(J - 1.0, (1.0 + level) / 2.0))
    reach = t * math.sqrt((1.0 / J + ratio) * variance)
    return Interval(mean - reach, mean + reach, level, METHOD)


def mean_of(values: RowVector) -> float:
    """Return the mean, with a sum that does not depend on their order."""
    return math.fsum(values.tolist()) / len(values) if len(values) else float(np.nan)
