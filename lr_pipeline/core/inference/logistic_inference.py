"""Intervals, tests, odds ratios and variance inflation of a fitted logistic regression."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, inf, log, nan, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool
from scipy.special import gammaincc

from lr_pipeline.core.certificate.curvature import Curvature, curvature_at
from lr_pipeline.core.columns.classes import count_classes, prevalence_start
from lr_pipeline.core.columns.rank import ColumnAnalysis, analyse_columns
from lr_pipeline.core.columns.standardize import Coordinates, orthonormal, standardized
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.fitting.minimum_search import OtherMinimum
from lr_pipeline.core.inference.collinearity import (
    describe_inseparable,
    inseparable_columns,
    inseparable_groups,
)
from lr_pipeline.core.inference.inference import (
    LikelihoodRatioTest,
    LogisticInference,
    OddsRatios,
    peaks_reason,
    unidentified_reason,
    wald_inference,
)
from lr_pipeline.core.inference.profile_likelihood import (
    LowerMinimumError,
    is_better,
    profile_parameter,
)
from lr_pipeline.core.linear_algebra.triangular import invert_triangular
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters

METHODS = ("wald", "profile")

# A column takes part in a dependency where its share of it is more than rounding.
SHARE = 1e-9
# So many other minima are starts of a profile, whose time they multiply.
RIVALS = 5
# A fit further than this from the optimum of the rows, in standard errors, is of other rows.
SAME_ROWS = 0.1


class _ParameterInference(NamedTuple):
    """Four numbers a parameter, (p,) each."""

    lower: Parameters
    upper: Parameters
    statistics: Parameters
    p_values: Parameters


def infer_logistic(
    rows: Rows,
    kernel: LogisticKernel,
    fit: LogisticFit,
    level: float = 0.95,
    method: str = "profile",
    names: Sequence[str] | None = None,
) -> LogisticInference:
    """Infer from the rows that ``fit`` was fitted to.

    "wald" rests on the normal approximation and costs two passes; it is right for a unique
    maximum-likelihood estimate. "profile" inverts the likelihood-ratio test (``profile``), some 30
    passes a parameter, and is right for Firth's and the log-F penalty too; where columns are
    dependent, for the coefficients of the others. Interval and test are of one function: p is
    below 1 − level just where the interval excludes zero. With penalty l2 nothing is right: its
    bias depends on the truth.
    Of columns that move together so closely that their coefficients cannot be told apart
    (``collinearity``) nothing is inferred, unless the penalty tells them apart.
    ``names`` (d,) are the columns' in messages, their numbers unless given.

    Raises
    ------
    ValueError
        A level outside (0, 1), another method, or rows that are not those of the fit.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, found {level}")
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, found {method!r}")
    if rows.num_columns != len(fit.coefficients):
        raise ValueError(
            f"expected the {len(fit.coefficients)} columns of the fit, found {rows.num_columns}: "
            "pass the rows that it was fitted to"
        )
    analysis = analyse_columns(rows)
    unidentified = _unidentified(analysis)
    withheld, found, test, better = _reason(fit, method), None, None, None
    if not withheld and method == "wald":
        found = _wald(fit, level)
        test = _model_test(_maximum_likelihood_statistic(rows, fit), analysis)
    elif not withheld:
        problem = _refit(rows, kernel, fit, _coordinates(fit, analysis))
        try:
            test = _model_test(problem.model_statistic(), analysis)
            found, incoherent = _profile(problem, ~unidentified, level)
            reasons = unidentified_reason(unidentified, names), peaks_reason(incoherent, names)
            withheld = "; ".join(filter(None, reasons))
        except LowerMinimumError as error:
            test = None
            better, withheld = problem.better_start(error), _better_reason(problem, error)
    found = _nothing(len(unidentified)) if found is None else found
    inflation = _variance_inflation(analysis, unidentified[1:])
    groups = [] if fit.penalty.strictly_convex else inseparable_groups(analysis, inflation)
    ratios = np.array(fit.coefficients)
    if groups:
        tied = inseparable_columns(inflation)
        ratios[tied] = nan
        for part in found:
            part[1:][tied] = nan
    return LogisticInference(
        level=level,
        method=method,
        **found._asdict(),
        odds_ratios=_odds_ratios(ratios, found, np.ones(rows.num_columns)),
        odds_ratios_per_sd=_odds_ratios(ratios, found, analysis.scale),
        variance_inflation=inflation,
        model_test=test,
        withheld=withheld,
        inseparable=describe_inseparable(groups, inflation, names),
        better_start=better,
    )


@dataclass(frozen=True, eq=False)
class _Problem:
    """A minimised objective: the optimum w* (p,), L of the curvature there, M to the table's.

    ``null`` (p,): the minimum with all coefficients zero. ``rivals``: other minima, and how much
    the statistic 2 (F − F(w*)) is there.
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
        """Go down from the better fit that was met, and return the end in the table's units."""
        w = Newton().minimize(self.objective, error.w).parameters
        return np.append(*self.coordinates.to_table(w))


def _coordinates(fit: LogisticFit, analysis: ColumnAnalysis) -> Coordinates:
    """Well-scaled coordinates of the parameters that the fit has."""
    if fit.penalty.strictly_convex:
        return standardized(analysis, tuple(range(len(analysis.mean))), minimum_norm=False)
    return orthonormal(analysis, minimum_norm=True)


