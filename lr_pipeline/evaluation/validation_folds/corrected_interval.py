"""Nadeau and Bengio's interval for a mean over folds of repeated cross-validation."""

import math

import numpy as np

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.intervals.interval import Interval, no_interval
from lr_pipeline.evaluation.intervals.units import t_quantile

METHOD = "corrected t (Nadeau and Bengio)"


def corrected_interval(values: RowVector, ratio: float) -> Interval:
    """Return the interval m ± t √((1/J + ``ratio``) S²) of J fold values with mean m.

    ``ratio`` is n₂ / n₁, held-out rows over training rows; S² is the variance of the values, with
    J − 1, and t a quantile of Student's distribution with J − 1 degrees of freedom. The training
    sets of two folds share most of their rows, so that their values are not independent, and S² / J
    alone would be far too small.

    Source: C. Nadeau and Y. Bengio, Machine Learning 52 (2003), 239–281.
    """
    J = len(values)
    if J < 2:
        return no_interval("one fold alone")
    mean, variance = float(values.mean()), float(values.var(ddof=1))
    reach = t_quantile(J - 1.0) * math.sqrt((1.0 / J + ratio) * variance)
    return Interval(mean - reach, mean + reach, method=METHOD)


def mean_of(values: RowVector) -> float:
    """Return the mean, with a sum that does not depend on their order."""
    return math.fsum(values.tolist()) / len(values) if len(values) else float(np.nan)
