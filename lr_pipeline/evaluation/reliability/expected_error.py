"""The expected calibration error, and how large it is if the probabilities are right."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.calibration import row_bins
from lr_pipeline.evaluation.intervals.units import Cases

SEED = 0
DRAWS = 500
DRAWN_CASES = 5_000  # up to which each case is drawn; beyond, the sums of bins are


@dataclass(frozen=True)
class ExpectedError:
    """Σ over ``bins`` of share of cases · |share of ones − mean prediction|: ``value``.

    It is never 0: with probabilities that are right it would be ``calibrated`` on average for the
    same predictions, and at most ``calibrated_high`` in 95 of 100 test sets. ``withheld`` says why
    these two are None.
    """

    value: float
    calibrated: float | None
    calibrated_high: float | None
    bins: int
    withheld: str = ""

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return asdict(self)


def expected_error(cases: Cases, p: RowVector) -> ExpectedError:
    """Compute the error in the bins of the reliability curve, and simulate its noise.

    New labels are drawn 500 times with a fixed seed, each row's independently with its predicted
    probability. For more than 5,000 cases, or weights that are no whole numbers, the sums of
    bins are drawn from the normal distribution with their variance Σ weight p (1 − p).
    """
    bin_of_row = row_bins(p, None, None if (cases.weight == 1.0).all() else cases.weight)
    size, ones, predicted = (
        np.bincount(bin_of_row, cases.weight * of) for of in (1.0, cases.labels, p)
    )
    filled = size > 0
    value = float(np.abs(ones - predicted).sum()) / cases.total
    bins = int(filled.sum())
    if p.min() < 0.0 or p.max() > 1.0:
        return ExpectedError(value, None, None, bins, "predictions outside [0, 1]")
    whole = (cases.weight == np.floor(cases.weight)).all()
    random = np.random.default_rng(SEED)
    if whole and cases.total <= DRAWN_CASES:
        times = cases.weight.astype(np.int64)
        order = np.argsort(bin_of_row, kind="stable")
        probability = np.repeat(p[order], times[order])
        starts = np.cumsum(size[filled].astype(np.int64)) - size[filled].astype(np.int64)
        drawn = random.random((DRAWS, len(probability))) < probability
        off = np.add.reduceat(drawn - probability, starts, axis=1)
    else:
        variance = np.bincount(bin_of_row, cases.weight * p * (1.0 - p))[filled]
        off = random.standard_normal((DRAWS, bins)) * np.sqrt(variance)
    errors = np.abs(off).sum(axis=1) / cases.total
    return ExpectedError(value, float(errors.mean()), float(np.quantile(errors, 0.95)), bins)
