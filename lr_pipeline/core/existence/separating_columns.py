"""Few columns that separate the classes as well as all columns: one, two, or a minimal set.

Let Z be the rows that lie on every separating hyperplane, and T the others. A set S of columns is
enough if a direction b in these columns and the intercept is right on all of T,
(2y − 1) x̃ᵀb > 0, and zero on Z. One column is enough where the values of the two classes do not
overlap. All pairs are tried together: each difference c of rows that b must tell apart, cᵀb > 0,
leaves b half of the plane, and a pair fails where these halves have nothing in common. Columns
of a larger set are left out as long as a linear program finds a direction in the rest.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Bool, Float64

from lr_pipeline.core.existence.separating_pairs import possible_pairs
from lr_pipeline.core.existence.separation import (
    FEASIBILITY,
    ZERO,
    CountedRows,
    RowMask,
    Separation,
    SignedRows,
    is_on_hyperplane,
    zero_on,
)
from lr_pipeline.core.rows import Block, Rows, counted_rows
from lr_pipeline.core.types import Columns, Parameters, RowVector

# A gap between the classes below this, in standard deviations, is left to the linear programs.
SMALLEST_GAP = 1e-8
# The most rows times columns of all programs that leave out columns: they take about ten seconds.
MOST_NUMBERS = 5e6


@dataclass(frozen=True, eq=False)
class ClassRanges:
    """Smallest and largest value (d,) of each column, in the rows of label 0 and of label 1."""

    lower: tuple[Columns, Columns]
    upper: tuple[Columns, Columns]

    def __add__(self, other: "ClassRanges") -> "ClassRanges":
        """Return the ranges of both sets of rows."""
        lower = tuple(map(np.minimum, self.lower, other.lower))
        upper = tuple(map(np.maximum, self.upper, other.upper))
        return ClassRanges((lower[0], lower[1]), (upper[0], upper[1]))

    @classmethod
    def of(cls, block: Block) -> "ClassRanges":
        """Return the ranges in a block's rows of positive weight."""
        X, y, _ = counted_rows(block)
        parts = [X[y == label] for label in (0.0, 1.0)]
        lower = [part.min(axis=0, initial=np.inf) for part in parts]
        upper = [part.max(axis=0, initial=-np.inf) for part in parts]
        return cls((lower[0], lower[1]), (upper[0], upper[1]))

    @property
    def gap(self) -> tuple[Columns, Columns]:
        """Gaps (d,) from label 0's largest to label 1's smallest value, and the reverse.

        A gap is negative where the classes overlap.
        """
        return self.lower[1] - self.upper[0], self.lower[0] - self.upper[1]

    def direction(self, column: int) -> Parameters:
        """Return the hyperplane in the middle of one column's gap between the classes."""
        rising = self.gap[0][column] >= self.gap[1][column]
        ends = (self.upper[0], self.lower[1]) if rising else (self.upper[1], self.lower[0])
        slope = 1.0 if rising else -1.0
        direction = np.zeros(len(ends[0]) + 1)
        direction[0] = -slope * (ends[0][column] + ends[1][column]) / 2.0
        direction[1 + column] = slope
        return direction


def class_ranges(rows: Rows) -> ClassRanges:
    """Return the ranges of all rows, in one pass; ``rows`` are in standardized columns."""
    return rows.sum(ClassRanges.of)


def few_that_separate_all(rows: Rows, ranges: ClassRanges) -> Separation | None:
    """Return a complete separation by one column, that of the widest gap, or by two; else None.

    ``rows`` are in standardized columns.
    """
    gap, counted = np.maximum(*ranges.gap), CountedRows(rows)
    if np.max(gap, initial=0.0) > SMALLEST_GAP:
        direction: Parameters | None = ranges.direction(int(np.argmax(gap)))
    else:
        direction = _Search(counted, None).pair()
    if direction is None:
        return None
    return Separation(direction, counted.sum(len), complete=True)


def with_fewest_columns(rows: Rows, separation: Separation, ranges: ClassRanges) -> Separation:
    """Return a separation of the same rows by one column, two, or a set without a needless one.

    ``rows`` are in standardized columns, and so is ``separation``, which separates all rows that
    can be separated. A set of three or more columns need not be the smallest. With many columns the
    search stops at its limits (``MOST_NUMBERS``, and those of ``separating_pairs``).
    """
    if np.count_nonzero(separation.direction[1:]) <= 1:
        return separation
    search = _Search(CountedRows(rows), separation.direction)
    alone = map(ranges.direction, _columns_alone(search.counted, separation, ranges))
    found = next(filter(search.holds, alone), None)
    if found is None and not separation.complete:  # complete separation by pairs was tried before
        found = search.pair()
    if found is None:
        found = search.without_one_too_many(separation.direction)
    return replace(separation, direction=found)


def _columns_alone(counted: CountedRows, separation: Separation, ranges: ClassRanges) -> list[int]:
    """The columns in which the classes do not overlap, and only the rows Z lie on the threshold."""
    columns = np.flatnonzero(np.maximum(*ranges.gap) >= 0.0)
    directions = [ranges.direction(column) for column in columns.tolist()]
    thresholds = np.array([-b[0] * b[1:].sum() for b in directions])  # the one slope is 1 or −1

    def off(A: SignedRows) -> Columns:
        return np.asarray(np.sum(A[:, 1 + columns] * A[:, :1] != thresholds, axis=0), dtype=float)

    strict = counted.sum(off)
    return list(columns[strict == separation.strict].tolist())


