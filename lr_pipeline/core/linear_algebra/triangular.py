"""The triangular factor of a tall matrix, mergeable over blocks of its rows (TSQR)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.linalg import lapack


@dataclass(frozen=True)
class TriangularFactor:
    """R with AᵀA = RᵀR for some rows A of a matrix; upper triangular, at most square.

    Adding two factors gives the factor of all their rows, by a QR decomposition of one factor above
    the other. Like the decomposition of all rows at once, it is exact for a matrix that differs
    from A by rounding (Demmel et al., 2012, "Communication-optimal parallel and sequential QR").
    """

    R: Float64[np.ndarray, "r d"]

    def __add__(self, other: "TriangularFactor") -> "TriangularFactor":
        """Return the factor of both sets of rows."""
        return triangular_factor(np.vstack([self.R, other.R]))


def triangular_factor(A: Float64[np.ndarray, "n d"]) -> TriangularFactor:
    """Return the factor of the rows of ``A``; AᵀA is never formed."""
    return TriangularFactor(np.asarray(np.linalg.qr(A, mode="r")))


def invert_triangular(R: Float64[np.ndarray, "k k"]) -> Float64[np.ndarray, "k k"]:
    """Return R⁻¹ of a nonsingular upper triangular matrix (LAPACK ``trtri``)."""
    return np.asarray(lapack.dtrtri(R)[0]) if len(R) else R
