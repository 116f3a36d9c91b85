"""Few columns that separate the classes as well as all of them: one, two, or no more than needed.

Let T be the rows that some separating hyperplane has off it, and Z the others, which all of them
have on it. A set S of columns will do if a direction b within it and the intercept is right on all
of T, (2y − 1) x̃ᵀb > 0, and zero on Z. One column will where the values of the two classes do not
overlap. Two are tried all together: each difference c of rows that b must tell apart, cᵀb > 0,
leaves b half of the plane, and where the halves have nothing in common the pair is out. Of a larger
set columns are left out one by one, as long as a linear program finds a direction within the rest.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Bool, Float64

from lr_pipeline.core.columns.moments import counted_rows
from lr_pipeline.core.existence.separating_pairs import possible_pairs
from lr_pipeline.core.existence.separation import (
    FEASIBILITY,
    ZERO,
    CountedRows,
    RowMask,
    Separation,
    SignedRows,
    is_tied,
    zero_on,
)
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.types import Columns, Parameters, RowVector

# A narrower gap between the classes is left to the linear programs, in standard deviations.
SMALLEST_GAP = 1e-8
# Rows times columns of all the programs that leave out columns: some ten seconds.
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
        """Return those of the rows of positive weight."""
        X, y, _ = counted_rows(block)
        parts = [X[y == label] for label in (0.0, 1.0)]
        lower = [part.min(axis=0, initial=np.inf) for part in parts]
        upper = [part.max(axis=0, initial=-np.inf) for part in parts]
        return cls((lower[0], lower[1]), (upper[0], upper[1]))

    @property
    def gap(self) -> tuple[Columns, Columns]:
        """How far (d,) label 1 begins above label 0's end, and the other way; negative: overlap."""
        return self.lower[1] - self.upper[0], self.lower[0] - self.upper[1]

    def direction(self, column: int) -> Parameters:
        """Return the hyperplane midway between the classes' ends in one column."""
        rising = self.gap[0][column] >= self.gap[1][column]
        ends = (self.upper[0], self.lower[1]) if rising else (self.upper[1], self.lower[0])
        slope = 1.0 if rising else -1.0
        direction = np.zeros(len(ends[0]) + 1)
        direction[0] = -slope * (ends[0][column] + ends[1][column]) / 2.0
        direction[1 + column] = slope
        return direction


def class_ranges(rows: Rows) -> ClassRanges:
    """One pass; ``rows`` in standardized columns."""
    ranges: ClassRanges = rows.sum(lambda block: (ClassRanges.of(block),))[0]
    return ranges


def few_that_separate_all(rows: Rows, ranges: ClassRanges) -> Separation | None:
    """Return the complete separation by the one column of widest gap, or by two, if there is one.

    ``rows`` are in standardized columns.
    """
    gap, counted = np.maximum(*ranges.gap), CountedRows(rows)
    if np.max(gap, initial=0.0) > SMALLEST_GAP:
        direction: Parameters | None = ranges.direction(int(np.argmax(gap)))
    else:
        direction = _Search(counted, None).pair()
    if direction is None:
        return None
    (count,) = counted.sum(lambda A: (len(A),))
    return Separation(direction, count, complete=True)


def with_fewest_columns(rows: Rows, separation: Separation, ranges: ClassRanges) -> Separation:
    """Return a separation of the same rows by one column, two, or a set without one too many.

    ``rows`` are in standardized columns, and so is ``separation``, which separates all that can be.
    Sets of three and more need not be the smallest; where there are many columns the search stops
    at bounds of its own (``MOST_NUMBERS``, and ``separating_pairs``).
    """
    if np.count_nonzero(separation.direction[1:]) <= 1:
        return separation
    search = _Search(CountedRows(rows), separation.direction)
    alone = map(ranges.direction, _columns_alone(search.counted, separation, ranges))
    found = next(filter(search.holds, alone), None)
    if found is None and not separation.complete:  # of all rows it has been tried
        found = search.pair()
    if found is None:
        found = search.without_one_too_many(separation.direction)
    return replace(separation, direction=found)


