"""Profile likelihoods of all parameters of a fit, from the fit's own optimum."""

from dataclasses import dataclass
from math import erfc, inf, sqrt
from statistics import NormalDist

import numpy as np
from jaxtyping import Bool

from lr_pipeline.core.certificate.curvature import Curvature, curvature_at
from lr_pipeline.core.columns.classes import count_classes, prevalence_start
from lr_pipeline.core.columns.rank import ColumnAnalysis
from lr_pipeline.core.columns.standardize import Coordinates, orthonormal, standardized
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.fitting.minimum_search import OtherMinimum
from lr_pipeline.core.inference.inference import ParameterInference, nothing_inferred
from lr_pipeline.core.inference.profile_likelihood import (
    LowerMinimumError,
    is_better,
    profile_parameter,
)
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.types import ParameterMatrix, Parameters

# The most other minima from which a profile starts: each start adds to its time.
RIVALS = 5
# A fit further than this from the rows' optimum, in standard errors, was made from other rows.
SAME_ROWS = 0.1


@dataclass(frozen=True, eq=False)
class ProfileProblem:
    """A minimised objective with its optimum w* (p,).

    ``factor``: L of the curvature at w*; ``reported``: the map M to the table's parameters;
    ``null`` (p,): the minimum with all coefficients zero; ``rivals``: other minima, each with the
    statistic 2 (F − F(w*)) there.
    """

    objective: LogisticObjective
    optimum: Parameters
    factor: ParameterMatrix
    reported: np.ndarray
    null: Parameters
    coordinates: Coordinates
    rivals: tuple[OtherMinimum, ...]

    def model_statistic(self) -> float:
        """2 (F(null) − F(w*))."""
        W, lowest = 2.0 * self.objective.total_weight, self.objective.value(self.optimum)
        statistic = W * (self.objective.value(self.null) - lowest)
        if is_better(statistic, W * lowest):
            raise LowerMinimumError(self.null)
        return statistic

    def better_start(self, error: LowerMinimumError) -> Parameters:
        """Minimise from the better fit that was found; return the minimum in the table's units."""
        w = Newton().minimize(self.objective, error.w).parameters
        return np.append(*self.coordinates.to_table(w))


def _coordinates(fit: LogisticFit, analysis: ColumnAnalysis) -> Coordinates:
    """Well-scaled coordinates for the fit's parameters."""
    if fit.penalty.strictly_convex:
        return standardized(analysis, tuple(range(len(analysis.mean))), minimum_norm=False)
    return orthonormal(analysis, minimum_norm=True)


def refit(
    rows: Rows, kernel: LogisticKernel, fit: LogisticFit, analysis: ColumnAnalysis
) -> ProfileProblem:
    """Minimise closely from the fit, in well-scaled coordinates, and return the profile problem."""
    coordinates = _coordinates(fit, analysis)
    penalty = fit.penalty.in_coordinates(coordinates.scale, coordinates.deviation)
    objective = LogisticObjective(coordinates.rows(rows), kernel, penalty)
    start = coordinates.from_table(fit.intercept, fit.coefficients)
    known = fit.search
    moved, curvature, w = inf, None, start
    # If the search's minimum is next to the fit, starting there gives every kernel the same bits.
    begins = [] if known is None or known.parameters is None else [known.parameters]
    for begin in [*(coordinates.from_table(b[0], b[1:]) for b in begins), start]:
        if not moved <= SAME_ROWS:
            w = Newton().minimize(objective, begin).parameters
            curvature = curvature_at(objective, w, coordinates.reported())
            moved = _length(curvature, w - start)
    if curvature is None or not moved <= SAME_ROWS:
        raise ValueError(
            f"expected the rows of the fit, found others: their optimum is {moved:.2g} standard "
            "errors away. Pass the rows, labels and weights that it was fitted to"
        )
    added = penalty.weight_added_to_null(len(w))
    weight_0, weight_1 = count_classes(rows).weights
    null = prevalence_start(weight_0 + added, weight_1 + added, len(w) - 1)
    rivals = [
        OtherMinimum(one.excess, coordinates.from_table(one.parameters[0], one.parameters[1:]))
        for one in (() if known is None else known.others[:RIVALS])
    ]
    reported = curvature.reported.matrix()
    return ProfileProblem(
        objective, w, curvature.factor, reported, null, coordinates, tuple(rivals)
    )


def _length(curvature: Curvature | None, v: Parameters) -> float:
    """The length of v in standard errors, infinite where there are none."""
    return inf if curvature is None else float(np.linalg.norm(curvature.factor.T @ v))


def profile_parameters(
    problem: ProfileProblem, identified: Bool[np.ndarray, " p"], level: float
) -> tuple[ParameterInference, Bool[np.ndarray, " p"]]:
    """Intervals and tests of the identified parameters by profile likelihood.

    Also returns which of them have none, because the values that are not rejected form no interval.
    """
    quantile = NormalDist().inv_cdf((1.0 + level) / 2.0) ** 2
    found, incoherent = nothing_inferred(len(identified)), np.zeros_like(identified)
    for j in np.flatnonzero(identified).tolist():
        m, zero = problem.reported[j], np.zeros_like(problem.null) if j == 0 else problem.null
        parameter = profile_parameter(
            problem.objective, problem.optimum, problem.factor, m, problem.rivals
        )
        profile = parameter.profile(quantile, zero)
        incoherent[j] = not profile.coherent
        if profile.coherent:
            found.lower[j], found.upper[j] = profile.lower, profile.upper
            found.statistics[j] = profile.statistic
            found.p_values[j] = erfc(sqrt(profile.statistic / 2.0))
    return found, incoherent


def better_reason(problem: ProfileProblem, error: LowerMinimumError) -> str:
    """Say how much better another fit is, and what to do."""
    W = problem.objective.total_weight
    fit, other = (-W * problem.objective.value(w) for w in (problem.optimum, error.w))
    return (
        f"the fit is not the best one: another, met with a coefficient held fixed, has the "
        f"penalised log likelihood {other:.6g}, this one {fit:.6g}. Fit again with "
        "start=better_start"
    )
