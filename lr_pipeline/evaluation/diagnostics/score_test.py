"""Score tests of adding terms to a fitted logistic regression, without a refit.

For added columns Z with U = Zᵀ ω (y − p): the part of √s Z that √s X̃ does not explain, Z′, gives
U′ᵀ (Z′ᵀ Z′)⁻¹ U′ with U′ = Z′ᵀ √ω (y − p) / √s, asymptotically χ² with rank Z′ degrees of freedom.
Since the score of X̃ is projected out too, it is right (a C(α) test) also on a part of the rows to
which the parameters were fitted.

Source: C. R. Rao, Proceedings of the Cambridge Philosophical Society 44 (1948), 50–57; J. Neyman,
Optimal asymptotic tests of composite statistical hypotheses (1959).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64
from scipy.linalg import lapack, solve_triangular

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.types import Columns, Design, RowVector
from lr_pipeline.evaluation.effects.joint_tests import chi_square_p

UNEXPLAINED = 1e-10  # of a term's squares: what is left of it is rounding below that

Terms = Float64[np.ndarray, "n k"]


class ScoreTest(NamedTuple):
    """χ² with its degrees of freedom and p-value."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


@dataclass(frozen=True, eq=False)
class FittedRows:
    """An orthonormal basis Q (n, p) of √(ω s) X̃, and what scores of further columns need."""

    basis: Float64[np.ndarray, "n p"]
    root: RowVector
    score: RowVector

    @classmethod
    def of(
        cls,
        X: Design,
        y: RowVector,
        weight: RowVector,
        z: RowVector,
        center: Columns,
        scale: Columns,
    ) -> "FittedRows | None":
        """Prepare tests of rows with linear predictor z; None if the columns are dependent."""
        p = sigmoid(z)
        s = p * sigmoid(-z)
        root = np.sqrt(weight * s)
        A = np.empty((len(X), X.shape[1] + 1))
        A[:, 0] = root
        np.subtract(X, center, out=A[:, 1:])
        A[:, 1:] *= root[:, None] / scale
        R, failed = lapack.dpotrf(A.T @ A)
        if failed:
            return None
        basis = solve_triangular(np.triu(R), A.T, trans="T", overwrite_b=True).T
        with np.errstate(divide="ignore", invalid="ignore"):
            score = np.where(s > 0, np.sqrt(weight) * (y - p) / np.sqrt(s), 0.0)
        return cls(np.asarray(basis), root, np.asarray(score))

    def tests(self, terms: Sequence[Terms]) -> list[ScoreTest | None]:
        """Test each set of terms; None where the model's columns already explain them."""
        Z = np.concatenate(terms, axis=1)
        Z *= self.root[:, None]
        lengths = np.linalg.norm(Z, axis=0)
        Z /= np.where(lengths > 0, lengths, 1.0)
        Z -= self.basis @ (self.basis.T @ Z)
        scores, start, found = self.score @ Z, 0, []
        for one in terms:
            part = slice(start, start + one.shape[1])
            found.append(_test(Z[:, part].T @ Z[:, part], scores[part]))
            start = part.stop
        return found


def _test(G: Float64[np.ndarray, "k k"], score: Float64[np.ndarray, " k"]) -> ScoreTest | None:
    """scoreᵀ G⁺ score, where G is of unit columns without the part that was explained."""
    values, vectors = np.linalg.eigh(G)
    kept = values > UNEXPLAINED
    rank = int(np.count_nonzero(kept))
    if rank == 0:
        return None
    statistic = float(np.sum((vectors[:, kept].T @ score) ** 2 / values[kept]))
    return ScoreTest(statistic, rank, chi_square_p(statistic, rank))