class _Search:
    """Search, in some of the columns, for directions that are right wherever ``separating`` is.

    Without ``separating``, they must be right on all rows.
    ``seen``: the rows in the programs; rows on which a direction is wrong are added to them.
    """

    def __init__(self, counted: CountedRows, separating: Parameters | None) -> None:
        self.counted, self.separating = counted, separating
        self.seen = counted.sample()
        for part in (False, True):  # rows of both T and Z, or of both labels, must be seen
            found = counted.worst(partial(self._of_part, part=part), self.seen)
            self.seen = np.concatenate([self.seen, found])

    def _of_part(self, A: SignedRows, part: bool) -> tuple[RowVector, RowMask]:
        """Rows of T, the nearest to the hyperplane first, or of Z; or else of one label."""
        if self.separating is None:
            return np.zeros(len(A)), (A[:, 0] > 0.0) == part
        return -(A @ self.separating), self.on_hyperplane(A) == part

    def holds(self, direction: Parameters) -> bool:
        """Whether the direction is right on T and zero on Z, in every row."""

        def wrong(A: SignedRows) -> int:
            zero, right = is_on_hyperplane(A, direction), A @ direction > 0.0
            held = np.where(self.on_hyperplane(A), zero, right & ~zero)
            return int(np.sum(~held))

        return bool(self.counted.sum(wrong) == 0)

    def on_hyperplane(self, A: SignedRows) -> RowMask:
        """Which rows are in Z."""
        if self.separating is None:
            return np.zeros(len(A), bool)
        return is_on_hyperplane(A, self.separating)

    def within(self, columns: list[int]) -> Parameters | None:
        """Return a direction of small ‖b‖₁ in these columns; None where there is none."""
        used = np.array([0, *(1 + column for column in columns)])
        while True:
            on_hyperplane = self.on_hyperplane(self.seen)
            found = _small_direction(self.seen[:, used], on_hyperplane)
            if found is None:
                return None
            direction = np.zeros(self.seen.shape[1])
            direction[used] = found

            def excess_of(
                A: SignedRows, direction: Parameters = direction
            ) -> tuple[RowVector, RowMask]:
                margin = A @ direction
                return -margin, np.where(self.on_hyperplane(A), margin < -ZERO, margin < 0.5)

            more = self.counted.worst(excess_of, self.seen)
            if len(more) == 0:
                direction = zero_on(self.seen[on_hyperplane], direction)
                return direction if self.holds(direction) else None
            self.seen = np.concatenate([self.seen, more])

    def pair(self) -> Parameters | None:
        """Return a direction in the first pair of columns that has one; None if no pair has."""
        x, label = self.seen[:, 1:] * self.seen[:, :1], self.seen[:, 0] > 0.0
        for pair in possible_pairs(x, label, self.on_hyperplane(self.seen)):
            direction = self.within(list(pair))
            if direction is not None:
                return direction
        return None

    def without_one_too_many(self, direction: Parameters) -> Parameters:
        """Leave out columns that are not needed, the smallest coefficients first.

        Half of them are left out at once, and fewer each time that this fails. A column that cannot
        be left out alone is needed.
        """
        needed: set[int] = set()
        size, budget = len(direction), MOST_NUMBERS
        while True:
            columns = [j for j in np.argsort(np.abs(direction[1:])).tolist() if direction[1 + j]]
            left = [column for column in columns if column not in needed]
            budget -= len(self.seen) * len(columns)
            if not left or budget < 0.0:
                return direction
            size = max(min(size, len(left) // 2), 1)
            found = self.within(sorted(set(columns) - set(left[:size])))
            if found is not None:
                direction = found
            elif size == 1:
                needed.add(left[0])
            else:
                size //= 2


def _small_direction(
    A: Float64[np.ndarray, "m k"], on_hyperplane: Bool[np.ndarray, " m"]
) -> Float64[np.ndarray, " k"] | None:
    """Minimise ‖(b₁ … b_k)‖₁ subject to A b ≥ 1, or ≥ 0 on the hyperplane; None if not solved."""
    from scipy.optimize import linprog

    k = A.shape[1]
    result = linprog(
        np.concatenate([[0.0], np.ones(2 * (k - 1))]),
        np.hstack([-A, A[:, 1:]]),
        np.where(on_hyperplane, 0.0, -1.0),
        bounds=[(None, None)] + [(0.0, None)] * (2 * (k - 1)),
        method="highs",
        options={
            "primal_feasibility_tolerance": FEASIBILITY,
            "dual_feasibility_tolerance": FEASIBILITY,
        },
    )
    if result.status != 0 or result.x is None:
        return None
    b = np.concatenate([result.x[:1], result.x[1:k] - result.x[k:]])
    b[1:][np.abs(b[1:]) <= ZERO * np.max(np.abs(b[1:]), initial=0.0)] = 0.0
    return b
