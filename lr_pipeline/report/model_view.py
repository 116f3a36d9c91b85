"""The page's tables of a model's coefficients and of its fit."""

import math
from collections.abc import Callable

from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.evaluation.findings import CoefficientRow, ModelSection
from lr_pipeline.evaluation.number_format import (
    UNDEFINED,
    count,
    exponential,
    p_value,
    significant,
)
from lr_pipeline.report.page_table import ROW_LIMIT, PageTable, filled_table

FEWEST_SD = 0.05  # a unit of more than twenty standard deviations is no change that there is


def coefficient_table(model: ModelSection) -> PageTable:
    """Return the coefficients in their order; a column that would be empty is left out.

    If there are more than ``ROW_LIMIT``, those with the largest effects are shown.
    """
    rows = list(model.coefficients)
    if len(rows) > ROW_LIMIT:
        kept = {id(row) for row in sorted(rows, key=_size, reverse=True)[:ROW_LIMIT]}
        rows = [row for row in rows if id(row) in kept]
    columns: dict[str, Callable[[CoefficientRow], str]] = {
        "Coefficient": lambda row: significant(row.value),
        "Standard error": lambda row: significant(row.standard_error),
        "95 % interval": _interval,
        "p-value": lambda row: p_value(row.p_value),
    }
    if model.linear_predictor is not None:
        columns["Odds ratio"] = _odds_ratio
        columns["Odds ratio per SD"] = _odds_ratio_per_sd
    else:
        columns["Effect per SD"] = _effect
    columns["VIF"] = lambda row: significant(row.variance_inflation, 2)
    cells = {heading: [text(row) for row in rows] for heading, text in columns.items()}
    names = [row.name for row in rows]
    return filled_table("Name", names, cells, len(model.coefficients) - len(rows))


def fit_lines(model: ModelSection) -> dict[str, str]:
    """Return label → text: the objective, how the fit ended, how far from the optimum it can be."""
    lines = {"Objective": model.objective} if model.objective else {}
    if model.fit is not None:
        fit = model.fit
        lines |= {
            "Solver": fit.solver,
            "Status": describe_status(fit.status),
            "Iterations": count(fit.iterations),
            "Gradient norm": significant(fit.gradient_norm, 2),
        }
        if fit.certificate is not None:
            lines["Certificate"] = describe_certificate(fit.certificate, fit.optimum)
        if fit.starts:
            lines["Starts"] = fit.starts
    return lines | dict(model.facts)


def describe_status(status: Status) -> str:
    """Return the status with its remedy."""
    label = status.label.replace("_", " ")
    return f"{label}: {status.remedy}" if status.remedy else label


def describe_certificate(certificate: Certificate, optimum: str = "the optimum") -> str:
    """Return in words how far from the optimum the fit can be."""
    needed = certificate.iterations_needed
    more = "" if needed is None else f"; about {count(needed)} more iterations are needed"
    if not math.isfinite(certificate.standard_errors):
        return f"no bound on the distance to {optimum} could be established{more}"
    distance = significant(certificate.standard_errors, 2)
    if certificate.rigorous:
        return f"at most {distance} standard errors from {optimum}{more}"
    return f"about {distance} standard errors from {optimum}, by estimate{more}"


def _size(row: CoefficientRow) -> float:
    """Return the effect's size for sorting; the intercept, which has no scale, comes first."""
    return math.inf if row.scale is None else abs(row.value * row.scale)


def _interval(row: CoefficientRow) -> str:
    if row.interval is None:
        return UNDEFINED
    return " to ".join(significant(bound) for bound in row.interval)


def _odds_ratio(row: CoefficientRow) -> str:
    """Return exp(β) where one unit more is a change that columns like this one can have.

    exp(intercept) is left out, since it is no ratio but the odds at zero.
    """
    absurd = row.scale is None or row.tied or row.scale < FEWEST_SD
    return UNDEFINED if absurd else exponential(row.value)


def _odds_ratio_per_sd(row: CoefficientRow) -> str:
    """Return exp(β · scale), which compares columns of any unit, with its interval in brackets."""
    if row.scale is None or row.tied:
        return UNDEFINED
    ratio = exponential(row.value * row.scale, 3)
    if row.interval is None:
        return ratio
    return f"{ratio} ({' to '.join(exponential(end * row.scale, 3) for end in row.interval)})"


def _effect(row: CoefficientRow) -> str:
    return UNDEFINED if row.scale is None or row.tied else significant(row.value * row.scale)
