"""Intervals, tests, odds ratios and variance inflation of a fitted logistic regression."""

from collections.abc import Sequence
from math import inf, log, nan

import numpy as np
from jaxtyping import Bool
from scipy.special import gammaincc

from lr_pipeline.core.columns.classes import ClassCounts, count_classes
from lr_pipeline.core.columns.rank import ColumnAnalysis, analyse_columns
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.inference.collinearity import (
    describe_inseparable,
    inseparable_columns,
    inseparable_groups,
)
from lr_pipeline.core.inference.inference import (
    LikelihoodRatioTest,
    LogisticInference,
    OddsRatios,
    ParameterInference,
    nothing_inferred,
    peaks_reason,
    unidentified_reason,
    wald_inference,
)
from lr_pipeline.core.inference.profile_inference import (
    better_reason,
    profile_parameters,
    refit,
)
from lr_pipeline.core.inference.profile_likelihood import LowerMinimumError
from lr_pipeline.core.linear_algebra.triangular import invert_triangular
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.core.types import Columns

METHODS = ("wald", "profile")

# A column takes part in a dependency where its entry is larger than rounding.
SHARE = 1e-9
# Sums of the same weights in another order differ by less than this share.
SAME_WEIGHT = 1e-9


def infer_logistic(
    rows: Rows,
    kernel: LogisticKernel,
    fit: LogisticFit,
    level: float = 0.95,
    method: str = "profile",
    names: Sequence[str] | None = None,
    analysis: ColumnAnalysis | None = None,
) -> LogisticInference:
    """Return intervals and tests of ``fit``, from the rows that it was fitted to.

    "wald" uses the normal approximation and costs two passes; it is right for a unique
    maximum-likelihood estimate. "profile" inverts the likelihood-ratio test (``profile``) with
    about 30 passes per parameter; it is right for Firth's and the log-F penalty too and, where
    columns are dependent, for the coefficients of the others. Interval and test agree: p is below
    1 − level exactly where the interval excludes zero. With penalty l2 neither method is right: its
    bias depends on the true coefficients.
    Nothing is inferred for columns that move together so closely that their coefficients cannot be
    told apart (``collinearity``), unless the penalty tells them apart.
    ``names`` (d,): the columns' names in messages, by default their numbers. ``analysis``: that of
    the same rows, if already computed.

    Raises
    ------
    ValueError
        A level outside (0, 1), another method, or rows that are not those of the fit.
    """
    _require_inferable(rows, fit, level, method)
    analysis = analyse_columns(rows) if analysis is None else analysis
    unidentified = _unidentified(analysis)
    withheld, found, test, better = _reason(fit, method), None, None, None
    if not withheld and method == "wald":
        found = _wald(fit, level)
        test = _model_test(_maximum_likelihood_statistic(rows, fit), analysis)
    elif not withheld:
        problem = refit(rows, kernel, fit, analysis)
        try:
            test = _model_test(problem.model_statistic(), analysis)
            found, incoherent = profile_parameters(problem, ~unidentified, level)
            reasons = unidentified_reason(unidentified, names), peaks_reason(incoherent, names)
            withheld = "; ".join(filter(None, reasons))
        except LowerMinimumError as error:
            test, better = None, problem.better_start(error)
            withheld = better_reason(problem, error)
    found = found or nothing_inferred(len(unidentified))
    inflation = _variance_inflation(analysis, unidentified[1:])
    groups = [] if fit.penalty.strictly_convex else inseparable_groups(analysis, inflation)
    ratios = np.array(fit.coefficients)
    tied = inseparable_columns(inflation) if groups else slice(0)
    for part in (ratios, *(numbers[1:] for numbers in found)):
        part[tied] = nan
    return LogisticInference(
        level=level,
        method=method,
        **found._asdict(),
        odds_ratios=odds_ratios_of(ratios, found, np.ones(rows.num_columns)),
        odds_ratios_per_sd=odds_ratios_of(ratios, found, analysis.scale),
        variance_inflation=inflation,
        model_test=test,
        withheld=withheld,
        inseparable=describe_inseparable(groups, inflation, names),
        better_start=better,
    )


def _require_inferable(rows: Rows, fit: LogisticFit, level: float, method: str) -> None:
    """Raise ``ValueError`` for a level, a method or rows that allow no inference."""
    if not 0.0 < level < 1.0:
        raise ValueError(f"level must be between 0 and 1, found {level}")
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, found {method!r}")
    if rows.num_columns != len(fit.coefficients):
        raise ValueError(
            f"expected the {len(fit.coefficients)} columns of the fit, found {rows.num_columns}: "
            "pass the rows that it was fitted to"
        )


def _require_classes_of(fit: LogisticFit, found: ClassCounts) -> None:
    """Raise ``ValueError`` where the classes do not weigh what those of the fit's rows did."""
    known = fit.class_weights
    if known is not None and not np.allclose(found.weights, known, rtol=SAME_WEIGHT, atol=0.0):
        raise ValueError(
            f"expected the rows of the fit, with a weight of {known[0]:g} and {known[1]:g} of "
            f"label 0 and 1, found {found.weight_0:g} and {found.weight_1:g}: pass the rows, "
            "labels and weights that it was fitted to"
        )


def _wald(fit: LogisticFit, level: float) -> ParameterInference:
    """Inference by the normal approximation."""
    parameters = np.concatenate([[fit.intercept], fit.coefficients])
    return wald_inference(parameters, np.sqrt(np.diag(np.asarray(fit.covariance))), level)


def _reason(fit: LogisticFit, method: str) -> str:
    """Say why the method would be wrong for every parameter; "" where it is right."""
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
    """Which parameters can change, along the null space, without a change of any prediction."""
    N = np.abs(analysis.null_space)
    shares = N * analysis.scale[:, None]
    largest = shares.max(axis=0, initial=0.0)
    shift = np.abs(analysis.mean @ analysis.null_space)
    shifts = shift > SHARE * np.maximum(np.abs(analysis.mean) @ N, largest)
    return np.concatenate([[shifts.any()], (shares > SHARE * largest).any(axis=1)])


def _maximum_likelihood_statistic(rows: Rows, fit: LogisticFit) -> float:
    """2 (ℓ(ŵ) − Σ_k n_k log(n_k / n)), n_k the weight of class k; rows must be those of the fit."""
    counts = count_classes(rows)
    _require_classes_of(fit, counts)
    null = sum(n * log(n / counts.total_weight) for n in counts.weights)
    return 2.0 * (fit.log_likelihood - null)


def _model_test(statistic: float, analysis: ColumnAnalysis) -> LikelihoodRatioTest:
    """P(χ²_k ≥ statistic), k the number of independent columns; 1 for none."""
    k, statistic = len(analysis.independent), max(statistic, 0.0)
    p_value = float(gammaincc(k / 2.0, statistic / 2.0)) if k else 1.0
    return LikelihoodRatioTest(statistic, k, p_value)


def odds_ratios_of(coefficients: Columns, found: ParameterInference, unit: Columns) -> OddsRatios:
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
