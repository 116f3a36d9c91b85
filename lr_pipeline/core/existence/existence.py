"""Whether the maximum-likelihood estimate exists, and is the only one."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np

from lr_pipeline.core.certificate.certificate import certify
from lr_pipeline.core.certificate.curvature import curvature_at
from lr_pipeline.core.columns.classes import ClassCounts, count_classes, prevalence_start
from lr_pipeline.core.columns.column_list import NAMED_COLUMNS
from lr_pipeline.core.columns.rank import ColumnAnalysis, analyse_columns
from lr_pipeline.core.columns.standardize import Coordinates, orthonormal, standardized
from lr_pipeline.core.existence.rows_on_hyperplane import RowsOnHyperplane
from lr_pipeline.core.existence.separating_columns import (
    class_ranges,
    few_that_separate_all,
    with_fewest_columns,
)
from lr_pipeline.core.existence.separation import Separation, UndecidedError, find_separation
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.solvers.result import Status

# Newton steps after which a proof of existence is left to the linear program; they are made twice.
# On a separated table Newton's method never converges.
PROOF_ITERATIONS = 20
# A column is suspected of separating the classes where its coefficient still grows by more than
# this share of the fastest one's growth.
RUNNING = 1e-3


class Verdict(StrEnum):
    """What is known about the maximum-likelihood estimate of a table; equal to its string value."""

    UNIQUE = "unique"
    NOT_UNIQUE = "not_unique"
    QUASI_COMPLETE_SEPARATION = "quasi_complete_separation"
    COMPLETE_SEPARATION = "complete_separation"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Existence:
    """The existence verdict, with its evidence.

    ``separating_columns`` and ``separating_direction``: a few columns that separate all rows that
    can be separated. Their weighted sum, plus ``separating_intercept``, is ≥ 0 in every row of
    label 1 and ≤ 0 in every row of label 0. Their coefficients go to +∞ or −∞, by the sign of the
    direction; other columns' may too. ``separated_rows``: number of rows in which the sum is not
    zero; with complete separation all rows. ``dependent_columns``: columns in the span of the
    intercept and the columns before them.
    ``UNDECIDED``: the classes overlap, or are apart, by less than rounding.
    """

    verdict: Verdict
    separating_columns: tuple[int, ...] = ()
    separating_direction: tuple[float, ...] = ()
    separating_intercept: float = 0.0
    separated_rows: int = 0
    dependent_columns: tuple[int, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether a finite maximum-likelihood estimate is known to exist."""
        return self.verdict in (Verdict.UNIQUE, Verdict.NOT_UNIQUE)

    @property
    def separated(self) -> bool:
        """Whether no finite maximum-likelihood estimate exists."""
        return self.verdict in (Verdict.QUASI_COMPLETE_SEPARATION, Verdict.COMPLETE_SEPARATION)


