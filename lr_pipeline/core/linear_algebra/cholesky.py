"""Cholesky factors by single LAPACK calls, which small systems need to be fast."""

from dataclasses import dataclass
from math import isfinite, sqrt

import numpy as np
from jaxtyping import Float64
from scipy.linalg import lapack

Square = Float64[np.ndarray, "k k"]


def cholesky(A: Square) -> Square | None:
    """Return lower triangular L with L Lᵀ = A; None where A is not positive definite in float64.

    None as well where A has an entry that is not finite.
    """
    if len(A) == 0:
        return A
    factor, failed = lapack.dpotrf(A, lower=1)
    return None if failed or not isfinite(factor.trace()) else np.asarray(factor)


def cholesky_solve(L: Square, b: Float64[np.ndarray, "k *m"]) -> Float64[np.ndarray, "k *m"]:
    """Return (L Lᵀ)⁻¹ b."""
    return np.asarray(lapack.dpotrs(L, b, lower=1)[0]) if len(L) else b


def invert_lower(L: Square) -> Square:
    """Return L⁻¹ of a nonsingular lower triangular matrix."""
    return np.asarray(lapack.dtrtri(L, lower=1)[0]) if len(L) else L


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
        """Return those of c A, c > 0."""
        return Factors(self.L * sqrt(c), self.inverse / sqrt(c))

    def solve(self, b: Float64[np.ndarray, "k *m"]) -> Float64[np.ndarray, "k *m"]:
        """Return A⁻¹ b."""
        return cholesky_solve(self.L, b)
