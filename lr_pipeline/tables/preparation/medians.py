"""Exact medians of many columns at once, read block by block and never held completely.

A sample brackets each median; the next pass counts the values below the bracket and collects those
inside. If these are too many, a thinned part of them is the sample for a narrower bracket. Values
equal to an end of the bracket are only counted, so that a value that many rows share can be the
median without being collected, and every pass leaves fewer values inside.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.types import RowVector

# The rank of a sample's median has a standard deviation of √m / 2; four of them miss 1 in 16,000.
RANK_DEVIATIONS = 4.0
UNBOUNDED = (-np.inf, np.inf)

Same = Any  # a bracket of the same kind; beartype does not know typing.Self in methods


class Bracket:
    """Collects the values of one column that lie between two numbers, and counts the others.

    ``limits`` are known to enclose the median. At most ``capacity`` values inside are held; if
    there are more, every ``thinning``-th of them is held.
    """

    def __init__(
        self,
        capacity: int,
        between: tuple[float, float] = UNBOUNDED,
        limits: tuple[float, float] = UNBOUNDED,
    ) -> None:
        self.capacity, self.limits = capacity, limits
        self.low, self.high = between
        self.below = self.at_low = self.at_high = self.total = self.missing = self.seen = 0.0
        self.held, self.thinning = 0, 1
        self.next_below, self.next_above = UNBOUNDED
        self.inside: list[Float64[np.ndarray, " m"]] = []

    def collected(
        self, values: RowVector, weight: RowVector | None = None, complete: bool = False
    ) -> Same:
        """Return a bracket between the same two numbers with these values; NaN counts as missing.

        It holds views of all values inside; ``+=`` thins and copies them. ``complete`` says that no
        value is missing.
        """
        found = self.empty()
        known = values if complete else values[~np.isnan(values)]
        found.total = len(known)
        found.missing = len(values) - found.total
        if np.isinf(self.low) and np.isinf(self.high):
            inside = known
        else:
            from_low, to_high = known >= self.low, known <= self.high
            found.below = found.total - int(np.count_nonzero(from_low))
            found.next_below = np.max(known, where=~from_low, initial=-np.inf)
            found.next_above = np.min(known, where=~to_high, initial=np.inf)
            enclosed = known[from_low & to_high]
            at_low, at_high = enclosed == self.low, enclosed == self.high
            found.at_low = int(np.count_nonzero(at_low))
            if self.low == self.high:
                return found
            found.at_high = int(np.count_nonzero(at_high))
            inside = enclosed[~(at_low | at_high)]
        found.inside, found.seen, found.held = [inside], len(inside), len(inside)
        return found

    def __iadd__(self, later: Same) -> Same:
        """Take in the values of the next rows, thinned as if all had come in one sequence.

        ``later`` is not thinned itself.
        """
        self._count(later)
        for values in later.inside:
            kept = values[int(-self.seen % self.thinning) :: self.thinning].copy()
            self.seen += len(values)
            self.inside.append(kept)
            self.held += len(kept)
            self._thin()
        return self

    def __add__(self, other: Same) -> Same:
        """Return the values of both brackets between the same two numbers, equally thinned."""
        both = self.empty()
        both._count(self)
        both._count(other)
        both.seen = self.seen + other.seen
        both.thinning = max(self.thinning, other.thinning)
        both.inside = [
            np.concatenate([np.empty(0), *part.inside])[:: both.thinning // part.thinning]
            for part in (self, other)
        ]
        both.held = sum(map(len, both.inside))
        both._thin()
        return both

    def _count(self, other: Same) -> None:
        """Add the other's counts of the values that it does not hold."""
        for name in ("below", "at_low", "at_high", "total", "missing"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self._note_neighbours(other)

    def _note_neighbours(self, other: Same) -> None:
        """Keep the nearest values outside the bracket."""
        self.next_below = max(self.next_below, other.next_below)
        self.next_above = min(self.next_above, other.next_above)

    def empty(self) -> Same:
        """Return a bracket between the same two numbers, without values."""
        return self._between((self.low, self.high), self.limits)

    def _between(self, between: tuple[float, float], limits: tuple[float, float]) -> Same:
        return type(self)(self.capacity, between, limits)

    @property
    def thinned(self) -> bool:
        """Whether some values inside are not held."""
        return self.thinning > 1

    def _thin(self) -> None:
        """Keep every second value until at most ``capacity`` are left."""
        while self.held > self.capacity:
            thinned = np.concatenate(self.inside)[::2]
            self.inside, self.held = [thinned], len(thinned)
            self.thinning *= 2

    def median(self) -> float | None:
        """The median of all values added; NaN if there are none, None if it is not yet known."""
        if self.total == 0:
            return float("nan")
        known = [value for value in self._middle() if value is not None]
        return float(np.median(known)) + 0.0 if len(known) == 2 else None  # −0.0 + 0.0 is 0.0

    def _middle(self) -> list[float | None]:
        """The two values in the middle, None where this pass does not determine them."""
        if self.thinning == 1:
            self.inside = [np.sort(np.concatenate([np.empty(0), *self.inside]))]
        total = int(self.total)
        return [self._at((total - 1) // 2), self._at(total // 2)]

    def sample_median(self) -> tuple[float, int]:
        """The median of the held values, which are evenly spaced among all, and their number.

        It does not depend on the blocks. It depends on how the rows were cut into parts, since each
        part begins with its own first value.
        """
        return float(np.median(np.concatenate(self.inside))) + 0.0, self.held

    def narrowed(self) -> Same:
        """Return a narrower bracket around the median, from the values of this one."""
        side = self._side()
        if side < 0:
            below = self.limits[0], self.low
            return self._between(below, below)
        if side > 0:
            above = self.high, self.limits[1]
            return self._between(above, above)
        return self._between(self._around_median(), (self.low, self.high))

    def _side(self) -> int:
        """-1 where the median is below the bracket, 1 where it is above, 0 inside."""
        rank = self.total // 2 - self.below
        return -1 if rank < 0 else int(rank >= self.at_low + self.seen + self.at_high)

    def _around_median(self) -> tuple[float, float]:
        """Two values of the sample that very likely enclose the median."""
        rank = self.total // 2 - self.below
        sample = np.sort(np.concatenate([np.empty(0), *self.inside]))
        place = (rank - self.at_low) / self.thinning
        margin = RANK_DEVIATIONS * np.sqrt(len(sample)) / 2.0 + 2.0
        first, last = int(np.floor(place - margin)), int(np.ceil(place + margin))
        low = float(sample[first]) if first >= 0 else self.low
        high = float(sample[last]) if last < len(sample) else self.high
        return low, high

    def _at(self, rank: int) -> float | None:
        """The value of this rank, from 0; None if this pass does not determine it."""
        place = rank - self.below
        enclosed = self.at_low + self.seen + self.at_high
        if place < 0:
            return float(self.next_below) if place == -1 else None
        if place >= enclosed:
            return float(self.next_above) if place == enclosed else None
        if place < self.at_low:
            return self.low
        place -= self.at_low
        if place >= self.seen:
            return self.high
        return float(self.inside[0][int(place)]) if self.thinning == 1 else None


FillBrackets = Callable[[list[int], list[Bracket]], list[Bracket]]


def finish_medians(brackets: list[Bracket], fill: FillBrackets) -> list[float]:
    """Return the median of each column; ``brackets`` hold the values of a first pass.

    ``fill(columns, brackets)`` reads the columns with these numbers again, adds the values of each
    to its bracket, and returns the brackets.
    """
    medians = [bracket.median() for bracket in brackets]
    while open_columns := [j for j, median in enumerate(medians) if median is None]:
        filled = fill(open_columns, [brackets[j].narrowed() for j in open_columns])
        for j, bracket in zip(open_columns, filled, strict=True):
            brackets[j], medians[j] = bracket, bracket.median()
    return [median for median in medians if median is not None]
