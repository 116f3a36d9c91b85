"""Inference where rows of one group are alike: Wald's method with the sandwich covariance.

With s_g = Σ over the rows of group g of ω (y − p) x̃, the score of the group, and I the information:
V = I⁻¹ (Σ_g s_g s_gᵀ) I⁻¹ G / (G − 1). Rows of different groups are taken as independent, rows of
one group may depend on each other in any way. Statistics are compared with t and F of G − 1 degrees
of freedom.

Source: K.-Y. Liang and S. L. Zeger, Biometrika 73 (1986), 13–22; the factor G / (G − 1) is that of
W. Rogers, Stata Technical Bulletin 13 (1993), 19–23.
"""

from dataclasses import replace

import numpy as np
from scipy.special import stdtr, stdtrit

from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.inference.inference import (
    LogisticInference,
    ParameterInference,
    nothing_inferred,
)
from lr_pipeline.core.inference.logistic_inference import odds_ratios_of
from lr_pipeline.core.types import ParameterMatrix

BY_GROUPS = "groups"  # the method's name
FEWEST_GROUPS_TO_INFER = 10  # for standard errors of parameters
GROUPS_PER_PARAMETER = 2
# Of the variance for independent rows: what is less comes from scores that cancel and rounding.
LEAST_SHARE = 1e-9


def few_groups(groups: int, parameters: int) -> str:
    """Return why so few groups allow no inference about the parameters, "" if they do."""
    needed = max(FEWEST_GROUPS_TO_INFER, GROUPS_PER_PARAMETER * parameters)
    if groups >= needed:
        return ""
    return (
        f"rows of one group belong together, and of {groups:,} groups in the training set too "
        f"little is known: {needed:,} are needed, {GROUPS_PER_PARAMETER} for each of {parameters} "
        f"parameters and at least {FEWEST_GROUPS_TO_INFER}"
    )


def sandwich_covariance(fit: LogisticFit, outer: ParameterMatrix, groups: int) -> ParameterMatrix:
    """Return V (p, p) in the table's units, intercept first.

    ``outer`` (p, p): Σ_g s_g s_gᵀ of the columns x̃ = (1, (x − center) / scale) of the fit.
    """
    to_standard = np.diag(np.concatenate([[1.0], fit.scale]))
    to_standard[0, 1:] = fit.center
    to_table = np.diag(np.concatenate([[1.0], 1.0 / fit.scale]))
    to_table[0, 1:] = -fit.center / fit.scale
    inverse = to_standard @ np.asarray(fit.covariance) @ to_standard.T
    # As a product of a matrix with itself, no variance is negative, however columns are scaled.
    squares, directions = np.linalg.eigh(outer)
    half = to_table @ inverse @ directions * np.sqrt(np.maximum(squares, 0.0))
    return np.asarray(half @ half.T * (groups / (groups - 1.0)))


def infer_by_groups(
    fit: LogisticFit, inference: LogisticInference, covariance: ParameterMatrix, groups: int
) -> tuple[LogisticFit, LogisticInference]:
    """Return fit and inference with this covariance (p, p), where each was for independent rows.

    What is withheld for single columns stays withheld. Inference is also withheld for a parameter
    about which the groups' scores say nothing. There is no test of the whole model: the likelihood
    of rows that depend on each other is not known.
    """
    estimates = np.concatenate([[fit.intercept], fit.coefficients])
    variance, alone = np.diag(covariance), np.diag(np.asarray(fit.covariance))
    errors = np.sqrt(np.where(variance > LEAST_SHARE * alone, variance, np.nan))
    half = stdtrit(groups - 1.0, (1.0 + inference.level) / 2.0) * errors
    statistics = estimates / errors
    found = ParameterInference(
        estimates - half,
        estimates + half,
        statistics,
        np.asarray(2.0 * stdtr(groups - 1.0, -np.abs(statistics))),
    )
    for numbers in found:
        numbers[1:][inference.tied] = np.nan
    fit = replace(
        fit,
        covariance=covariance,
        standard_errors=errors[1:],
        intercept_standard_error=float(errors[0]),
    )
    return fit, _with(fit, inference, found, "")


def infer_nothing(
    fit: LogisticFit, inference: LogisticInference, reason: str
) -> tuple[LogisticFit, LogisticInference]:
    """Return fit and inference without standard errors, intervals and tests."""
    fit = replace(
        fit,
        covariance=None,
        standard_errors=None,
        intercept_standard_error=None,
        inference_withheld=reason,
    )
    return fit, _with(fit, inference, nothing_inferred(1 + len(fit.coefficients)), reason)


def _with(
    fit: LogisticFit, inference: LogisticInference, found: ParameterInference, withheld: str
) -> LogisticInference:
    ratios = np.where(inference.tied, np.nan, fit.coefficients)
    return replace(
        inference,
        method=BY_GROUPS,
        **found._asdict(),
        odds_ratios=odds_ratios_of(ratios, found, np.ones(len(ratios))),
        odds_ratios_per_sd=odds_ratios_of(ratios, found, np.asarray(fit.scale)),
        model_test=None,
        withheld=withheld,
        better_start=None,
    )
