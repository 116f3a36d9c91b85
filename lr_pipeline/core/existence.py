"""Whether the maximum-likelihood estimate exists, and is the only one."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from lr_pipeline.core.certificate import certify, curvature_at
from lr_pipeline.core.classes import ClassCounts, count_classes, prevalence_start
from lr_pipeline.core.logistic import NumpyKernel
from lr_pipeline.core.objective import LogisticObjective, NoPenalty
from lr_pipeline.core.rank import ColumnAnalysis, analyse_columns
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.separation import find_separation
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.core.standardize import Coordinates, orthonormal, standardized

# How many columns a message names before it only counts them.
NAMED_COLUMNS = 6
# Newton steps after which a proof of existence is left to the linear program: on a separated
# table they go on for ever.
PROOF_ITERATIONS = 40


class Verdict(StrEnum):
    """What can be said about the maximum-likelihood estimate of a table; equal to its value."""

    UNIQUE = "unique"
    NOT_UNIQUE = "not_unique"
    QUASI_COMPLETE_SEPARATION = "quasi_complete_separation"
    COMPLETE_SEPARATION = "complete_separation"


@dataclass(frozen=True)
class Existence:
    """The verdict, with its evidence.

    ``separating_columns`` and ``separating_direction``: columns whose weighted sum, plus
    ``separating_intercept``, is positive or zero in every row of label 1 and negative or zero in
    every row of label 0; the coefficients of those columns run to +∞ or −∞, by the sign of the
    direction. ``separated_rows``: rows in which the sum is not zero; all of them in complete
    separation. ``dependent_columns``: columns in the span of the intercept and those before them.
    """

    verdict: Verdict
    separating_columns: tuple[int, ...] = ()
    separating_direction: tuple[float, ...] = ()
    separating_intercept: float = 0.0
    separated_rows: int = 0
    dependent_columns: tuple[int, ...] = ()

    @property
    def separated(self) -> bool:
        """Whether no finite maximum-likelihood estimate exists."""
        return self.verdict in (Verdict.QUASI_COMPLETE_SEPARATION, Verdict.COMPLETE_SEPARATION)


class SeparationError(ValueError):
    """Raised for a separated table when no penalty is asked for; carries the ``Existence``."""

    def __init__(self, existence: Existence, column_names: Sequence[str] | None = None) -> None:
        self.existence = existence
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
            "firth (finite for every table) or l2, or leave such columns out"
        )


def assess_existence(rows: Rows, analysis: ColumnAnalysis | None = None) -> Existence:
    """Tell whether the maximum-likelihood estimate of a logistic regression exists and is unique.

    Newton's method comes first: where its certificate is finite, that proves existence at the
    price of a fit. Otherwise linear programs over some of the rows decide.
    Rows of zero weight do not count. ``analysis`` is that of the same rows, where at hand.

    Raises
    ------
    ValueError
        Labels other than 0 and 1, or rows of one class alone.
    """
    classes = count_classes(rows)
    analysis = analyse_columns(rows) if analysis is None else analysis
    coordinates = orthonormal(analysis, minimum_norm=True)
    if _newton_proves_existence(rows, classes, coordinates):
        return existing(analysis.dependent)
    return search_separation(rows, analysis)


def existing(dependent_columns: tuple[int, ...]) -> Existence:
    """Return the verdict for a table whose estimate is known to exist."""
    verdict = Verdict.NOT_UNIQUE if dependent_columns else Verdict.UNIQUE
    return Existence(verdict, dependent_columns=dependent_columns)


def search_separation(rows: Rows, analysis: ColumnAnalysis) -> Existence:
    """Decide by linear programs over some of the rows, checked against all, block by block."""
    coordinates = standardized(analysis, analysis.independent, minimum_norm=False)
    separation = find_separation(coordinates.rows(rows))
    if separation is None:
        return existing(analysis.dependent)
    intercept, slopes = coordinates.to_table(separation.direction)
    columns = np.flatnonzero(slopes)
    return Existence(
        Verdict.COMPLETE_SEPARATION if separation.complete else Verdict.QUASI_COMPLETE_SEPARATION,
        separating_columns=tuple(columns.tolist()),
        separating_direction=tuple(slopes[columns].tolist()),
        separating_intercept=intercept,
        separated_rows=separation.strict,
        dependent_columns=analysis.dependent,
    )


def _newton_proves_existence(rows: Rows, classes: ClassCounts, coordinates: Coordinates) -> bool:
    """Whether a fit without penalty has a finite certificate."""
    objective = LogisticObjective(
        coordinates.rows(rows), NumpyKernel(), NoPenalty(), classes.total_weight
    )
    start = prevalence_start(*classes.weights, len(coordinates.columns))
    w = Newton(max_iterations=PROOF_ITERATIONS).minimize(objective, start).parameters
    curvature = curvature_at(objective, w, coordinates.matrix())
    certificate = certify(objective, w, curvature, coordinates)
    return bool(np.isfinite(certificate.loss))


def _name(column: int, names: Sequence[str] | None) -> str:
    return f"column {column}" if names is None else repr(names[column])