class SeparationError(ValueError):
    """Raised for a separated table when no penalty was chosen; carries the ``Existence``."""

    def __init__(self, existence: Existence, column_names: Sequence[str] | None = None) -> None:
        self.existence, self.column_names = existence, column_names
        found = "completely" if existence.verdict is Verdict.COMPLETE_SEPARATION else "partly"
        limits = [
            f"{_name(column, column_names)} to {'+' if slope > 0 else '−'}∞"
            for column, slope in zip(
                existence.separating_columns, existence.separating_direction, strict=True
            )
        ]
        if len(limits) > NAMED_COLUMNS:
            limits[NAMED_COLUMNS:] = [f"and {len(limits) - NAMED_COLUMNS} more"]
        super().__init__(
            "expected a finite maximum-likelihood estimate, found none: a hyperplane separates "
            f"the classes {found} ({existence.separated_rows} rows), so that the likelihood "
            f"grows as these coefficients run away: {', '.join(limits)}. Use penalty auto or "
            "firth, log-f or l2 (finite for every table), or leave such columns out"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the evidence too, since a worker's error is caught in another process."""
        return SeparationError, (self.existence, self.column_names)


def assess_existence(rows: Rows, analysis: ColumnAnalysis | None = None) -> Existence:
    """Tell whether the maximum-likelihood estimate of a logistic regression exists and is unique.

    Newton's method comes first: a finite certificate proves existence at the cost of a fit.
    Otherwise linear programs over some of the rows decide, first in the columns whose coefficients
    still grow.
    Rows of zero weight do not count. ``analysis``: that of the same rows, if already computed.

    Raises
    ------
    ValueError
        Labels other than 0 and 1, or rows of one class alone.
    """
    classes = count_classes(rows)
    analysis = analyse_columns(rows) if analysis is None else analysis
    coordinates = orthonormal(analysis, minimum_norm=True)
    proven, suspects = _newton_proves_existence(rows, classes, coordinates)
    return existing(analysis.dependent) if proven else search_separation(rows, analysis, suspects)


@cache
def existing(dependent_columns: tuple[int, ...]) -> Existence:
    """Return the existence verdict of a table whose estimate is known to exist."""
    verdict = Verdict.NOT_UNIQUE if dependent_columns else Verdict.UNIQUE
    return Existence(verdict, dependent_columns=dependent_columns)


def search_separation(
    rows: Rows, analysis: ColumnAnalysis, suspects: tuple[int, ...] = ()
) -> Existence:
    """Decide by linear programs over some of the rows, checked against all, block by block.

    First come one or two columns that separate all rows, then programs in the columns ``suspects``.
    The separation that these find is kept if no other separates more, which a fit of the rows on
    the hyperplane proves; else all columns are searched. The result names the fewest columns found.
    """
    every = standardized(analysis, tuple(range(rows.num_columns)), minimum_norm=False)
    ranges = class_ranges(every.rows(rows))
    few = few_that_separate_all(every.rows(rows), ranges)
    if few is not None:
        return _separated(few, every)

    def named(separation: Separation, coordinates: Coordinates) -> Existence:
        direction = np.zeros(1 + rows.num_columns)
        direction[[0, *(1 + column for column in coordinates.columns)]] = separation.direction
        of_all = replace(separation, direction=direction)
        return _separated(with_fewest_columns(every.rows(rows), of_all, ranges), every)

    if 0 < len(suspects) < len(analysis.independent):
        coordinates = standardized(analysis, suspects, minimum_norm=False)
        separation = None
        with suppress(UndecidedError):
            separation = find_separation(coordinates.rows(rows))
        if separation is not None:
            on_hyperplane = RowsOnHyperplane(rows, coordinates, separation.direction)
            if separation.complete or _estimate_exists(on_hyperplane):
                return named(separation, coordinates)
    coordinates = standardized(analysis, analysis.independent, minimum_norm=False)
    try:
        separation = find_separation(coordinates.rows(rows))
    except UndecidedError:
        return Existence(Verdict.UNDECIDED, dependent_columns=analysis.dependent)
    if separation is None:
        return existing(analysis.dependent)
    return named(separation, coordinates)


def _separated(separation: Separation, coordinates: Coordinates) -> Existence:
    """The existence verdict of a separation, in the table's units."""
    intercept, slopes = coordinates.to_table(separation.direction)
    columns = np.flatnonzero(slopes)
    return Existence(
        Verdict.COMPLETE_SEPARATION if separation.complete else Verdict.QUASI_COMPLETE_SEPARATION,
        separating_columns=tuple(columns.tolist()),
        separating_direction=tuple(slopes[columns].tolist()),
        separating_intercept=intercept,
        separated_rows=separation.strict,
        dependent_columns=coordinates.analysis.dependent,
    )


def _estimate_exists(on_hyperplane: RowsOnHyperplane) -> bool:
    """Whether a fit of the rows on the hyperplane alone proves that their estimate exists."""
    classes = on_hyperplane.sum(ClassCounts.of)
    if not (classes.rows_0 and classes.rows_1):
        return False
    coordinates = orthonormal(analyse_columns(on_hyperplane), minimum_norm=True)
    return _newton_proves_existence(on_hyperplane, classes, coordinates)[0]


def _newton_proves_existence(
    rows: Rows, classes: ClassCounts, coordinates: Coordinates
) -> tuple[bool, tuple[int, ...]]:
    """Whether an unpenalised fit has a finite certificate; else columns that still grow as well."""
    objective = LogisticObjective(
        coordinates.rows(rows), NumpyKernel(), NoPenalty(), classes.total_weight
    )
    newton = Newton(max_iterations=PROOF_ITERATIONS)
    start = prevalence_start(*classes.weights, len(coordinates.columns))
    halfway = newton.minimize(objective, start)
    w = halfway.parameters
    if halfway.status is not Status.CONVERGED:
        w = newton.minimize(objective, w).parameters
    curvature = curvature_at(objective, w, coordinates.reported())
    certificate = certify(objective, w, curvature, coordinates)
    if np.isfinite(certificate.loss):
        return True, ()
    run = (w - halfway.parameters)[1:]
    run = np.abs(run if coordinates.B is None else coordinates.B @ run)
    running = np.flatnonzero(run > RUNNING * np.max(run, initial=0.0))
    return False, tuple(coordinates.columns[place] for place in running)


def _name(column: int, names: Sequence[str] | None) -> str:
    return f"column {column}" if names is None else repr(names[column])
