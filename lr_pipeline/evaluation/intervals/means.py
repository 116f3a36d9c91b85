"""Intervals for an estimate that is nearly a mean of independent contributions."""

import math

import numpy as np
from scipy.special import expit, logit, ndtri, stdtr

from lr_pipeline.evaluation.intervals.interval import LEVEL, Interval
from lr_pipeline.evaluation.intervals.units import Spread, t_quantile


def skewed_log_interval(estimate: float, spread: Spread, freedom: float) -> Interval:
    """Interval for a mean m > 0, never below 0: all μ with |g(T)| ≤ t, T = (log m − log μ) m / se.

    With γ the skewness of n contributions and b = γ / 3√n − se / 2m, g(T) = T + b T² + b² T³ / 3 +
    γ / 6√n is monotone and takes the first-order effect of skewness off the statistic. t has
    ``freedom`` degrees of freedom.

    Source: P. Hall, Journal of the Royal Statistical Society B 54 (1992), 221–228.
    """
    error = spread.standard_error / estimate
    skew = spread.skewness / math.sqrt(spread.units)
    b = skew / 3.0 - error / 2.0
    t = t_quantile(freedom)
    ends = [_inverse(side * t - skew / 6.0, b) for side in (1, -1)]
    low, high = (estimate * math.exp(-error * T) for T in ends)
    return Interval(low, high, method="t interval of its logarithm, corrected for skewness (Hall)")


def _inverse(x: float, b: float) -> float:
    """T with T + b T² + b² T³ / 3 = x."""
    return x if abs(b) < 1e-9 else (float(np.cbrt(1.0 + 3.0 * b * x)) - 1.0) / b


def logit_interval(estimate: float, spread: Spread, method: str) -> Interval:
    """Interval that is symmetric around log(m / (1 − m)), of an estimate m between 0 and 1."""
    width = spread.quantile * spread.standard_error / (estimate * (1.0 - estimate))
    low, high = (float(expit(logit(estimate) + side * width)) for side in (-1, 1))
    return Interval(low, high, method=method)


def t_interval(estimate: float, spread: Spread, method: str) -> Interval:
    """Interval estimate ± t · standard error."""
    width = spread.quantile * spread.standard_error
    return Interval(estimate - width, estimate + width, method=method)


def t_p_value(difference: float, spread: Spread) -> float:
    """Two-sided p-value of a t test that the population's difference is 0."""
    if spread.standard_error == 0.0:
        return 1.0 if difference == 0.0 else 0.0
    return float(2.0 * stdtr(spread.freedom, -abs(difference) / spread.standard_error))


NORMAL = float(ndtri((1.0 + LEVEL) / 2.0))
