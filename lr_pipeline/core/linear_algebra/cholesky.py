"""Cholesky factors by single LAPACK calls, which small systems need to be fast."""

from math import isfinite

import numpy as np
from jaxtyping import Float64
from scipy.linalg import lapack

Square = Float64[np.ndarray, "k k"]


def cholesky(A: Square) -> Square | None:
    """Return lower triangular L with L Lᵀ = A; None where A is not positive definite in float64.

    It also returns None where A has an entry that is not finite.
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
