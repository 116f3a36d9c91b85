"""A model's errors in parts of the test set, with intervals and a test of each."""

from dataclasses import dataclass
from math import erfc, sqrt

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.logistic.loss import log_loss
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.calibration import wilson_interval
from lr_pipeline.evaluation.slices.row_partitions import Partition
from lr_pipeline.evaluation.slices.sliced_ranks import sliced_areas

LEAST_CASES = 30  # of a part that is shown
LEAST_EXPECTED = 5.0  # ones and zeros, for the test of a part

Sums = Float64[np.ndarray, " parts"]


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Label, probability, log odds and weight (n,) of test rows with positive weight."""

    y: RowVector
    p: RowVector
    z: RowVector
    weight: RowVector


@dataclass(frozen=True)
class Slice:
    """One part of the rows: ``positives`` of its ``cases`` are ones, ``predicted`` the mean p.

    ``difference`` is observed minus predicted share, with ``interval`` (Wilson's of the observed
    share). ``p_value`` tests that the predictions are right, None where fewer than five ones or
    zeros are expected; ``p_holm`` is corrected for all parts. ``roc_auc`` needs both classes.
    """

    column: str
    name: str
    cases: float
    positives: float
    predicted: float
    difference: float
    interval: tuple[float, float]
    log_loss: float
    brier: float
    roc_auc: float | None
    roc_auc_interval: tuple[float, float] | None
    p_value: float | None
    p_holm: float | None = None


def slices_of(partition: Partition, rows: ScoredRows) -> tuple[list[Slice], int]:
    """Return the parts of at least 30 cases, and how many smaller ones there are."""
    inside = partition.codes >= 0
    if inside.all():
        inside = slice(None)  # type: ignore[assignment]
    codes, k = partition.codes[inside], len(partition.names)
    y, p, z, weight = (a[inside] for a in (rows.y, rows.p, rows.z, rows.weight))

    def summed(values: RowVector) -> Sums:
        return np.bincount(codes, values, k)

    cases = summed(weight)
    sums = np.transpose(
        [
            cases,
            summed(weight * y),
            summed(weight * p),
            summed(weight * p * (1.0 - p)),
            summed(weight * log_loss(z, y)),
            summed(weight * (p - y) ** 2),
        ]
    )
    shown = np.flatnonzero(cases >= LEAST_CASES)
    areas = sliced_areas(codes, y, z, weight, k)
    found = [
        _slice(partition.column, partition.names[j], sums[j].tolist(), areas[j])
        for j in shown.tolist()
    ]
    return found, int(np.count_nonzero((cases > 0) & (cases < LEAST_CASES)))


def _slice(
    column: str,
    name: str,
    sums: list[float],
    area: tuple[float | None, tuple[float, float] | None],
) -> Slice:
    cases, ones, expected, variance, loss, squares = sums
    predicted = expected / cases
    lower, upper = wilson_interval(ones, cases)
    enough = min(expected, cases - expected) >= LEAST_EXPECTED and variance > 0.0
    return Slice(
        column=column,
        name=name,
        cases=cases,
        positives=ones,
        predicted=predicted,
        difference=ones / cases - predicted,
        interval=(lower - predicted, upper - predicted),
        log_loss=loss / cases,
        brier=squares / cases,
        roc_auc=area[0],
        roc_auc_interval=area[1],
        p_value=erfc(abs(ones - expected) / sqrt(2.0 * variance)) if enough else None,
    )
