"""The summary of a fit that users of statistics packages expect: facts, then one line a parameter.

``print(fit.summary())`` shows it as text, and a notebook as a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite, isnan
from typing import TypeAlias

import numpy as np
from scipy.special import chdtrc, stdtr, stdtrit, xlogy

from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.inference.group_inference import BY_GROUPS
from lr_pipeline.core.inference.inference import (
    LogisticInference,
    ParameterInference,
    nothing_inferred,
    wald_inference,
)
from lr_pipeline.core.inference.named_columns import INTERCEPT
from lr_pipeline.core.least_squares.linear_fit import LinearFit
from lr_pipeline.core.types import Parameters

LEVEL = 0.95
STATISTICS = {"wald": "z", "profile": "LR χ²", BY_GROUPS: "t"}  # by the method of inference
LONGEST_NAME = 40
SMALLEST_P = 1e-4
LEAST_RATIO, LARGEST_RATIO = 1e-4, 1e6  # written without a power of ten
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Facts: TypeAlias = dict[str, str]


@dataclass(frozen=True)
class Summary:
    """Facts (label → text), a table (headings, then rows of cells), and remarks.

    A cell is empty where a number is withheld; the remarks say why.
    """

    title: str
    facts: Facts
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Lay out as text: facts, the table, remarks."""
        label = max(map(len, self.facts), default=0)
        lines = [self.title, *(f"{name:<{label}}  {text}" for name, text in self.facts.items()), ""]
        table = [self.headings, *((_cut(row[0]), *row[1:]) for row in self.rows)]
        widths = [max(len(row[k]) for row in table) for k in range(len(self.headings))]
        for row in table:
            first, *others = (
                f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True)
            )
            lines.append("  ".join([f"{row[0]:<{widths[0]}}", first, *others]))
        return "\n".join([*lines, *([""] if self.remarks else []), *self.remarks])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Lay out for a notebook; names of columns are never HTML."""

        def cells(texts: Sequence[str], kind: str) -> str:
            return "".join(f"<{kind}>{escape(text)}</{kind}>" for text in texts)

        facts = "".join(f"<tr>{cells(fact, 'td')}</tr>" for fact in self.facts.items())
        body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in self.rows)
        remarks = "".join(f"<p>{escape(remark)}</p>" for remark in self.remarks)
        return (
            f"<p><strong>{escape(self.title)}</strong></p><table>{facts}</table>"
            f"<table><thead><tr>{cells(self.headings, 'th')}</tr></thead>{body}</table>{remarks}"
        )


def summarize_logistic(
    fit: LogisticFit, columns: Sequence[str] | None, inference: LogisticInference | None = None
) -> Summary:
    """Summarize a logistic regression, with Wald's inference unless another one is given.

    McFadden's pseudo R² is 1 − ℓ / ℓ₀, with ℓ₀ the log-likelihood of the intercept alone;
    AIC = 2 p − 2 ℓ and BIC = p log W − 2 ℓ, W = Σ weight. These and the likelihood-ratio test hold
    for maximum likelihood, and are left out where a penalty is used.
    """
    names = [INTERCEPT, *_names(columns, len(fit.coefficients))]
    values = np.append(fit.intercept, fit.coefficients)
    errors = None
    if fit.standard_errors is not None and fit.intercept_standard_error is not None:
        errors = np.append(fit.intercept_standard_error, fit.standard_errors)
    statistic, remarks = "z", [fit.inference_withheld]
    found: ParameterInference | LogisticInference | None = inference
    profile = inference is None and not fit.penalty.adds_nothing and fit.penalty.profile_is_right
    if inference is not None:
        statistic = STATISTICS[inference.method]
        remarks = [inference.withheld, inference.inseparable]
    elif errors is not None:
        found = wald_inference(values, errors, LEVEL)
    level = LEVEL if inference is None else inference.level
    remedy = " Profile intervals are right for it: summary(infer(fit, X, y))." if profile else ""
    ratios = ["", *(_ratio(ratio) for ratio in _exponentials(fit.coefficients).tolist())]
    headings, rows = _table(names, values, errors, statistic, found, level)
    return Summary(
        "Logistic regression",
        _logistic_facts(fit),
        (*headings, "odds ratio"),
        tuple((*row, ratio) for row, ratio in zip(rows, ratios, strict=True)),
        tuple(f"Withheld: {remark}.{remedy}" for remark in remarks if remark),
    )


def summarize_linear(fit: LinearFit, columns: Sequence[str] | None) -> Summary:
    """Summarize least squares: t = estimate / standard error, with Student's distribution."""
    names = [INTERCEPT, *_names(columns, len(fit.coefficients))]
    values = np.append(fit.intercept, fit.coefficients)
    errors, found, remarks = None, None, []
    if fit.standard_errors is None or fit.degrees_of_freedom is None:
        remarks = ["Withheld: the solution is not unique, or no degrees of freedom are left."]
    else:
        intercept = fit.intercept_standard_error
        errors = np.append(np.nan if intercept is None else intercept, fit.standard_errors)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = values / errors
        reach = stdtrit(fit.degrees_of_freedom, (1.0 + LEVEL) / 2.0) * errors
        p_values = 2.0 * stdtr(fit.degrees_of_freedom, -np.abs(t))
        found = ParameterInference(values - reach, values + reach, t, p_values)
    headings, rows = _table(names, values, errors, "t", found, LEVEL)
    facts = {
        "Rows": f"{fit.num_rows:,}",
        "R²": "undefined" if fit.r_squared is None else f"{fit.r_squared:.4f}",
        "Log-likelihood": f"{fit.log_likelihood:.6g}",
        "Arithmetic": fit.method,
    }
    return Summary("Linear regression", facts, headings, tuple(rows), tuple(remarks))


