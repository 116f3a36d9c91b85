"""Search for the lowest minimum of Firth's objective, which can have several.

F(w) = Σ loss − ½ log det I(w) is not convex: on a separated table with many columns it can have
dozens of local minima, and the one that a solver ends in depends on its path. So the lowest is
searched for by a rule that depends on the table alone, in numpy for every kernel. All solvers and
kernels then begin next to the same minimum, and end there.

*Starts*: directly from the optimum of the intercept alone; the minimum of Σ loss − τ log det I,
followed as τ falls from 8 to ½, and as it rises from 1/64; that of F + ρ/2 ‖β‖² as ρ falls from 128
to 0; and each column alone, with a large coefficient uphill in the loss. *Around the lowest end*:
all its coefficients times ¼ to 4, and each one doubled or set to zero (as its likelihood-ratio test
does). If a descent from there ends lower, that end takes its place, until none does. These descents
are not counted as starts. All is done in standardized columns, so that neither units nor the order
of columns matter. There may still be a lower minimum: the number of starts that agree is reported.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import solve_triangular

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel, linear_predictor
from lr_pipeline.core.logistic.loss import variance
from lr_pipeline.core.logistic.objective import LogisticObjective, Objective
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.rows import Block, Rows, largest
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.core.types import ParameterMatrix, Parameters

# Below this leverage the penalty moves the estimate too little to make a second minimum likely.
SMALL_LEVERAGE = 0.25
# A strong penalty has one minimum, near w = 0, where the determinant is largest. With a weak one
# the minimum is near the maximum-likelihood estimate, or far out where the table is separated.
FALLING = tuple(8.0 / 2.0 ** (k / 2.0) for k in range(9))
RISING = tuple(0.5 / 2.0**k for k in range(5, -1, -1))
RIDGES = (*(128.0 / 4.0**k for k in range(10)), 0.0)
# The coefficient, per standard deviation, with which the start from one column alone begins.
FAR = 4.0
SCALES = (0.25, 0.5, 2.0, 4.0)
FACTORS = (0.0, 2.0)
ROUNDS = 6
# A descent takes about 40 passes of n p² operations. MOST_OPERATIONS limits those of one pass of
# all descents of a kind, MOST_DESCENTS their number.
MOST_OPERATIONS = 1e8
MOST_DESCENTS = 100
# Two ends count as one minimum where their sums differ by less than SAME_VALUE, and their places by
# less than SAME_PLACE standard errors.
SAME_VALUE = 1e-3
SAME_PLACE = 0.1
KEPT = 8

FOLLOWER = Newton(tolerance=1e-3, polish=False)


@dataclass(frozen=True, eq=False)
class OtherMinimum:
    """A minimum that is not the lowest: the likelihood-ratio statistic 2 (F − lowest F), and w."""

    excess: float
    parameters: Parameters


@dataclass(frozen=True, eq=False)
class MinimumSearch:
    """How the lowest of several minima was found: ``agreeing`` of ``starts`` end there.

    ``others``: the other minima, the lowest first. ``parameters``: the lowest minimum, the same
    bits for every kernel and solver. Only one start is made where no row's leverage is above ¼,
    which makes a second minimum unlikely.
    """

    starts: int
    agreeing: int
    others: tuple[OtherMinimum, ...] = ()
    parameters: Parameters | None = None

    @property
    def unanimous(self) -> bool:
        """Whether no other minimum is known."""
        return not self.others

    @property
    def description(self) -> str:
        """How many starts agree, as the end of a sentence on the minimum."""
        if self.starts == 1:
            return "the only start ends there, no row's leverage being above ¼"
        if self.agreeing == self.starts:
            return f"all {self.starts} starts end there"
        if self.agreeing == 0:
            return f"found near the best of the ends of {self.starts} starts, and better than it"
        return (
            f"{self.agreeing} of {self.starts} starts end{'s' * (self.agreeing == 1)} there, "
            "none at a better one"
        )

    @property
    def doubt(self) -> str:
        """Warn a reader, in sentences, that other minima are known."""
        return (
            "Firth's penalised log likelihood has several local maxima on this table. The fit is "
            f"the best one known, not proven to be the best: {self.description}. The next best is "
            f"lower by {self.others[0].excess / 2.0:.2g}."
        )

    def restarted(
        self, earlier: Parameters, excess: float, parameters: Parameters
    ) -> "MinimumSearch":
        """Return the search after a profile found a minimum lower than ``earlier``."""
        others = [OtherMinimum(one.excess + excess, one.parameters) for one in self.others]
        others = [OtherMinimum(excess, earlier), *others][:KEPT]
        return MinimumSearch(self.starts, 0, tuple(others), parameters)


def search_minimum(rows: Rows, start: Parameters) -> tuple[Parameters, MinimumSearch]:
    """Return the lowest minimum of Σ loss − ½ log det I(w) found, roughly, and how it was found.

    ``start``: the optimum of the intercept alone. Where one descent takes more than
    ``MOST_OPERATIONS`` per pass, only the direct start and the paths of τ are tried.
    """
    ends = _Ends(LogisticObjective(rows, NumpyKernel(), Firth()))
    straight = ends.descend(start)
    if _largest_leverage(ends.objective, straight) <= SMALL_LEVERAGE:
        return straight, MinimumSearch(1, 1, (), straight)
    for strengths in (FALLING, RISING):
        ends.descend(_follow((ends.with_strength(tau) for tau in strengths), start))
    descents = min(int(MOST_OPERATIONS / (rows.num_rows * len(start) ** 2)), MOST_DESCENTS)
    if descents:
        ends.descend(_follow((_Ridged(ends.objective, rho) for rho in RIDGES), start))
        for far in _far_starts(ends.objective, start, descents):
            ends.descend(far)
    starts, counts = ends.descents, {id(end): end.descents for end in ends.found}
    if len(ends.found) > 1 and descents:
        _search_around_the_lowest(ends, descents)
    agreeing = counts.get(id(ends.lowest), 0)
    w = ends.lowest.w
    return w, MinimumSearch(starts, agreeing, ends.others(), w)


@dataclass(eq=False)
class _End:
    """A minimum: F, w and I(w) there, and how many descents led to it."""

    value: float
    w: Parameters
    information: ParameterMatrix
    descents: int = 1

    def same_as(self, value: float, w: Parameters) -> bool:
        """Whether a descent to F = ``value`` at ``w`` ended at this minimum."""
        v = w - self.w
        near = abs(value - self.value) <= SAME_VALUE
        return near and float(v @ self.information @ v) <= SAME_PLACE**2


@dataclass(eq=False)
class _Ends:
    """The different minima at which descents have ended, in the order of their discovery."""

    objective: LogisticObjective
    found: list[_End] = field(default_factory=list)
    descents: int = 0

    @property
    def lowest(self) -> _End:
        """The lowest minimum; of equal ones the first."""
        return min(self.found, key=lambda end: end.value)

    def descend(self, start: Parameters) -> Parameters:
        """Minimise F from a start, count the minimum where that ends, and return the end."""
        self.descents += 1
        result = FOLLOWER.minimize(self.objective, start)
        W, w = self.objective.total_weight, result.parameters
        value = result.value * W
        ended = result.status is Status.CONVERGED or not self.found
        if not ended or result.hessian is None:
            return w
        for end in self.found:
            if end.same_as(value, w):
                end.descents += 1
                if value < end.value:
                    end.value, end.w = value, w
                return w
        self.found.append(_End(value, w, result.hessian * W))
        return w

    def with_strength(self, tau: float) -> LogisticObjective:
        """Return Σ loss − τ log det I."""
        sums, W = self.objective.sums, self.objective.total_weight
        return LogisticObjective(sums.rows, sums.kernel, Firth(tau), W)

    def others(self) -> tuple[OtherMinimum, ...]:
        """The minima other than the lowest, in ascending order."""
        lowest = self.lowest
        rest = sorted((end for end in self.found if end is not lowest), key=lambda e: e.value)
        return tuple(OtherMinimum(2.0 * (e.value - lowest.value), e.w) for e in rest[:KEPT])


def _search_around_the_lowest(ends: _Ends, descents: int) -> None:
    """Descend from around the lowest end, and again from around a lower one."""
    for _ in range(ROUNDS):
        before = ends.lowest
        for start in _around(before.w, descents):
            ends.descend(start)
        if ends.lowest is before:
            return


def _around(w: Parameters, descents: int) -> Iterator[Parameters]:
    """Yield ``w`` with scaled coefficients, then with a large one doubled or set to zero."""
    for scale in SCALES:
        yield np.concatenate([w[:1], scale * w[1:]])
    for j in (1 + np.argsort(-np.abs(w[1:]), kind="stable")[:descents]).tolist():
        for factor in FACTORS:
            changed = w.copy()
            changed[j] *= factor
            yield changed


def _far_starts(
    objective: LogisticObjective, start: Parameters, descents: int
) -> Iterator[Parameters]:
    """Yield starts from each column alone, the steepest first, uphill in the loss at ``start``."""
    slope = objective.sums.loss_gradient(start)[1]
    for j in (1 + np.argsort(-np.abs(slope[1:]), kind="stable")[:descents]).tolist():
        far = start.copy()
        far[j] = FAR if slope[j] > 0.0 else -FAR
        yield far


def _follow(objectives: Iterable[Objective], w: Parameters) -> Parameters:
    """Minimise each objective in turn, from the minimum of the one before."""
    for objective in objectives:
        w = FOLLOWER.minimize(objective, w).parameters
    return w


class _Ridged:
    """Firth's objective plus ρ/2 ‖β‖² in its coordinates, β without the intercept."""

    hessian_is_exact = False

    def __init__(self, objective: LogisticObjective, rho: float) -> None:
        self.objective, self.total_weight = objective, objective.total_weight
        self.rho = rho / objective.total_weight

    def value(self, w: Parameters) -> float:
        """The mean."""
        return self.objective.value(w) + 0.5 * self.rho * float(w[1:] @ w[1:])

    def value_gradient(self, w: Parameters) -> tuple[float, Parameters]:
        """The mean and its gradient."""
        return self.value_gradient_hessian(w)[:2]

    def value_gradient_hessian(self, w: Parameters) -> tuple[float, Parameters, ParameterMatrix]:
        """The mean, its gradient and (I(w) + ρ diag(0, 1, …)) / Σ weight."""
        value, gradient, hessian = self.objective.value_gradient_hessian(w)
        pull = self.rho * np.append(0.0, w[1:])
        ridge = np.diag(np.append(0.0, np.full(len(w) - 1, self.rho)))
        return value + 0.5 * float(pull @ w), gradient + pull, hessian + ridge


def _largest_leverage(objective: LogisticObjective, w: Parameters) -> float:
    """Largest s x̃ᵀ I(w)⁻¹ x̃, infinite where I(w) is singular."""
    _, _, information = objective.sums.loss_gradient_information(w)
    try:
        factor = np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return np.inf
    return largest(objective.sums.rows, lambda block: _block_leverage(block, w, factor))


def _block_leverage(block: Block, w: Parameters, factor: ParameterMatrix) -> float:
    """The largest leverage of a block's rows, each with its weight."""
    s = variance(linear_predictor(block, w))
    s = s if block.weight is None else block.weight * s
    augmented = np.column_stack([np.ones(len(s)), block.X])
    half = solve_triangular(factor, augmented.T, lower=True)
    return float(np.max(s * np.sum(half**2, axis=0), initial=0.0))
