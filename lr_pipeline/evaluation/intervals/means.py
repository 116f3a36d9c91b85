"""Intervals and tests for an estimate that is nearly a mean of independent contributions."""

import math

import numpy as np
from scipy.special import ndtr, stdtr, stdtrit

from lr_pipeline.evaluation.intervals.interval import LEVEL, Interval
from lr_pipeline.evaluation.intervals.units import Spread

HALL = "t interval corrected for skewness (Hall)"


def skewed_interval(
    estimate: float, spread: Spread, level: float = LEVEL, method: str = HALL
) -> Interval:
    """Interval for the mean μ of a skewed variable: all μ with |g(T)| ≤ t, T = (m − μ) / se.

    g(T) = T + γ T² / 3√n + γ² T³ / 27n + γ / 6√n is monotone and takes the first-order effect of
    the skewness γ off the t statistic; t is its quantile with n − 1 degrees of freedom.

    Source: P. Hall, Journal of the Royal Statistical Society B 54 (1992), 221–228.
    """
    t = float(stdtrit(spread.units - 1.0, (1.0 + level) / 2.0))
    low, high = (estimate - spread.standard_error * _inverse(sign * t, spread) for sign in (1, -1))
    return Interval(low, high, level, method)


def skewed_p_value(difference: float, spread: Spread) -> float:
    """Two-sided p-value for a mean of 0, by the same statistic g(T)."""
    if spread.standard_error == 0.0:
        return 1.0 if difference == 0.0 else 0.0
    g = _corrected(difference / spread.standard_error, spread)
    return float(min(2.0 * stdtr(spread.units - 1.0, -abs(g)), 1.0))


def _corrected(T: float, spread: Spread) -> float:
    c = spread.skewness / math.sqrt(spread.units)
    return T + c * T**2 / 3.0 + c**2 * T**3 / 27.0 + c / 6.0


def _inverse(x: float, spread: Spread) -> float:
    """g⁻¹(x)."""
    c = spread.skewness / math.sqrt(spread.units)
    if abs(c) < 1e-9:
        return x
    return 3.0 / c * (float(np.cbrt(1.0 + c * (x - c / 6.0))) - 1.0)


def logit_interval(
    estimate: float, spread: Spread, level: float = LEVEL, method: str = ""
) -> Interval:
    """Interval that is symmetric for log(A / (1 − A)), of an estimate between 0 and 1."""
    t = float(stdtrit(spread.units - 1.0, (1.0 + level) / 2.0))
    odds = math.log(estimate / (1.0 - estimate))
    width = t * spread.standard_error / (estimate * (1.0 - estimate))
    low, high = (1.0 / (1.0 + math.exp(-(odds + side * width))) for side in (-1, 1))
    return Interval(low, high, level, method)


def normal_p_value(z: float) -> float:
    """Two-sided p-value of a standard normal statistic."""
    return float(2.0 * ndtr(-abs(z)))