def _columns_alone(counted: CountedRows, separation: Separation, ranges: ClassRanges) -> list[int]:
    """The columns whose values overlap nowhere, and tie in no more rows than must be tied."""
    columns = np.flatnonzero(np.maximum(*ranges.gap) >= 0.0)
    directions = [ranges.direction(column) for column in columns.tolist()]
    thresholds = np.array([-b[0] * b[1:].sum() for b in directions])  # the one slope is 1 or −1

    def off(A: SignedRows) -> tuple[Columns]:
        return (np.sum(A[:, 1 + columns] * A[:, :1] != thresholds, axis=0).astype(float),)

    (strict,) = counted.sum(off)
    return list(columns[strict == separation.strict].tolist())


class _Search:
    """Directions that are right wherever ``separating`` is, within some of the columns.

    Without one, they are to be right on all rows.
    ``seen``: rows that the programs look at, more as others turn out to be wrong.
    """

    def __init__(self, counted: CountedRows, separating: Parameters | None) -> None:
        self.counted, self.separating = counted, separating
        self.seen = counted.sample()
        for part in (False, True):  # both of T and Z, or both labels, must be among them
            found = counted.worst(partial(self._of_part, part=part), self.seen)
            self.seen = np.concatenate([self.seen, found])

    def _of_part(self, A: SignedRows, part: bool) -> tuple[RowVector, RowMask]:
        """Rows of T, the nearest to the hyperplane first, or of Z; without one, of a label."""
        if self.separating is None:
            return np.zeros(len(A)), (A[:, 0] > 0.0) == part
        return -(A @ self.separating), self.tied(A) == part

    def holds(self, direction: Parameters) -> bool:
        """Whether the direction is right on T and zero on Z, in every row."""

        def wrong(A: SignedRows) -> tuple[int]:
            zero, right = is_tied(A, direction), A @ direction > 0.0
            held = np.where(self.tied(A), zero, right & ~zero)
            return (int(np.sum(~held)),)

        return bool(self.counted.sum(wrong)[0] == 0)

    def tied(self, A: SignedRows) -> RowMask:
        """Which rows are in Z."""
        if self.separating is None:
            return np.zeros(len(A), bool)
        return is_tied(A, self.separating)

    def within(self, columns: list[int]) -> Parameters | None:
        """Return a direction of small ‖b‖₁ in these columns; None where there is none."""
        used = np.array([0, *(1 + column for column in columns)])
        while True:
            tied = self.tied(self.seen)
            found = _small_direction(self.seen[:, used], tied)
            if found is None:
                return None
            direction = np.zeros(self.seen.shape[1])
            direction[used] = found

            def excess_of(
                A: SignedRows, direction: Parameters = direction
            ) -> tuple[RowVector, RowMask]:
                margin = A @ direction
                return -margin, np.where(self.tied(A), margin < -ZERO, margin < 0.5)

            more = self.counted.worst(excess_of, self.seen)
            if len(more) == 0:
                direction = zero_on(self.seen[tied], direction)
                return direction if self.holds(direction) else None
            self.seen = np.concatenate([self.seen, more])

    def pair(self) -> Parameters | None:
        """Return a direction within two columns, the first that have one."""
        x, label = self.seen[:, 1:] * self.seen[:, :1], self.seen[:, 0] > 0.0
        for pair in possible_pairs(x, label, self.tied(self.seen)):
            direction = self.within(list(pair))
            if direction is not None:
                return direction
        return None

    def without_one_too_many(self, direction: Parameters) -> Parameters:
        """Leave out columns where others will do, the smallest coefficients first.

        Half of them at once, and fewer each time that this fails; a column that cannot be left out
        by itself is needed.
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
    A: Float64[np.ndarray, "m k"], tied: Bool[np.ndarray, " m"]
) -> Float64[np.ndarray, " k"] | None:
    """Minimise ‖(b₁ … b_k)‖₁ subject to A b ≥ 1, and ≥ 0 in tied rows; None where not solved."""
    from scipy.optimize import linprog

    k = A.shape[1]
    result = linprog(
        np.concatenate([[0.0], np.ones(2 * (k - 1))]),
        np.hstack([-A, A[:, 1:]]),
        np.where(tied, 0.0, -1.0),
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
