"""Influence of single training rows on a maximum-likelihood fit, by one step of Newton's method.

With s = p (1 − p) and I = Σ weight s x̃ x̃ᵀ: the leverage of one case is h = s x̃ᵀ I⁻¹ x̃; without
it the parameters move by about I⁻¹ x̃ (y − p) / (1 − h), which in standard errors are its DFBETAs,
and Cook's distance is (y − p)² h / (s (1 − h)² k) for k parameters.

Source: D. Pregibon, Logistic regression diagnostics, Annals of Statistics 9 (1981), 705–724.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int
from scipy.linalg import lapack

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.types import Columns, Design, ParameterMatrix, RowVector

ROWS_AT_ONCE = 8_192

Standardized = Float64[np.ndarray, "n p"]


class StandardCovariance(NamedTuple):
    """Covariance of the parameters of (1, (x − center) / scale), and its Cholesky factor L."""

    center: Columns
    scale: Columns
    matrix: ParameterMatrix
    factor: ParameterMatrix

    @classmethod
    def of(
        cls, covariance: ParameterMatrix, center: Columns, scale: Columns
    ) -> "StandardCovariance | None":
        """Return the covariance in standardized columns; None if rounding leaves it no factor."""
        T = np.diag(np.concatenate([[1.0], scale]))
        T[0, 1:] = center
        matrix = T @ covariance @ T.T
        factor, failed = lapack.dpotrf(matrix, lower=1, clean=1)
        return None if failed else cls(center, scale, matrix, factor)

    def rows(self, X: Design) -> Standardized:
        """(1, (x − center) / scale) of each row."""
        standard = np.ones((len(X), X.shape[1] + 1))
        np.subtract(X, self.center, out=standard[:, 1:])
        standard[:, 1:] /= self.scale
        return standard


@dataclass(frozen=True)
class InfluentialRow:
    """A row with its ``leverage`` and Cook's distance, and the coefficient that it moves most.

    ``moves``: the DFBETA of ``column`` in standard errors, from the fit without the row to the fit
    with it.
    """

    number: int
    label: int
    probability: float
    leverage: float
    cooks_distance: float
    column: str
    moves: float
    id: str | None = None


class Influence(NamedTuple):
    """Leverage and Cook's distance of each row (n,), for one case of it."""

    leverage: RowVector
    cooks_distance: RowVector


def influence(X: Design, y: RowVector, z: RowVector, covariance: StandardCovariance) -> Influence:
    """Compute leverage and Cook's distance of each row of a maximum-likelihood fit.

    The distance is NaN where the leverage is 1: without such a row another fit cannot be told.
    """
    p = sigmoid(z)
    s = p * sigmoid(-z)
    forms = np.empty(len(X))
    for start in range(0, len(X), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        B = covariance.rows(X[part]) @ covariance.factor
        forms[part] = np.einsum("np,np->n", B, B)
    leverage = np.minimum(s * forms, 1.0)
    left = np.where(leverage < 1.0, 1.0 - leverage, np.nan)
    return Influence(leverage, (y - p) ** 2 * forms / left**2 / len(covariance.matrix))


def standardized_changes(
    X: Design, y: RowVector, z: RowVector, covariance: StandardCovariance, leverage: RowVector
) -> Float64[np.ndarray, "n p"]:
    """DFBETAs of each row: by how many standard errors it moves each parameter, intercept first.

    The intercept is that of centred columns.
    """
    residual = (y - sigmoid(z)) / (1.0 - leverage)
    changes = (covariance.rows(X) @ covariance.matrix) * residual[:, None]
    return np.asarray(changes / np.sqrt(np.diag(covariance.matrix)))


def most_influential(cooks_distance: RowVector, most: int) -> Int[np.ndarray, " k"]:
    """Return the places of the rows of the largest known distances, the largest first."""
    known = np.flatnonzero(np.isfinite(cooks_distance))
    order = np.argsort(-cooks_distance[known], kind="stable")
    return np.asarray(known[order[:most]])
