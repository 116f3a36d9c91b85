"""Medians of rows that count more or less than once, block by block as in ``medians``.

The median of weights w is the value at which their sum, in the order of the values, passes half of
Σ w; the mean of two neighbours where it is half just between them. For whole weights that is the
median of the rows repeated.
"""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.preparation.medians import HELD_VALUES, RANK_DEVIATIONS, SMALLEST_SAMPLE

# Sums of weights that differ by less, as a share of all, are the same but for rounding.
SAME_SUM = 2.0**-42

Values = Float64[np.ndarray, " m"]
Neighbour = tuple[float, float]  # a value, and the weight of it


class WeightedBracket:
    """Collects the values of one column between two numbers, and the weights of the others.

    As ``medians.Bracket``, where whatever is counted there is weighed here. Of more values than
    ``capacity`` those stay at which the sum of weights passes a multiple of ``spacing`` (0: all),
    each with the weight of the multiples passed.
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
        self.below = self.at_low = self.at_high = self.total = self.missing = self.seen = 0.0
        self.next_below: Neighbour = (-np.inf, 0.0)
        self.next_above: Neighbour = (np.inf, 0.0)
        self.spacing = self.passed = 0.0
        self.values, self.weights = [np.empty(0)], [np.empty(0)]
        self.held = 0

    @property
    def thinned(self) -> bool:
        """Whether not all values inside are held."""
        return self.spacing > 0.0

    def collected(self, values: RowVector, weight: RowVector) -> "WeightedBracket":
        """Return one between the same two numbers that has weighed these values; NaN is missing.

        It holds all values inside: ``+=`` thins them.
        """
        found = self.empty()
        missing = np.isnan(values)
        found.missing = float(weight[missing].sum())
        values, weight = values[~missing], weight[~missing]
        found.total = float(weight.sum())
        below, above = values < self.low, values > self.high
        found.below = float(weight[below].sum())
        found.next_below = _nearest(np.max, found.next_below, values[below], weight[below])
        found.next_above = _nearest(np.min, found.next_above, values[above], weight[above])
        at_low = values == self.low
        at_high = (values == self.high) & ~at_low
        found.at_low, found.at_high = float(weight[at_low].sum()), float(weight[at_high].sum())
        inside = ~(below | above | at_low | at_high)
        found.values, found.weights = [values[inside]], [weight[inside]]
        return found

    def __iadd__(self, later: "WeightedBracket") -> "WeightedBracket":
        """Take in the values of the next rows, thinned as if all had come in one sequence.

        ``later`` is not thinned itself.
        """
        self._weigh(later)
        for values, weights in zip(later.values, later.weights, strict=True):
            self._hold(values, weights)
        return self

    def __add__(self, other: "WeightedBracket") -> "WeightedBracket":
        """Return what both collected between the same two numbers, thinned alike."""
        both = self.empty()
        both.spacing = max(self.spacing, other.spacing)
        for part in (self, other):
            both._weigh(part)
            both.passed = 0.0
            if part.spacing == both.spacing:
                both._append(np.concatenate(part.values), np.concatenate(part.weights))
            else:
                both._hold(np.concatenate(part.values), np.concatenate(part.weights))
        both.seen = self.seen + other.seen
        both._thin()
        return both

    def _weigh(self, other: "WeightedBracket") -> None:
        """Add what the other weighed outside its values."""
        self.below += other.below
        self.at_low += other.at_low
        self.at_high += other.at_high
        self.total += other.total
        self.missing += other.missing
        self.next_below = _nearest(np.max, self.next_below, *_as_rows(other.next_below))
        self.next_above = _nearest(np.min, self.next_above, *_as_rows(other.next_above))

    def empty(self) -> "WeightedBracket":
        """Return one between the same two numbers, into which nothing has been added."""
        return WeightedBracket(self.low, self.high, self.capacity, self.limits)

    def median(self) -> float | None:
        """The median of all values added, NaN where there are none, None where not settled."""
        if self.total == 0.0:
            return float("nan")
        half, slack = self.total / 2.0, self.total * SAME_SUM
        middle = [self._reaching(half - slack, slack), self._reaching(half + slack, slack)]
        known = [value for value in middle if value is not None]
        return float(np.median(known)) if len(known) == 2 else None

    def sample_median(self) -> tuple[float, int]:
        """The median of the values held, each with the weight it stands for, and their number."""
        sample = WeightedBracket(capacity=self.held)
        sample += sample.collected(np.concatenate(self.values), np.concatenate(self.weights))
        median = sample.median()
        assert median is not None
        return median, self.held

    def narrowed(self) -> "WeightedBracket":
        """Return a bracket around the median, as far as this one can tell."""
        place = self.total / 2.0 - self.below
        if place <= 0.0:
            limits = self.limits[0], self.low
            return WeightedBracket(*limits, self.capacity, limits)
        if place > self.at_low + self.seen + self.at_high:
            limits = self.high, self.limits[1]
            return WeightedBracket(*limits, self.capacity, limits)
        values, sums = self._sorted()
        deviation = RANK_DEVIATIONS * np.sqrt(self.seen / self.spacing) / 2.0
        margin = (deviation + 2.0) * self.spacing
        least, most = place - self.at_low - margin, place - self.at_low + margin
        low = self.low if least <= 0.0 else float(values[np.searchsorted(sums, least)])
        high = self.high if most > sums[-1] else float(values[np.searchsorted(sums, most)])
        return WeightedBracket(low, high, self.capacity, (self.low, self.high))

    def _reaching(self, weight: float, slack: float) -> float | None:
        """The least value up to which there is so much weight, where this pass can tell."""
        place = weight - self.below
        enclosed = self.at_low + self.seen + self.at_high
        if place <= 0.0:
            value, of_value = self.next_below
            return value if -place < max(of_value, 4.0 * slack) else None
        if place > enclosed:
            value, of_value = self.next_above
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
        """The values held, ascending, and the sums of their weights up to each."""
        values, weights = np.concatenate(self.values), np.concatenate(self.weights)
        order = np.argsort(values, kind="stable")
        self.values, self.weights = [values[order]], [weights[order]]
        return self.values[0], np.cumsum(self.weights[0])

    def _hold(self, values: Values, weights: Values) -> None:
        """Hold what is inside, or as much of it as the spacing leaves."""
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
        """Double the spacing, until few enough values are left."""
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
    """The largest (or the smallest) value of all, and the weight of those that equal it."""
    values, weight = np.append(values, known[0]), np.append(weight, known[1])
    nearest = float(choose(values))
    return nearest, float(weight[values == nearest].sum())


def _as_rows(one: Neighbour) -> tuple[Values, Values]:
    return np.array([one[0]]), np.array([one[1]])
