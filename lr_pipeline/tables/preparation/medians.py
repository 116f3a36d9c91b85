"""Exact medians of many columns at once, read block by block and never held whole.

A sample brackets each median; the next pass counts what lies below the bracket and collects what
lies inside. Where too much does, a thinned part of it is the sample for a narrower bracket. The
ends of a bracket are counted apart, so that a value which many rows share settles a median
without being collected, and so that every pass leaves fewer values inside.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float64

HELD_VALUES = 4_000_000  # of all columns together: 32 MB
# A sample's rank is off by some standard deviation √m / 2: four of them miss one in 16,000.
RANK_DEVIATIONS = 4.0
SMALLEST_SAMPLE = 256


@runtime_checkable
class Collecting(Protocol):
    """What has been found of a median: by counting values, or by weighing them."""

    def median(self) -> float | None:
        """The median, None where not settled."""

    def narrowed(self) -> Any:
        """Return another of its kind, which settles it, or narrows it down, in another pass."""


class Bracket:
    """Collects the values of one column that lie between two numbers, and counts the others.

    ``limits`` are known to enclose the median. Every ``thinning``-th value inside is
    kept, so that at most ``capacity`` are.
    """

    def __init__(
        self,
        low: float = -np.inf,
        high: float = np.inf,
        capacity: int = HELD_VALUES,
        limits: tuple[float, float] = (-np.inf, np.inf),
    ) -> None:
        self.low, self.high, self.limits = low, high, limits
        self.capacity = max(SMALLEST_SAMPLE, capacity)
        self.below = self.at_low = self.at_high = self.total = self.seen = self.held = 0
        self.missing = 0
        self.next_below, self.next_above = -np.inf, np.inf
        self.thinning = 1
        self.inside: list[Float64[np.ndarray, " m"]] = []

    def collected(self, values: Float64[np.ndarray, " n"]) -> "Bracket":
        """Return one between the same two numbers that has counted these values; NaN is missing.

        It holds views of all values inside: ``+=`` thins and copies them.
        """
        found = self.empty()
        missing = np.isnan(values)
        found.total = len(values) - int(np.count_nonzero(missing))
        found.missing = len(values) - found.total
        if np.isinf(self.low) and np.isinf(self.high):
            inside = values if found.missing == 0 else values[~missing]
        else:
            from_low, to_high = values >= self.low, values <= self.high
            found.below = found.total - int(np.count_nonzero(from_low))
            found.next_below = np.fmax.reduce(values, where=~from_low, initial=-np.inf)
            found.next_above = np.fmin.reduce(values, where=~to_high, initial=np.inf)
            enclosed = values[from_low & to_high]
            at_low, at_high = enclosed == self.low, enclosed == self.high
            found.at_low = int(np.count_nonzero(at_low))
            if self.low == self.high:
                return found
            found.at_high = int(np.count_nonzero(at_high))
            inside = enclosed[~(at_low | at_high)]
        found.inside, found.seen, found.held = [inside], len(inside), len(inside)
        return found

    def __iadd__(self, later: "Bracket") -> "Bracket":
        """Take in the values of the next rows, thinned as if all had come in one sequence.

        ``later`` is not thinned itself.
        """
        self._count(later)
        for values in later.inside:
            kept = values[(-self.seen) % self.thinning :: self.thinning].copy()
            self.seen += len(values)
            self.inside.append(kept)
            self.held += len(kept)
            self._thin()
        return self

    def __add__(self, other: "Bracket") -> "Bracket":
        """Return what both collected between the same two numbers, thinned alike."""
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

    def _count(self, other: "Bracket") -> None:
        """Add what the other counted outside its values."""
        self.below += other.below
        self.at_low += other.at_low
        self.at_high += other.at_high
        self.total += other.total
        self.missing += other.missing
        self.next_below = max(self.next_below, other.next_below)
        self.next_above = min(self.next_above, other.next_above)

    def empty(self) -> "Bracket":
        """Return one between the same two numbers, into which nothing has been added."""
        return Bracket(self.low, self.high, self.capacity, self.limits)

    @property
    def thinned(self) -> bool:
        """Whether not all values inside are held."""
        return self.thinning > 1

    def _thin(self) -> None:
        """Keep every other value, until they are few enough."""
        while self.held > self.capacity:
            thinned = np.concatenate(self.inside)[::2]
            self.inside, self.held = [thinned], len(thinned)
            self.thinning *= 2

    def median(self) -> float | None:
        """The median of all values added, NaN where there are none, None where not settled."""
        if self.total == 0:
            return float("nan")
        if self.thinning == 1:
            self.inside = [np.sort(np.concatenate([np.empty(0), *self.inside]))]
        middle = [self._at((self.total - 1) // 2), self._at(self.total // 2)]
        known = [value for value in middle if value is not None]
        return float(np.median(known)) if len(known) == 2 else None

    def sample_median(self) -> tuple[float, int]:
        """The median of the values held, evenly spaced among all, and their number.

        The same however the values are cut into blocks; not if they were cut into parts that were
        added, which each begin with their first value.
        """
        return float(np.median(np.concatenate(self.inside))), self.held

    def narrowed(self) -> "Bracket":
        """Return a bracket around the median, as far as this one can tell."""
        rank = self.total // 2 - self.below
        if rank < 0:
            limits = self.limits[0], self.low
            return Bracket(*limits, self.capacity, limits)
        if rank >= self.at_low + self.seen + self.at_high:
            limits = self.high, self.limits[1]
            return Bracket(*limits, self.capacity, limits)
        sample = np.sort(np.concatenate([np.empty(0), *self.inside]))
        place = (rank - self.at_low) / self.thinning
        margin = RANK_DEVIATIONS * np.sqrt(len(sample)) / 2.0 + 2.0
        first, last = int(np.floor(place - margin)), int(np.ceil(place + margin))
        low = float(sample[first]) if first >= 0 else self.low
        high = float(sample[last]) if last < len(sample) else self.high
        return Bracket(low, high, self.capacity, (self.low, self.high))

    def _at(self, rank: int) -> float | None:
        """The value of this rank, from 0, where this pass can tell."""
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
        return float(self.inside[0][place]) if self.thinning == 1 else None


OneBracket = TypeVar("OneBracket", bound=Collecting)
FillBrackets = Callable[[list[int], list[OneBracket]], list[OneBracket]]


def finish_medians(brackets: list[OneBracket], fill: FillBrackets[OneBracket]) -> list[float]:
    """Return the median of each column, whose first pass ``brackets`` have been through.

    ``fill(columns, brackets)`` adds all values of the columns numbered, each to its bracket, and
    returns the brackets.
    """
    medians = [bracket.median() for bracket in brackets]
    while open_columns := [j for j, median in enumerate(medians) if median is None]:
        filled = fill(open_columns, [brackets[j].narrowed() for j in open_columns])
        for j, bracket in zip(open_columns, filled, strict=True):
            brackets[j], medians[j] = bracket, bracket.median()
    return [median for median in medians if median is not None]
