"""Which minimum of Firth's objective is meant where there are several.

Σ loss − ½ log det I(w) is not convex: on a separated table with many columns it can have dozens of
local minima, and the one that a solver ends in depends on its path. So a start is chosen by a rule
that depends on the table alone, close enough to one minimum for every solver to end there.
"""

import numpy as np
from scipy.linalg import solve_triangular

from lr_pipeline.core.logistic import linear_predictor, variance
from lr_pipeline.core.logistic_sums import LogisticKernel
from lr_pipeline.core.objective import LogisticObjective
from lr_pipeline.core.penalties import Firth
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.types import ParameterMatrix, Parameters

# Below this leverage the penalty moves the estimate too little to make a second minimum likely.
SMALL_LEVERAGE = 0.25
# With a strong penalty there is one minimum, near w = 0, where the determinant is largest; with a
# weak one the minimum is the maximum-likelihood estimate, or far out where the table is separated.
FALLING = tuple(8.0 / 2.0 ** (k / 2.0) for k in range(9))
RISING = tuple(0.5 / 2.0**k for k in range(5, -1, -1))


def firth_start(rows: Rows, kernel: LogisticKernel, start: Parameters) -> Parameters:
    """Return the lowest minimum of Σ loss − ½ log det I(w) that three paths lead to, roughly.

    The first goes straight from ``start``, and is taken where no row's leverage is above ¼. The
    others follow the minimum of Σ loss − τ log det I(w) as τ falls from 8 to ½, and as it rises
    from 1/64 to ½. There may be a lower one that none of them finds.
    """
    objective = LogisticObjective(rows, kernel, Firth())
    straight = _follow(rows, kernel, (0.5,), start)
    if _largest_leverage(objective, straight) <= SMALL_LEVERAGE:
        return straight
    ends = [straight, *(_follow(rows, kernel, path, start) for path in (FALLING, RISING))]
    return min(ends, key=objective.value)


def _follow(
    rows: Rows, kernel: LogisticKernel, strengths: tuple[float, ...], start: Parameters
) -> Parameters:
    """Minimise with each strength in turn, from where the last one ended."""
    follower = Newton(tolerance=1e-3, polish=False)
    w = start
    for strength in strengths:
        w = follower.minimize(LogisticObjective(rows, kernel, Firth(strength)), w).parameters
    return w


def _largest_leverage(objective: LogisticObjective, w: Parameters) -> float:
    """Largest s x̃ᵀ I(w)⁻¹ x̃, infinite where I(w) is singular."""
    _, _, information = objective.sums.loss_gradient_information(w)
    try:
        factor = np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return np.inf
    return objective.sums.rows.max(lambda block: _block_leverage(block, w, factor))


def _block_leverage(block: Block, w: Parameters, factor: ParameterMatrix) -> float:
    """The largest leverage of a block's rows, each with its weight."""
    s = variance(linear_predictor(block, w))
    s = s if block.weight is None else block.weight * s
    augmented = np.column_stack([np.ones(len(s)), block.X])
    half = solve_triangular(factor, augmented.T, lower=True)
    return float(np.max(s * np.sum(half**2, axis=0)))
