"""Which optimum of Firth's penalised likelihood is meant where there are several.

Σ loss − ½ log det I(w) is not convex: on a separated table with many columns it can have dozens
of local minima, and which one a solver ends in depends on its path. With a large strength τ in
place of ½ there is one, near w = 0, where the determinant is largest. Following it as τ falls to
½ picks out one minimum by a rule that depends on the table alone, not on the solver.
"""

from lr_pipeline.core.objective import Firth, LogisticKernel, LogisticObjective
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.types import Parameters

STRENGTHS = tuple(8.0 / 2.0 ** (k / 2.0) for k in range(9))


def follow_firth_branch(rows: Rows, kernel: LogisticKernel, start: Parameters) -> Parameters:
    """Return a point close to the chosen minimum, from which any solver finds it.

    Minimises Σ loss − τ log det I(w) for τ = 8, 8/√2, …, ½, each from the last.
    """
    follower = Newton(tolerance=1e-3)
    w = start
    for strength in STRENGTHS:
        w = follower.minimize(LogisticObjective(rows, kernel, Firth(strength)), w).parameters
    return w