def _refit(
    rows: Rows, kernel: LogisticKernel, fit: LogisticFit, coordinates: Coordinates
) -> _Problem:
    """Go the rest of the way from the fit to the optimum, in well-scaled coordinates."""
    penalty = fit.penalty.in_coordinates(coordinates.scale, coordinates.deviation)
    objective = LogisticObjective(coordinates.rows(rows), kernel, penalty)
    start = coordinates.from_table(fit.intercept, fit.coefficients)
    known = fit.search
    moved, curvature, w = inf, None, start
    # From the search's own minimum, where the fit is next to it, every kernel gets the same bits.
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
    return _Problem(objective, w, curvature.factor, reported, null, coordinates, tuple(rivals))


def _length(curvature: Curvature | None, v: Parameters) -> float:
    """The length of v in standard errors, infinite where there are none."""
    return inf if curvature is None else float(np.linalg.norm(curvature.factor.T @ v))


def _profile(
    problem: _Problem, identified: Bool[np.ndarray, " p"], level: float
) -> tuple[_ParameterInference, Bool[np.ndarray, " p"]]:
    """Intervals and tests of the identified parameters by profile likelihood.

    And for which of them there are none, since what is not rejected is no interval.
    """
    quantile = NormalDist().inv_cdf((1.0 + level) / 2.0) ** 2
    found, incoherent = _nothing(len(identified)), np.zeros_like(identified)
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


def _wald(fit: LogisticFit, level: float) -> _ParameterInference:
    """The normal approximation."""
    parameters = np.concatenate([[fit.intercept], fit.coefficients])
    found = wald_inference(parameters, np.sqrt(np.diag(np.asarray(fit.covariance))), level)
    return _ParameterInference(found.lower, found.upper, found.z, found.p_values)


def _nothing(num_parameters: int) -> _ParameterInference:
    """NaN throughout."""
    return _ParameterInference(*(np.full(num_parameters, nan) for _ in range(4)))


def _reason(fit: LogisticFit, method: str) -> str:
    """Why the method would be wrong for every parameter, or an empty string."""
    penalty = fit.penalty
    if fit.inference_withheld and (method == "wald" or not penalty.profile_is_right):
        helps = penalty.profile_is_right and not penalty.adds_nothing
        return fit.inference_withheld + "; the profile method is right for it" * helps
    if fit.certificate_units is None:
        return "the information is singular in float64"
    if fit.status is not Status.CONVERGED:
        return f"the fit has not converged ({fit.status.label}): {fit.status.remedy}"
    return ""


def _unidentified(analysis: ColumnAnalysis) -> Bool[np.ndarray, " p"]:
    """Which parameters can change, along the null space, without changing a prediction."""
    N = np.abs(analysis.null_space)
    shares = N * analysis.scale[:, None]
    largest = shares.max(axis=0, initial=0.0)
    shift = np.abs(analysis.mean @ analysis.null_space)
    shifts = shift > SHARE * np.maximum(np.abs(analysis.mean) @ N, largest)
    return np.concatenate([[shifts.any()], (shares > SHARE * largest).any(axis=1)])


def _better_reason(problem: _Problem, error: LowerMinimumError) -> str:
    """Say by how much another fit is better, and what to do."""
    W = problem.objective.total_weight
    fit, other = (-W * problem.objective.value(w) for w in (problem.optimum, error.w))
    return (
        f"the fit is not the best one: another, met with a coefficient held fixed, has the "
        f"penalised log likelihood {other:.6g}, this one {fit:.6g}. Fit again with "
        "start=better_start"
    )


def _maximum_likelihood_statistic(rows: Rows, fit: LogisticFit) -> float:
    """2 (ℓ(ŵ) − Σ_k n_k log(n_k / n)), n_k the weight of class k."""
    counts = count_classes(rows)
    null = sum(n * log(n / counts.total_weight) for n in counts.weights)
    return 2.0 * (fit.log_likelihood - null)


def _model_test(statistic: float, analysis: ColumnAnalysis) -> LikelihoodRatioTest:
    """P(χ²_k ≥ statistic), k the number of independent columns; 1 for none."""
    k, statistic = len(analysis.independent), max(statistic, 0.0)
    p_value = float(gammaincc(k / 2.0, statistic / 2.0)) if k else 1.0
    return LikelihoodRatioTest(statistic, k, p_value)


def _odds_ratios(coefficients: Columns, found: _ParameterInference, unit: Columns) -> OddsRatios:
    """exp(β · unit), and of the interval's ends."""
    with np.errstate(over="ignore"):
        return OddsRatios(
            np.exp(coefficients * unit),
            np.exp(found.lower[1:] * unit),
            np.exp(found.upper[1:] * unit),
        )


def _variance_inflation(analysis: ColumnAnalysis, dependent: Bool[np.ndarray, " d"]) -> Columns:
    """Diagonal of the inverse correlation matrix (RᵀR)⁻¹."""
    R, inflation = analysis.factor, np.full(len(dependent), inf)
    inverse = invert_triangular(R)
    squares = np.sum(R**2, axis=0) * np.sum(inverse**2, axis=1)
    inflation[list(analysis.independent)] = squares
    inflation[dependent] = inf
    return inflation
