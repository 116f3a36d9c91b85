"""McNemar's test: whether two models answer wrongly equally often, on the same cases."""

import math

from scipy.special import betainc, ndtr

from lr_pipeline.evaluation.intervals.interval import Interval
from lr_pipeline.evaluation.intervals.means import NORMAL

FEW_DISCORDANT = 25


def mcnemar_p_value(b: float, c: float) -> float:
    """Two-sided p-value from the cases that only the first model got right, b, and the second, c.

    Exact for fewer than 25 of them: each is b or c with probability 1/2. Beyond, z = (b − c) /
    √(b + c).

    Source: Q. McNemar, Psychometrika 12 (1947), 153–157.
    """
    if b + c == 0.0:
        return 1.0
    if b + c < FEW_DISCORDANT:
        least = min(b, c)
        return min(2.0 * float(betainc(b + c - least, least + 1.0, 0.5)), 1.0)
    return float(2.0 * ndtr(-abs(b - c) / math.sqrt(b + c)))


def accuracy_difference(b: float, c: float, cases: float) -> Interval:
    """Interval for the difference (b − c) / n of two accuracies, with one case added to b and to c.

    Source: D. G. Bonett and R. M. Price, Journal of Educational and Behavioral Statistics 37
    (2012), 479–488.
    """
    n = cases + 2.0
    first, second = (b + 1.0) / n, (c + 1.0) / n
    difference = first - second
    width = NORMAL * math.sqrt((first + second - difference**2) / n)
    low, high = max(difference - width, -1.0), min(difference + width, 1.0)
    return Interval(low, high, method="Bonett and Price")
