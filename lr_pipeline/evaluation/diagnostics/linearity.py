"""Whether the log odds are a straight line in each number: score tests, and binned logits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.analysed_rows import AnalysedRows
from lr_pipeline.evaluation.calibration import quantiles, wilson_interval
from lr_pipeline.evaluation.comparisons.holm import holm
from lr_pipeline.evaluation.diagnostics.score_test import FittedRows, ScoreTest, Terms
from lr_pipeline.evaluation.diagnostics.spline_terms import few_values, spline_knots, spline_terms
from lr_pipeline.evaluation.effects.column_kinds import DesignColumn

COLUMNS_TESTED = 200  # the largest effects
COLUMNS_DRAWN = 6
NUMBERS_AT_ONCE = 2**18  # in a column of terms
LEAST_IN_BIN = 20  # cases
LEAST_SHOWN = 5  # cases
MOST_BINS = 10


@dataclass(frozen=True)
class LinearityTest:
    """A score test of adding a restricted cubic spline of one column; ``p_holm`` is corrected."""

    column: str
    statistic: float
    degrees_of_freedom: int
    p_value: float
    p_holm: float


@dataclass(frozen=True)
class BinnedLogit:
    """Rows with neighbouring values: their mean, share of ones with interval, mean prediction."""

    cases: float
    value: float
    observed: float
    lower: float
    upper: float
    predicted: float


@dataclass(frozen=True)
class BinnedColumn:
    """A column in bins."""

    column: str
    bins: tuple[BinnedLogit, ...]


def linearity_tests(
    numbers: Sequence[DesignColumn],
    columns: Sequence[DesignColumn],
    rows: AnalysedRows,
    fitted: FittedRows,
) -> list[LinearityTest]:
    """Test each number of more than two values, the smallest p-value first.

    ``columns``: all columns of the design. Rows whose value is missing, where the design marks
    them, take no part in the curve.
    """
    named: list[str] = []
    found: list[ScoreTest | None] = []
    at_once = max(1, NUMBERS_AT_ONCE // max(len(rows.y), 1))
    for start in range(0, len(numbers), at_once):
        terms = _terms_of(numbers[start : start + at_once], columns, rows)
        named += list(terms)
        found += fitted.tests(list(terms.values()), rows.group)
    tests = [
        LinearityTest(name, *test, p_holm=1.0)
        for name, test in zip(named, found, strict=True)
        if test is not None
    ]
    corrected = holm([one.p_value for one in tests])
    tests = [replace(one, p_holm=p) for one, p in zip(tests, corrected, strict=True)]
    return sorted(tests, key=lambda one: (one.p_value, -one.statistic))


def _terms_of(
    numbers: Sequence[DesignColumn], columns: Sequence[DesignColumn], rows: AnalysedRows
) -> dict[str, Terms]:
    """Return the curved terms of each number of more than two values."""
    found = {}
    for one in numbers:
        x, known = values_of(one, columns, rows)
        weight = None if rows.counts is None else rows.counts[known]
        knots = spline_knots(x[known], weight)
        if len(knots):
            found[one.name] = spline_terms(x, knots)
            found[one.name][~known] = 0.0
    return found


def values_of(
    one: DesignColumn, columns: Sequence[DesignColumn], rows: AnalysedRows
) -> tuple[RowVector, np.ndarray]:
    """Return a column's values, and which of them are known."""
    marks = [c.place for c in columns if c.kind == "missing" and c.feature == one.feature]
    known = np.ones(len(rows.y), bool)
    for place in marks:
        known &= rows.X[:, place] == 0.0
    return rows.X[:, one.place], known


def binned_logits(
    one: DesignColumn, columns: Sequence[DesignColumn], rows: AnalysedRows, p: RowVector
) -> BinnedColumn:
    """Compare, in bins of about as many cases by value, the share of ones with the predictions.

    Up to ten distinct values are bins of their own. Bins of fewer than five cases are left out.
    """
    x, known = values_of(one, columns, rows)
    counts = None if rows.counts is None else rows.counts[known]
    x, y, p, weight = x[known], rows.y[known], p[known], rows.weight[known]
    edges = few_values(x, MOST_BINS)
    if edges is None:
        bins = int(min(MOST_BINS, max(3, weight.sum() // LEAST_IN_BIN)))
        edges = np.unique(quantiles(x, np.linspace(0, 1, bins + 1)[1:-1], counts))
    place = np.searchsorted(edges, x)
    sums = np.transpose([np.bincount(place, weight * of) for of in (np.ones_like(x), x, y, p)])
    return BinnedColumn(
        one.name, tuple(_bin(*of_bin) for of_bin in sums.tolist() if of_bin[0] >= LEAST_SHOWN)
    )


def _bin(cases: float, values: float, ones: float, predicted: float) -> BinnedLogit:
    lower, upper = wilson_interval(ones, cases)
    return BinnedLogit(cases, values / cases, ones / cases, lower, upper, predicted / cases)
