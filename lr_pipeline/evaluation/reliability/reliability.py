"""How reliable each model's probabilities are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from scipy.special import logit

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.calibration import (
    CalibrationBin,
    PredictionHistogram,
    calibration_bins,
    prediction_histogram,
    quantiles,
)
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.reliability.alike_models import AlikeModels
from lr_pipeline.evaluation.reliability.calibration_line import (
    CalibrationLine,
    calibration_line,
    line_is_known,
    no_line,
)
from lr_pipeline.evaluation.reliability.expected_error import ExpectedError, expected_error

POINTS = 60
NEARLY_ALL = 0.6  # of [0, 1]; where predictions reach further, all of it is drawn

Curve = Float64[np.ndarray, " points"]


@dataclass(frozen=True, eq=False)
class ReliabilityCurve:
    """The calibration line from small to large predictions, with its pointwise 95 % band."""

    predicted: Curve
    observed: Curve
    lower: Curve
    upper: Curve


@dataclass(frozen=True, eq=False)
class Reliability:
    """One kind of model: its bins, histogram, calibration line and expected error.

    ``observed`` is the share of ones and ``predicted`` the mean prediction of all cases.
    """

    alike: AlikeModels
    bins: tuple[CalibrationBin, ...]
    histogram: PredictionHistogram
    line: CalibrationLine
    curve: ReliabilityCurve | None
    error: ExpectedError
    observed: float
    predicted: float

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return {
            "models": list(self.alike.names),
            "observed": self.observed,
            "predicted": self.predicted,
            "line": self.line.numbers(),
            "expected_error": self.error.numbers(),
            "bins": [one._asdict() for one in self.bins],
        }


def reliabilities(
    held_out: HeldOutRows, models: Sequence[AlikeModels], cases: Cases
) -> tuple[Reliability, ...]:
    """Return the reliability of each kind of model on the test rows that count."""
    kept = slice(None) if held_out.weight is None else held_out.weight > 0
    return tuple(_reliability(one, one.model.probabilities[kept], kept, cases) for one in models)


def _reliability(alike: AlikeModels, p: RowVector, kept: Any, cases: Cases) -> Reliability:
    weight = None if (cases.weight == 1.0).all() else cases.weight
    x = _log_odds(alike.model, p, kept)
    line = no_line("predictions outside (0, 1)") if x is None else calibration_line(cases, x)
    curve = None
    if x is not None and line_is_known(line):
        low, high = quantiles(x, np.array([0.005, 0.995]), weight)
        points = np.linspace(low, high, POINTS)
        curve = ReliabilityCurve(1.0 / (1.0 + np.exp(-points)), *line.band(points))
    return Reliability(
        alike,
        calibration_bins(cases.labels, p, weight=weight),
        prediction_histogram(cases.labels, p, weight, 1.0 if p.max() > NEARLY_ALL else 0.0),
        line,
        curve,
        expected_error(cases, p),
        cases.classes[1] / cases.total,
        float((cases.weight * p).sum()) / cases.total,
    )


def _log_odds(model: ModelSection, p: RowVector, kept: Any) -> RowVector | None:
    """Return the log odds of the predictions, None where one is outside (0, 1)."""
    if model.linear_predictor is not None:
        return np.asarray(model.linear_predictor[kept])
    return np.asarray(logit(p)) if p.min() > 0.0 and p.max() < 1.0 else None
