"""The mean log loss of a table small enough to be copied, in the form that costs least to descend.

With x̃ = (1, x) and a_i = (1 − 2 y_i) x̃_i, a label of 1 turned about, the loss of a row is
log(1 + exp(a_i w)) and its gradient σ(a_i w) a_i: one product with the design each way and one
exponential a row, and no difference of nearly equal numbers, whatever the label.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.logistic.sums import LogisticSums
from lr_pipeline.core.rows import gather
from lr_pipeline.core.types import Parameters

MOST_NUMBERS = 2**20  # 8 MiB: beyond the caches, copying and keeping it no longer pays


@dataclass(frozen=True, eq=False)
class SignedRows:
    """Σ_i share_i log(1 + exp(a_i w)) + ½ Σ_j pull_j w_j², the same function as its objective.

    ``A`` (p, n) has the columns a_i, a parameter's values side by side; ``share`` (n,) is each
    row's weight as a part of all; ``pull`` (p,) the L2 strengths over the total weight. ``sums``
    counts the passes.
    """

    A: Float64[np.ndarray, "p n"]
    share: Float64[np.ndarray, " n"]
    pull: Parameters
    sums: LogisticSums

    @classmethod
    def of(cls, objective: LogisticObjective) -> "SignedRows | None":
        """Copy the rows of positive weight, in one pass.

        None where there are more than ``MOST_NUMBERS`` of them, or where the penalty is
        another than L2.
        """
        rows, penalty = objective.sums.rows, objective.penalty
        p = rows.num_columns + 1
        if not isinstance(penalty, NoPenalty | Ridge) or rows.num_rows * p > MOST_NUMBERS:
            return None
        X, y, weight = gather(rows)
        A = np.empty((p, len(y)))
        A[0] = 1.0 - 2.0 * y
        np.multiply(X.T, A[0], out=A[1:])
        W = objective.total_weight
        share = (np.ones(len(y)) if weight is None else weight) / W
        return cls(A, share, penalty.addition(np.zeros(p)).diagonal / W, objective.sums)
