"""A model's errors in parts of the test set, with intervals and a test of each."""

from dataclasses import dataclass

import numpy as np

from lr_pipeline.core.logistic.loss import log_loss
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.slices.mean_errors import MeanError, mean_errors
from lr_pipeline.evaluation.slices.part_units import GroupCodes, PartUnits
from lr_pipeline.evaluation.slices.row_partitions import Partition
from lr_pipeline.evaluation.slices.sliced_ranks import sliced_areas

LEAST_CASES = 30  # of a part that is shown


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Label, probability, log odds and weight (n,) of test rows with positive weight.

    ``group`` (n,): a number from 0 for each row's group, where the table has groups.
    """

    y: RowVector
    p: RowVector
    z: RowVector
    weight: RowVector
    group: GroupCodes | None = None


@dataclass(frozen=True)
class Slice:
    """One part of the rows: ``positives`` of its ``cases`` are ones, ``predicted`` the mean p.

    ``difference`` is observed minus predicted share, with ``interval``; ``p_value`` tests that the
    predictions are right (``mean_errors``), None where fewer than five ones or zeros are expected;
    ``p_holm`` is corrected for all parts. ``roc_auc`` needs both classes. ``groups``: how many
    groups of rows the part has, where these are the units.
    """

    column: str
    name: str
    cases: float
    positives: float
    predicted: float
    difference: float
    interval: tuple[float, float] | None
    log_loss: float
    brier: float
    roc_auc: float | None
    roc_auc_interval: tuple[float, float] | None
    p_value: float | None
    p_holm: float | None = None
    groups: int | None = None


def slices_of(partition: Partition, rows: ScoredRows) -> tuple[list[Slice], int]:
    """Return the parts of at least 30 cases, and how many smaller ones there are."""
    inside = partition.codes >= 0
    if inside.all():
        inside = slice(None)  # type: ignore[assignment]
    codes, k = partition.codes[inside], len(partition.names)
    y, p, z, weight = (a[inside] for a in (rows.y, rows.p, rows.z, rows.weight))
    units = PartUnits.of(codes, k, None if rows.group is None else rows.group[inside])
    cases = units.sums(weight)
    losses = (1.0, y, p, log_loss(z, y), (p - y) ** 2)
    sums = np.transpose([units.sums(weight * of) for of in losses])
    shown = np.flatnonzero(cases >= LEAST_CASES)
    errors, areas = mean_errors(units, y, p, weight), sliced_areas(units, y, z, weight)
    found = [
        _slice(
            partition.column,
            partition.names[j],
            sums[j].tolist(),
            errors[j],
            areas[j],
            None if units.pair is None else int(units.groups[j]),
        )
        for j in shown.tolist()
    ]
    return found, int(np.count_nonzero((cases > 0) & (cases < LEAST_CASES)))


def _slice(
    column: str,
    name: str,
    sums: list[float],
    error: MeanError,
    area: tuple[float | None, tuple[float, float] | None],
    groups: int | None,
) -> Slice:
    cases, ones, expected, loss, squares = sums
    return Slice(
        column=column,
        name=name,
        cases=cases,
        positives=ones,
        predicted=expected / cases,
        difference=error.difference,
        interval=error.interval,
        log_loss=loss / cases,
        brier=squares / cases,
        roc_auc=area[0],
        roc_auc_interval=area[1],
        p_value=error.p_value,
        groups=groups,
    )
