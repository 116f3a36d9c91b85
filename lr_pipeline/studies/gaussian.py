"""The normal distribution: density, likelihood, estimate (tutorial, "最大似然估计和损失函数")."""

from dataclasses import dataclass
from math import log, pi

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.columns.moments import Moments, moments_of, standard_deviation
from lr_pipeline.core.types import Columns, RowVector

LOG_SQRT_2PI = 0.5 * log(2.0 * pi)


@dataclass(frozen=True)
class NormalEstimate:
    """Maximum-likelihood mean μ and deviation σ (d,) of columns, each assumed to be normal."""

    mean: Columns
    deviation: Columns


def log_density(
    x: Float64[np.ndarray, "*shape"], mean: float, deviation: float
) -> Float64[np.ndarray, "*shape"]:
    """Return log f(x; μ, σ) = −(x − μ)² / 2σ² − log σ − ½ log 2π; exact where f underflows."""
    _check_deviation(deviation)
    return -0.5 * ((x - mean) / deviation) ** 2 - log(deviation) - LOG_SQRT_2PI


def density(
    x: Float64[np.ndarray, "*shape"], mean: float, deviation: float
) -> Float64[np.ndarray, "*shape"]:
    """Return f(x; μ, σ) = exp(−(x − μ)² / 2σ²) / (σ √2π)."""
    return np.asarray(np.exp(log_density(x, mean, deviation)))


def log_likelihood(
    x: RowVector, mean: float, deviation: float, weight: RowVector | None = None
) -> float:
    """Return Σ w log f(x; μ, σ)."""
    terms = log_density(x, mean, deviation)
    return float(terms.sum() if weight is None else weight @ terms)


def estimate_normal(moments: Moments) -> NormalEstimate:
    """Maximise the likelihood in closed form: μ = Σ w x / Σ w, σ² = Σ w (x − μ)² / Σ w.

    The derivatives of Σ w log f vanish there and nowhere else; σ divides by Σ w, not Σ w − 1. The
    deviation loses no digits to a large mean, from one block or from moments that are added.
    """
    if moments.num_rows == 0:
        raise ValueError("expected at least one row of positive weight, found none")
    return NormalEstimate(moments.mean, standard_deviation(moments))


def fit_normal(x: RowVector, weight: RowVector | None = None) -> tuple[float, float]:
    """Return the maximum-likelihood mean and deviation of one sample."""
    estimate = estimate_normal(moments_of(x[:, None], weight))
    return float(estimate.mean[0]), float(estimate.deviation[0])


def _check_deviation(deviation: float) -> None:
    """Reject deviations that are not positive and finite."""
    if not 0.0 < deviation < np.inf:
        raise ValueError(f"deviation must be positive and finite, found {deviation}")
