"""Score tests of adding terms to a fitted logistic regression, without a refit.

For added columns Z with U = Zᵀ ω (y − p): the part of √s Z that √s X̃ does not explain, Z′, gives
U′ᵀ (Z′ᵀ Z′)⁻¹ U′ with U′ = Z′ᵀ √ω (y − p) / √s, asymptotically χ² with rank Z′ degrees of freedom.
Since the score of X̃ is projected out too, it is right (a C(α) test) also on a part of the rows to
which the parameters were fitted.

Where rows have groups, with U_g the part of U′ that is of group g, the statistic is
U′ᵀ (Σ_g U_g U_gᵀ)⁻¹ U′: rows of different groups are independent, those of one need not be.

Source: C. R. Rao, Proceedings of the Cambridge Philosophical Society 44 (1948), 50–57; J. Neyman,
Optimal asymptotic tests of composite statistical hypotheses (1959); for groups D. D. Boos, The
American Statistician 46 (1992), 327–333.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int
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

    def tests(
        self, terms: Sequence[Terms], group: Int[np.ndarray, " n"] | None = None
    ) -> list[ScoreTest | None]:
        """Test each set of terms; None where the model's columns already explain them.

        ``group`` (n,): the number of each row's group, where groups are independent and not rows.
        """
        Z = np.concatenate(terms, axis=1)
        Z *= self.root[:, None]
        lengths = np.linalg.norm(Z, axis=0)
        Z /= np.where(lengths > 0, lengths, 1.0)
        Z -= self.basis @ (self.basis.T @ Z)
        scores, start, found = self.score @ Z, 0, []
        for one in terms:
            part = slice(start, start + one.shape[1])
            G = Z[:, part].T @ Z[:, part]
            of_groups = None if group is None else _summed(Z[:, part] * self.score[:, None], group)
            found.append(_test(G, scores[part], of_groups))
            start = part.stop
        return found


def _summed(values: Terms, group: Int[np.ndarray, " n"]) -> Float64[np.ndarray, "g k"]:
    """Add the rows of each group."""
    return np.stack([np.bincount(group, column) for column in values.T], axis=1)


def _test(
    G: Float64[np.ndarray, "k k"],
    score: Float64[np.ndarray, " k"],
    of_groups: Float64[np.ndarray, "g k"] | None,
) -> ScoreTest | None:
    """scoreᵀ G⁺ score, where G is of unit columns without the part that was explained.

    Where the scores ``of_groups`` are given, their sums of products take the place of G.
    """
    values, vectors = np.linalg.eigh(G)
    kept = values > UNEXPLAINED
    rank = int(np.count_nonzero(kept))
    if rank == 0:
        return None
    directions = vectors[:, kept]
    if of_groups is None:
        statistic = float(np.sum((directions.T @ score) ** 2 / values[kept]))
    else:
        # √(Σ_g U_g U_gᵀ) by its factor: least squares needs no second look at its rank
        ones = np.linalg.lstsq((of_groups @ directions).T, directions.T @ score, rcond=None)[0]
        statistic = float(ones @ ones)
    return ScoreTest(statistic, rank, chi_square_p(statistic, rank))
