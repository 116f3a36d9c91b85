"""Goodness of fit on training rows: information criteria, pseudo-R², residuals, groups.

Sources: D. McFadden, Conditional logit analysis of qualitative choice behavior (1974); T. Tjur,
American Statistician 63 (2009), 366–372; D. W. Hosmer and S. Lemeshow, Applied Logistic Regression,
2nd edition (2000), section 5.2.2.
"""

from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np

from lr_pipeline.core.logistic.loss import log_loss, sigmoid
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.calibration import calibration_bins
from lr_pipeline.evaluation.effects.joint_tests import chi_square_p

HOSMER_LEMESHOW_GROUPS = 10
CASES_PER_PATTERN = 5.0


class Criteria(NamedTuple):
    """ℓ, ℓ₀ of the intercept alone; AIC = 2k − 2ℓ, BIC = k log n − 2ℓ; 1 − ℓ/ℓ₀ (McFadden)."""

    log_likelihood: float
    null_log_likelihood: float
    parameters: int
    cases: float
    aic: float
    bic: float
    mcfadden: float


def criteria(log_likelihood: float, parameters: int, cases: float, prevalence: float) -> Criteria:
    """Compute what the log-likelihoods give; ``prevalence`` is the share of ones in the rows."""
    shares = (prevalence, 1.0 - prevalence)
    null = cases * sum(share * log(share) for share in shares if share > 0.0)
    return Criteria(
        log_likelihood,
        null,
        parameters,
        cases,
        2.0 * parameters - 2.0 * log_likelihood,
        parameters * log(cases) - 2.0 * log_likelihood,
        1.0 - log_likelihood / null if null else float("nan"),
    )


def tjur(y: RowVector, p: RowVector, weight: RowVector) -> float | None:
    """Mean prediction of the ones minus that of the zeros; None if there is one class only."""
    ones, zeros = float(weight @ y), float(weight @ (1.0 - y))
    if ones == 0.0 or zeros == 0.0:
        return None
    return float(weight @ (y * p)) / ones - float(weight @ ((1.0 - y) * p)) / zeros


@dataclass(frozen=True)
class ResidualSummary:
    """Least, quartiles and greatest of some residuals, by weight."""

    least: float
    lower_quartile: float
    median: float
    upper_quartile: float
    greatest: float


def pearson_residuals(y: RowVector, z: RowVector) -> RowVector:
    """(y − p) / √(p (1 − p)) = ±exp(∓z / 2): exact where p rounds to 0 or 1."""
    with np.errstate(over="ignore"):
        return np.where(y == 1.0, np.exp(-z / 2.0), -np.exp(z / 2.0))


def deviance_residuals(y: RowVector, z: RowVector) -> RowVector:
    """±√(2 log loss), positive for ones."""
    return np.asarray(np.where(y == 1.0, 1.0, -1.0) * np.sqrt(2.0 * log_loss(z, y)))


def summarize(residuals: RowVector, weight: RowVector) -> ResidualSummary:
    """Return five numbers of residuals; a row of weight 3 is three."""
    order = np.argsort(residuals, kind="stable")
    ends = np.cumsum(weight[order])
    places = np.searchsorted(ends, np.array([0.25, 0.5, 0.75]) * ends[-1])
    found = residuals[order]
    quartiles = found[np.minimum(places, len(found) - 1)]
    low, middle, high = quartiles.tolist()
    return ResidualSummary(float(found[0]), low, middle, high, float(found[-1]))


class ChiSquare(NamedTuple):
    """A χ² statistic with its degrees of freedom, p-value, and the number of its groups."""

    statistic: float
    degrees_of_freedom: int
    p_value: float
    groups: int


def hosmer_lemeshow(y: RowVector, p: RowVector, weight: RowVector) -> ChiSquare | None:
    """Σ over groups (O − E)² / (E (1 − E / n)), in ten groups by prediction, two degrees less.

    None with fewer than three groups.
    """
    groups = calibration_bins(y, p, HOSMER_LEMESHOW_GROUPS, weight)
    if len(groups) < 3:
        return None
    statistic = 0.0
    for group in groups:
        expected = group.cases * group.mean_prediction
        variance = expected * (1.0 - group.mean_prediction)
        gap = group.cases * group.observed_share - expected
        if variance > 0.0:
            statistic += gap**2 / variance
    k = len(groups) - 2
    return ChiSquare(statistic, k, chi_square_p(statistic, k), len(groups))


class Dispersion(NamedTuple):
    """Pearson's χ² of groups of equal columns by its degrees of freedom; or why there is none."""

    value: float | None
    test: ChiSquare | None
    patterns: int
    withheld: str


def dispersion(y: RowVector, z: RowVector, weight: RowVector, parameters: int) -> Dispersion:
    """Compare counts of ones with predictions in groups of rows with the same prediction.

    It needs groups: at least five cases in each on average, and more groups than parameters.
    """
    distinct, group = np.unique(z, return_inverse=True)
    cases = np.bincount(group, weight)
    patterns, total = len(distinct), float(weight.sum())
    if total < CASES_PER_PATTERN * patterns or patterns <= parameters:
        reason = (
            f"the rows have {patterns:,} different sets of values for {total:,.10g} cases; "
            f"{CASES_PER_PATTERN:g} cases of each are needed. Of single rows of 0 and 1, "
            "Pearson's χ² says nothing about dispersion"
        )
        return Dispersion(None, None, patterns, reason)
    p = sigmoid(distinct)
    variance = cases * p * (1.0 - p)
    gap = np.bincount(group, weight * y) - cases * p
    statistic = float(np.sum(gap[variance > 0] ** 2 / variance[variance > 0]))
    k = patterns - parameters
    test = ChiSquare(statistic, k, chi_square_p(statistic, k), patterns)
    return Dispersion(statistic / k, test, patterns, "")