def _logistic_facts(fit: LogisticFit) -> Facts:
    ending = f"{fit.status.label.replace('_', ' ')}: {fit.solver}, {fit.iterations} iterations"
    facts = {"Status": ending, "Objective": fit.objective}
    facts["Log-likelihood"] = f"{fit.log_likelihood:.6g}"
    if fit.class_weights is None:
        return facts
    zeros, ones = fit.class_weights
    null = float(sum(xlogy(own, own / (zeros + ones)) for own in fit.class_weights))
    facts = {"Rows": f"{zeros + ones:,.10g}, {ones:,.10g} with label 1"} | facts
    facts["Intercept alone"] = f"{null:.6g}"
    if not fit.penalty.adds_nothing or null == 0.0:
        return facts
    freedom = len(fit.coefficients) - len(fit.dependent_columns)
    statistic = max(2.0 * (fit.log_likelihood - null), 0.0)
    facts["Pseudo R²"] = f"{1.0 - fit.log_likelihood / null:.4f} (McFadden)"
    if freedom:
        p = float(chdtrc(freedom, statistic))
        relation = "" if p < SMALLEST_P else "= "
        facts["Model test"] = f"χ² = {statistic:.5g}, {freedom} df, p {relation}{_p_value(p)}"
    parameters = freedom + 1
    facts["AIC"] = f"{2 * parameters - 2.0 * fit.log_likelihood:.6g}"
    facts["BIC"] = f"{parameters * np.log(zeros + ones) - 2.0 * fit.log_likelihood:.6g}"
    return facts


def _table(
    names: Sequence[str],
    values: Parameters,
    errors: Parameters | None,
    statistic: str,
    found: ParameterInference | LogisticInference | None,
    level: float,
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return headings and rows; cells are empty where nothing is inferred."""
    found = found or nothing_inferred(len(values))
    unknown = np.full(len(values), np.nan)
    columns = zip(
        names,
        map(_number, values.tolist()),
        map(_number, (unknown if errors is None else errors).tolist()),
        map(_number, np.asarray(found.statistics).tolist()),
        map(_p_value, np.asarray(found.p_values).tolist()),
        map(_number, np.asarray(found.lower).tolist()),
        map(_number, np.asarray(found.upper).tolist()),
        strict=True,
    )
    tail = (1.0 - level) / 2.0
    ends = (f"[{tail:.3g}", f"{1.0 - tail:.3g}]")
    p = "P>|z|" if statistic == "z" else "P>|t|" if statistic == "t" else "P>χ²"
    return ("", "coef", "std err", statistic, p, *ends), list(columns)


def _names(columns: Sequence[str] | None, number: int) -> list[str]:
    return [f"x{j + 1}" for j in range(number)] if columns is None else list(columns)


def _number(value: float) -> str:
    """Return five digits, or an empty text for NaN."""
    return "" if isnan(value) else f"{value:.5g}"


def _ratio(value: float) -> str:
    """Return an odds ratio; one whose size alone tells something with two digits: 1.1 × 10³⁰."""
    if not isfinite(value) or value == 0.0 or LEAST_RATIO <= value < LARGEST_RATIO:
        return _number(value)
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def _p_value(p: float) -> str:
    if not isfinite(p):
        return ""
    return f"<{SMALLEST_P:g}" if p < SMALLEST_P else f"{p:.4f}"


def _exponentials(values: Parameters) -> Parameters:
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(np.asarray(values)))


def _cut(name: str) -> str:
    """Return a name on one line, cut to a readable length."""
    line = " ".join(name.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}…"
