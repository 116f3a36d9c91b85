"""The calibration line: log odds of the label = a + b · log odds of the prediction."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.special import chdtrc, fdtrc, ndtri

from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.inference.group_inference import FEWEST_GROUPS_TO_INFER
from lr_pipeline.core.inference.logistic_inference import infer_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.types import RowVector
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.evaluation.intervals.interval import LEVEL, Interval, no_interval
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.models.decision.logistic_curve import LogisticCurve, curve_sums, fit_curve

FEWEST = 10  # cases of the rarer class
PROFILED = 20_000  # rows up to which the likelihood is profiled

Covariance = Float64[np.ndarray, "2 2"]


@dataclass(frozen=True, eq=False)
class CalibrationLine:
    """``intercept`` a and ``slope`` b, which are 0 and 1 for probabilities that are right.

    b below 1: probabilities are too extreme, as of a model with too many columns for its rows; a
    above 0 at b = 1: too low. ``statistic`` and ``p_value`` are those of the joint test of a = 0
    and b = 1; ``test`` names it. ``covariance`` (2, 2) is that of (a, b). ``withheld`` says why
    there is nothing; then all others are None.

    Source: D. R. Cox, Biometrika 45 (1958), 562–565.
    """

    intercept: float | None
    slope: float | None
    intercept_interval: Interval
    slope_interval: Interval
    statistic: float | None
    p_value: float | None
    test: str = ""
    covariance: Covariance | None = None
    withheld: str = ""

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {
            "intercept": self.intercept,
            "slope": self.slope,
            "intercept_interval": self.intercept_interval.numbers(),
            "slope_interval": self.slope_interval.numbers(),
            "statistic": self.statistic,
            "p_value": self.p_value,
            "test": self.test,
            "withheld": self.withheld,
        }

    def band(self, x: RowVector) -> tuple[RowVector, RowVector, RowVector]:
        """Return the probability at log odds x (n,) by the line, and its 95 % interval."""
        assert self.intercept is not None and self.slope is not None
        assert self.covariance is not None
        V, z = self.covariance, self.intercept + self.slope * x
        reach = ndtri((1 + LEVEL) / 2) * np.sqrt(V[0, 0] + 2 * x * V[0, 1] + x * x * V[1, 1])
        return sigmoid(z), sigmoid(z - reach), sigmoid(z + reach)


def no_line(reason: str) -> CalibrationLine:
    """A calibration line that is withheld, with the reason."""
    none = no_interval(reason)
    return CalibrationLine(None, None, none, none, None, None, withheld=reason)


def calibration_line(cases: Cases, x: RowVector) -> CalibrationLine:
    """Fit the label to x (n,), the log odds of its prediction, by maximum likelihood.

    The intervals are those of profile likelihood, of Wald's method beyond 20,000 rows, and where
    rows have groups of Wald's method with the groups as units; the joint test is the
    likelihood-ratio test, χ² with 2 degrees of freedom, and for groups Wald's, F with 2 and as many
    as there are groups less 1.
    """
    if reason := _too_little(cases, x):
        return no_line(reason)
    curve = fit_curve(x, cases.labels, cases.weight)
    if not curve.converged:
        return no_line("the calibration line has no certain optimum")
    if cases.group is not None:
        return _by_groups(cases, x, curve)
    loss, *_ = curve_sums(np.array([0.0, 1.0]), x, cases.labels, cases.weight)
    statistic = max(2.0 * (loss - curve.loss), 0.0) / cases.share
    covariance = np.linalg.inv(curve.information) * cases.share
    return CalibrationLine(
        curve.intercept,
        curve.slope,
        *(_profiled if len(x) <= PROFILED else _wald)(cases, x, curve, covariance),
        statistic,
        float(chdtrc(2.0, statistic)),
        "likelihood-ratio test",
        covariance,
    )


def _too_little(cases: Cases, x: RowVector) -> str:
    """Return why there is no line, "" if there is one."""
    rarer = min(cases.classes)
    if rarer < FEWEST:
        return f"only {rarer:.6g} cases of the rarer class, {FEWEST} are needed"
    if cases.group is not None and cases.groups < FEWEST_GROUPS_TO_INFER:
        return f"only {cases.groups} groups of rows, {FEWEST_GROUPS_TO_INFER} are needed"
    if x.min() == x.max():
        return "all predictions are equal"
    if _separates(x, cases.labels):
        return "the predictions separate the classes of the test rows"
    return ""


def _separates(x: RowVector, y: RowVector) -> bool:
    """Whether the predictions of one class are all at least as large as those of the other."""
    ones, zeros = x[y == 1.0], x[y == 0.0]
    return bool(ones.min() >= zeros.max() or zeros.min() >= ones.max())


def _profiled(
    cases: Cases, x: RowVector, curve: LogisticCurve, covariance: Covariance
) -> tuple[Interval, Interval]:
    weight = None if (cases.weight == 1.0).all() else cases.weight
    rows = ArrayRows(np.ascontiguousarray(x[:, None]), cases.labels, weight)
    found = infer_logistic(rows, NumpyKernel(), fit_logistic(rows, NumpyKernel()), LEVEL)
    if not np.isfinite([*found.lower, *found.upper]).all():
        return _wald(cases, x, curve, covariance)
    return tuple(  # type: ignore[return-value]
        Interval(float(low), float(high), LEVEL, "profile likelihood")
        for low, high in zip(found.lower, found.upper, strict=True)
    )


def _wald(
    cases: Cases, x: RowVector, curve: LogisticCurve, covariance: Covariance, units: str = ""
) -> tuple[Interval, Interval]:
    reach = float(ndtri((1 + LEVEL) / 2)) * np.sqrt(np.diag(covariance))
    return tuple(  # type: ignore[return-value]
        Interval(value - float(r), value + float(r), LEVEL, f"Wald{units}")
        for value, r in zip((curve.intercept, curve.slope), reach, strict=True)
    )


def _by_groups(cases: Cases, x: RowVector, curve: LogisticCurve) -> CalibrationLine:
    """Take the groups as units: V = I⁻¹ (Σ over groups of s sᵀ) I⁻¹ G / (G − 1), s their scores."""
    assert cases.group is not None
    residual = cases.weight * (cases.labels - sigmoid(curve.intercept + curve.slope * x))
    scores = np.stack(
        [np.bincount(cases.group, part, cases.groups) for part in (residual, residual * x)]
    )
    G, inverse = cases.groups, np.linalg.inv(curve.information)
    covariance = inverse @ (scores @ scores.T) @ inverse * (G / (G - 1)) * cases.share
    off = np.array([curve.intercept, curve.slope - 1.0])
    statistic = float(off @ np.linalg.solve(covariance, off))
    return CalibrationLine(
        curve.intercept,
        curve.slope,
        *_wald(cases, x, curve, covariance, ", groups as units"),
        statistic,
        float(fdtrc(2.0, G - 1.0, statistic / 2.0)),
        "Wald's test, groups as units",
        covariance,
    )


def line_is_known(line: CalibrationLine) -> bool:
    """Whether the line can be drawn with its band."""
    return line.covariance is not None and math.isfinite(float(line.covariance.sum()))
