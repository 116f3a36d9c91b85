"""Probability against likelihood (tutorial, "最大似然估计和损失函数").

The same f(x; σ) is a density while σ is fixed and x varies, and a likelihood while x is fixed and
σ varies. The likelihood of n rows is a product, which soon leaves float64's range; its logarithm
is a sum, which does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.logistic.loss import log_loss
from lr_pipeline.core.types import RowVector
from lr_pipeline.report.canvas import picture
from lr_pipeline.studies.gaussian import fit_normal, log_density, log_likelihood
from lr_pipeline.studies.likelihood_figures import (
    draw_log_likelihood,
    draw_log_loss,
    draw_probability_and_likelihood,
    draw_underflow,
)
from lr_pipeline.studies.study import Study

DEVIATIONS = (0.5, 1.0, 2.0)
GRID_POINTS = 81
# The tutorial's protection against log(0), and log odds at which its effect is visible.
TUTORIAL_EPSILON = 1e-8
LOG_ODDS = (-10.0, -20.0, -40.0, -800.0)
MOST_FACTORS = 1_000_000


@dataclass(frozen=True, eq=False)
class LikelihoodGrid:
    """Log likelihood (means, deviations) of a sample on a grid around its maximum."""

    means: Float64[np.ndarray, " means"]
    deviations: Float64[np.ndarray, " deviations"]
    log_likelihood: Float64[np.ndarray, "means deviations"]

    def largest(self) -> dict[str, float]:
        """Return the grid point of the largest value."""
        i, j = np.unravel_index(np.argmax(self.log_likelihood), self.log_likelihood.shape)
        return {
            "mean": float(self.means[i]),
            "deviation": float(self.deviations[j]),
            "log_likelihood": float(self.log_likelihood[i, j]),
        }


@dataclass(frozen=True, eq=False)
class Product:
    """A product of probabilities (or densities) over more and more rows, in float64.

    ``log_terms`` (n,): log of each row's factor; the rows are repeated as often as needed.
    ``rows``: the number of factors at which the product becomes 0 or ∞; None if it never does.
    ``value``: the product then. ``logarithm``: Σ log of the same factors.
    """

    name: str
    log_terms: RowVector
    rows: int | None
    value: float
    logarithm: float

    def numbers(self) -> dict[str, Any]:
        """Return the numbers for JSON, which has no infinity."""
        value = "infinity" if np.isinf(self.value) else self.value
        return {"rows": self.rows, "product": value, "log_likelihood": self.logarithm}


def likelihood_study(
    x: RowVector,
    y: RowVector,
    feature: str = "x",
    target: str = "y",
    deviations: Sequence[float] = DEVIATIONS,
) -> Study:
    """Study the likelihood of values x under a normal law, and of 0/1 labels y under Bernoulli's.

    ``numbers``: ``normal`` (mean, deviation, log_likelihood; grid: the same at its largest point),
    ``bernoulli`` (rows, ones, probability, log_likelihood, log_loss), ``underflow`` (normal,
    bernoulli: rows, product, log_likelihood), ``epsilon`` (what log(ŷ + 1e-8) does to the loss).
    Pictures: ``probability_and_likelihood``, ``log_likelihood``, ``bernoulli``, ``underflow``.

    Raises
    ------
    ValueError
        x is constant: its likelihood has no maximum with σ > 0.
    """
    if np.ptp(x) == 0.0:
        raise ValueError(
            f"feature {feature!r} must vary for a normal law, found {x[0]:g} in every row: "
            "choose another with feature="
        )
    mean, deviation = fit_normal(x)
    grid = likelihood_grid(x, mean, deviation)
    normal = multiply(f"densities of {feature}", log_density(x, mean, deviation))
    share, terms = bernoulli_terms(y)
    bernoulli = multiply(f"probabilities of {target}", terms)
    numbers = {
        "feature": feature,
        "target": target,
        "normal": {
            "rows": len(x),
            "mean": mean,
            "deviation": deviation,
            "log_likelihood": log_likelihood(x, mean, deviation),
            "grid": grid.largest(),
        },
        "bernoulli": {
            "rows": len(y),
            "ones": int(y.sum()),
            "probability": share,
            "log_likelihood": float(terms.sum()),
            "log_loss": float(-terms.mean()),
        },
        "underflow": {"normal": normal.numbers(), "bernoulli": bernoulli.numbers()},
        "epsilon": [epsilon_numbers(z) for z in LOG_ODDS],
    }
    pictures = {
        "probability_and_likelihood": picture(draw_probability_and_likelihood(deviations)),
        "log_likelihood": picture(draw_log_likelihood(grid, mean, deviation, feature)),
        "bernoulli": picture(draw_log_loss(y, share, target)),
        "underflow": picture(draw_underflow([normal, bernoulli])),
    }
    return Study(numbers, pictures)


def likelihood_grid(x: RowVector, mean: float, deviation: float) -> LikelihoodGrid:
    """Compute Σ log f(x; μ, σ) on a grid around the maximum, which is one of its points.

    The grid is about four standard errors wide: σ̂/√n of the mean and σ̂/√2n of the deviation.
    """
    width = min(4.0 * deviation / np.sqrt(len(x)), 0.9 * deviation)
    offsets = np.linspace(-1.0, 1.0, GRID_POINTS)
    means, deviations = mean + width * offsets, deviation + width * offsets
    values = [[log_likelihood(x, float(m), float(s)) for s in deviations] for m in means]
    return LikelihoodGrid(means, deviations, np.array(values))


def bernoulli_terms(y: RowVector) -> tuple[float, RowVector]:
    """Return the share p of ones, and log p^y (1 − p)^(1 − y) of each row.

    Minus their mean is the log loss of the constant probability p, their sum the log likelihood,
    which is largest at that p (0 log 0 counts as 0).
    """
    share = float(y.mean())
    ones = log(share) if share > 0.0 else 0.0
    zeros = log(1.0 - share) if share < 1.0 else 0.0
    return share, np.where(y == 1.0, ones, zeros)


def multiply(name: str, log_terms: RowVector) -> Product:
    """Multiply the factors in order, repeatedly, until the float64 product is 0 or ∞."""
    drift = abs(float(log_terms.mean()))
    needed = 800.0 / drift if drift > 0.0 else np.inf
    repeats = int(np.ceil(min(needed, MOST_FACTORS) / len(log_terms))) + 1
    terms = np.tile(log_terms, repeats)
    with np.errstate(over="ignore", under="ignore"):
        products = np.cumprod(np.exp(terms))
    gone = np.flatnonzero((products == 0.0) | np.isinf(products))
    last = int(gone[0]) if len(gone) else len(terms) - 1
    return Product(
        name=name,
        log_terms=log_terms,
        rows=last + 1 if len(gone) else None,
        value=float(products[last]),
        logarithm=float(terms[: last + 1].sum()),
    )


def epsilon_numbers(z: float) -> dict[str, float]:
    """Return the loss for label 1 at log odds z: exact, and the tutorial's −log(ŷ + 1e-8)."""
    exact = log_loss(np.array([z]), np.ones(1))
    y_hat = np.exp(-exact)
    return {
        "log_odds": z,
        "exact": float(exact[0]),
        "with_epsilon": float(-np.log(y_hat + TUTORIAL_EPSILON)[0]),
    }
