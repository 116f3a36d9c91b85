"""Cholesky factor of a positive definite matrix, and the factor's inverse."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.linear_algebra.cholesky import Square, cholesky, cholesky_solve, invert_lower


@dataclass(frozen=True, eq=False)
class Factors:
    """Lower triangular ``L`` (k, k) with L Lᵀ = A, and ``inverse`` (k, k), L⁻¹."""

    L: Square
    inverse: Square

    @classmethod
    def of(cls, A: Square) -> "Factors | None":
        """Factor A; None where ``cholesky`` returns None."""
        L = cholesky(A)
        return None if L is None else cls(L, invert_lower(L))

    def times(self, c: float) -> "Factors":
        """Return the factors of c A, c > 0."""
        return Factors(self.L * sqrt(c), self.inverse / sqrt(c))

    def solve(self, b: Float64[np.ndarray, "k *m"]) -> Float64[np.ndarray, "k *m"]:
        """Return A⁻¹ b."""
        return cholesky_solve(self.L, b)


def shifted_factor(A: Square) -> Square:
    """Factor A plus the first multiple of the identity tried that makes it positive definite."""
    if not np.isfinite(A).all():
        return np.eye(len(A)) / 2.0
    largest = float(np.diag(A).max())
    size = largest if largest > 0.0 else 0.25
    ridge = 1e-15 * size
    while (factor := cholesky(A + ridge * np.eye(len(A)))) is None:
        ridge *= 100.0
    return factor
