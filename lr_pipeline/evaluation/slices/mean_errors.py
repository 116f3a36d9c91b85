"""Observed minus predicted share in parts of the rows: interval and test by one method.

Let o be the observed share of W cases, p̄ the mean prediction, and φ the variance of the observed
number divided by that of W cases with equal probabilities. The interval is all π − p̄ with
|o − π| ≤ q √(φ π (1 − π) / W), Wilson's for W / φ cases, and the test is of π = p̄. So 0 is outside
of the interval exactly where p < 5 %. φ is that of the predictions, Σ ω p (1 − p) / W p̄ (1 − p̄),
or that of the residuals, V / W o (1 − o), if that is larger: V = Σ ω (y − p − o + p̄)², for groups
the variance between them.
"""

from typing import NamedTuple

import numpy as np

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.calibration import wilson_interval
from lr_pipeline.evaluation.slices.part_units import PartUnits

LEAST_EXPECTED = 5.0  # ones and zeros, for the test of a part


class MeanError(NamedTuple):
    """Observed minus predicted share of a part; None where interval or test are withheld."""

    difference: float
    interval: tuple[float, float] | None
    p_value: float | None


def mean_errors(units: PartUnits, y: RowVector, p: RowVector, weight: RowVector) -> list[MeanError]:
    """Compare labels y (n,) with predictions p (n,) in every part."""
    W = units.sums(weight)
    with np.errstate(divide="ignore", invalid="ignore"):
        observed, predicted = units.sums(weight * y) / W, units.sums(weight * p) / W
        of_model = units.sums(weight * p * (1.0 - p)) / (W * predicted * (1.0 - predicted))
        residual = y - p - (observed - predicted)[units.codes]
        of_rows = units.variances(residual, weight) / (W * observed * (1.0 - observed))
    found = []
    for j in range(units.parts):
        o, m = float(observed[j]), float(predicted[j])
        spread = max(float(of_model[j]), float(np.nan_to_num(of_rows[j], nan=0.0, posinf=0.0)))
        if units.pair is not None and o in (0.0, 1.0):
            spread = max(spread, float(W[j] / units.groups[j]))  # each group tells as one case
        if not (spread > 0.0 and 0.0 < m < 1.0 and units.enough(j)):
            found.append(MeanError(o - m, None, None))
            continue
        cases = float(W[j]) / spread
        low, high = wilson_interval(o * cases, cases, units.level(j))
        errors = (o - m) / (m * (1.0 - m) / cases) ** 0.5
        enough = min(m, 1.0 - m) * W[j] >= LEAST_EXPECTED
        p_value = units.p_value(j, errors) if enough else None
        found.append(MeanError(o - m, (low - m, high - m), p_value))
    return found
