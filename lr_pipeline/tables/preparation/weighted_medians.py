"""Medians of weighted rows, block by block as in ``medians``.

The weighted median is the value at which the sum of weights w, in the order of the values, passes
half of Σ w, or the mean of two neighbours where the sum is exactly half between them. For whole
weights it is the median of the rows repeated.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.preparation.medians import RANK_DEVIATIONS, Bracket, Same

# If two sums of weights differ by a smaller share of Σ w, rounding may be the only difference.
SAME_SUM = 2.0**-42

Values = Float64[np.ndarray, " m"]
Neighbour = tuple[float, float]  # a value, and the weight of it


class WeightedBracket(Bracket):
    """A bracket that sums the weights of values instead of counting the values.

    If there are more values than ``capacity``, it holds those at which the sum of weights passes a
    multiple of ``spacing`` (0: all values), each with the weight of the multiples passed.
    """

    def __init__(self, capacity: int, *bounds: tuple[float, float]) -> None:
        super().__init__(capacity, *bounds)
        self.below_low: Neighbour = (-np.inf, 0.0)
        self.above_high: Neighbour = (np.inf, 0.0)
        self.spacing = self.passed = 0.0
        self.values, self.weights = [np.empty(0)], [np.empty(0)]

    @property
    def thinned(self) -> bool:
        """Whether some values inside are not held."""
        return self.spacing > 0.0

    def collected(
        self, values: RowVector, weight: RowVector | None = None, complete: bool = False
    ) -> Same:
        """Return a bracket between the same two numbers with these values; NaN counts as missing.

        It holds all values inside; ``+=`` thins them.
        """
        assert weight is not None
        found = self.empty()
        missing = np.isnan(values)
        found.missing = float(weight[missing].sum())
        values, weight = values[~missing], weight[~missing]
        found.total = float(weight.sum())
        below, above = values < self.low, values > self.high
        found.below = float(weight[below].sum())
        found.below_low = _nearest(np.max, found.below_low, values[below], weight[below])
        found.above_high = _nearest(np.min, found.above_high, values[above], weight[above])
        at_low = values == self.low
        at_high = (values == self.high) & ~at_low
        found.at_low, found.at_high = float(weight[at_low].sum()), float(weight[at_high].sum())
        inside = ~(below | above | at_low | at_high)
        found.values, found.weights = [values[inside]], [weight[inside]]
        return found

    def __iadd__(self, later: Same) -> Same:
        """Take in the values of the next rows, thinned as if all had come in one sequence.

        ``later`` is not thinned itself.
        """
        self._count(later)
        for values, weights in zip(later.values, later.weights, strict=True):
            self._hold(values, weights)
        return self

    def __add__(self, other: Same) -> Same:
        """Return the values of both brackets between the same two numbers, equally thinned."""
        both = self.empty()
        both.spacing = max(self.spacing, other.spacing)
        for part in (self, other):
            both._count(part)
            both.passed = 0.0
            if part.spacing == both.spacing:
                both._append(np.concatenate(part.values), np.concatenate(part.weights))
            else:
                both._hold(np.concatenate(part.values), np.concatenate(part.weights))
        both.seen = self.seen + other.seen
        both._thin()
        return both

    def _note_neighbours(self, other: Same) -> None:
        self.below_low = _nearest(np.max, self.below_low, *_as_rows(other.below_low))
        self.above_high = _nearest(np.min, self.above_high, *_as_rows(other.above_high))

    def _middle(self) -> list[float | None]:
        half, slack = self.total / 2.0, self.total * SAME_SUM
        return [self._reaching(half - slack, slack), self._reaching(half + slack, slack)]

    def sample_median(self) -> tuple[float, int]:
        """The weighted median of the values held, and their number."""
        sample = WeightedBracket(self.held)
        sample += sample.collected(np.concatenate(self.values), np.concatenate(self.weights))
        median = sample.median()
        assert median is not None
        return median, self.held

    def _side(self) -> int:
        place = self.total / 2.0 - self.below
        return -1 if place <= 0.0 else int(place > self.at_low + self.seen + self.at_high)

    def _around_median(self) -> tuple[float, float]:
        place = self.total / 2.0 - self.below
        values, sums = self._sorted()
        deviation = RANK_DEVIATIONS * np.sqrt(self.seen / self.spacing) / 2.0
        margin = (deviation + 2.0) * self.spacing
        least, most = place - self.at_low - margin, place - self.at_low + margin
        low = self.low if least <= 0.0 else float(values[np.searchsorted(sums, least)])
        high = self.high if most > sums[-1] else float(values[np.searchsorted(sums, most)])
        return low, high

    def _reaching(self, weight: float, slack: float) -> float | None:
        """The least value at which the sum of weights reaches ``weight``; None if not known."""
        place = weight - self.below
        enclosed = self.at_low + self.seen + self.at_high
        if place <= 0.0:
            value, of_value = self.below_low
            return value if -place < max(of_value, 4.0 * slack) else None
        if place > enclosed:
            value, of_value = self.above_high
            return value if place - enclosed <= max(of_value, 4.0 * slack) else None
        if place <= self.at_low:
            return self.low
        if place > self.at_low + self.seen:
            return self.high
        if self.thinned:
            return None
        values, sums = self._sorted()
        return float(values[min(int(np.searchsorted(sums, place - self.at_low)), len(values) - 1)])

    def _sorted(self) -> tuple[Values, Values]:
        """The values held, ascending, and the sum of weights up to each."""
        values, weights = np.concatenate(self.values), np.concatenate(self.weights)
        order = np.argsort(values, kind="stable")
        self.values, self.weights = [values[order]], [weights[order]]
        return self.values[0], np.cumsum(self.weights[0])

    def _hold(self, values: Values, weights: Values) -> None:
        """Hold the values inside, or those of them that the spacing selects."""
        self.seen += float(weights.sum())
        if self.thinned and len(weights):
            sums = self.passed + np.cumsum(weights)
            multiples = np.diff(np.floor(sums / self.spacing), prepend=0.0)
            self.passed = float(sums[-1] % self.spacing)
            values, weights = values[multiples > 0], self.spacing * multiples[multiples > 0]
        self._append(values, weights)
        self._thin()

    def _append(self, values: Values, weights: Values) -> None:
        self.values.append(values.copy())
        self.weights.append(weights.copy())
        self.held += len(values)

    def _thin(self) -> None:
        """Double the spacing until few enough values are left."""
        while self.held > self.capacity:
            values, weights = np.concatenate(self.values), np.concatenate(self.weights)
            least = 2.0 * float(weights.sum()) / self.capacity
            self.spacing, self.passed = max(2.0 * self.spacing, least), 0.0
            self.values, self.weights, self.held = [np.empty(0)], [np.empty(0)], 0
            seen = self.seen
            self._hold(values, weights)
            self.seen = seen


def _nearest(
    choose: Callable[[Values], float], known: Neighbour, values: Values, weight: Values
) -> Neighbour:
    """The largest (or smallest) value, ``known`` included, and the sum of its weights."""
    values, weight = np.append(values, known[0]), np.append(weight, known[1])
    nearest = float(choose(values))
    return nearest, float(weight[values == nearest].sum())


def _as_rows(one: Neighbour) -> tuple[Values, Values]:
    return np.array([one[0]]), np.array([one[1]])
