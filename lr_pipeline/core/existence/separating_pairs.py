"""Pairs of columns that may separate the classes, by the angles of differences between rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float64, Int64

from lr_pipeline.core.types import Columns, RowVector

# With more columns than this (two million pairs) no pairs are tried.
MOST_COLUMNS = 2_000
# How many differences of rows all pairs are tested with first, and how many more, one by one.
FIRST_CUTS = 48
MORE_CUTS = 2_000
# A column counts as constant below this many standard deviations, and two columns as on a line
# where 1 − cos² of the angle between them is at most LINE.
CONSTANT = 1e-9
LINE = 1e-10

Seen = Float64[np.ndarray, "m d"]
OnPlane = Float64[np.ndarray, "t d"]
Mask = Bool[np.ndarray, " m"]
Worst = Callable[[int, int, float, float], Columns]
Index = Int64[np.ndarray, " q"]
Numbers = Float64[np.ndarray, " q"]


@dataclass(frozen=True, eq=False)
class _Arcs:
    """Pairs of columns i < j, each with the arc of the angles of all differences c = (c_i, c_j).

    The arc goes from ``low`` to ``high``, relative to the angle ``first``. If it is shorter
    than π, the direction b of the arc's middle has cᵀb > 0 for all differences.
    """

    i: Index
    j: Index
    first: Numbers
    low: Numbers
    high: Numbers

    @classmethod
    def of(cls, i: Index, j: Index, c: Columns) -> "_Arcs":
        """Return the arcs of one difference: each is one angle."""
        zero = np.zeros(len(i))
        return cls(i, j, np.arctan2(c[j], c[i]), zero, zero)._where((c[i] != 0.0) | (c[j] != 0.0))

    def cut(self, c: Columns) -> "_Arcs":
        """Add another difference, and leave out the pairs that then have no b."""
        turn = np.arctan2(c[self.j], c[self.i]) - self.first
        turn = np.remainder(turn + np.pi, 2.0 * np.pi) - np.pi
        longer = replace(self, low=np.minimum(self.low, turn), high=np.maximum(self.high, turn))
        seen = (c[self.i] != 0.0) | (c[self.j] != 0.0)
        return longer._where(seen & (longer.high - longer.low < np.pi))

    def without_front(self) -> "_Arcs":
        """Leave out the first pair."""
        return self._where(np.arange(len(self.i)) > 0)

    def _where(self, kept: Bool[np.ndarray, " q"]) -> "_Arcs":
        return _Arcs(*(values[kept] for values in vars(self).values()))

    def front(self) -> tuple[int, int, float, float]:
        """The first pair, and its b."""
        angle = self.first[0] + (self.low[0] + self.high[0]) / 2.0
        return int(self.i[0]), int(self.j[0]), float(np.cos(angle)), float(np.sin(angle))


def possible_pairs(x: Seen, label: Mask, on_hyperplane: Mask) -> Iterator[tuple[int, int]]:
    """Yield the pairs of columns that separate the rows ``x`` as well as all columns do.

    ``on_hyperplane``: the rows on it. A pair that is not yielded separates fewer rows, unless
    the limits above ended the search; a pair that is yielded may fail on other rows.
    """
    if x.shape[1] > MOST_COLUMNS:
        return
    i, j = np.triu_indices(x.shape[1], 1)
    if not on_hyperplane.any():
        yield from _by_angles(i, j, *_between_classes(x, label))
        return
    origin = x[on_hyperplane][0]
    strict = np.where(label, 1.0, -1.0)[~on_hyperplane, None] * (x[~on_hyperplane] - origin)
    on_plane = x[on_hyperplane] - origin
    constant = np.abs(on_plane).max(axis=0) <= CONSTANT
    free = constant[i] & constant[j]
    yield from _by_angles(i[free], j[free], *_from_origin(strict))
    both = ~constant[i] & ~constant[j]
    yield from _on_lines(i[both], j[both], on_plane, strict)


def _by_angles(i: Index, j: Index, cuts: list[Columns], worst: Worst) -> Iterator[tuple[int, int]]:
    """Yield the pairs whose arc stays shorter than π when the worst differences are added."""
    arcs = _Arcs.of(i, j, cuts[0])
    for c in cuts[1:]:
        arcs = arcs.cut(c)
    for _ in range(MORE_CUTS):
        if len(arcs.i) == 0:
            return
        front = first, second, b_first, b_second = arcs.front()
        c = worst(first, second, b_first, b_second)
        if c[first] * b_first + c[second] * b_second > 0.0:
            yield first, second
        else:
            arcs = arcs.cut(c)
        if len(arcs.i) and arcs.front() == front:  # yielded, or the cut was lost in rounding
            arcs = arcs.without_front()


def _between_classes(x: Seen, label: Mask) -> tuple[list[Columns], Worst]:
    """Rows of label 1 minus rows of label 0: a few, and a function for a direction's smallest."""
    ones, zeros = x[label], x[~label]
    upper = np.linspace(0, len(ones) - 1, FIRST_CUTS).astype(int)
    lower = np.linspace(len(zeros) - 1, 0, FIRST_CUTS).astype(int)

    def worst(i: int, j: int, b_i: float, b_j: float) -> Columns:
        def along(rows: Seen) -> RowVector:
            return np.asarray(rows[:, i] * b_i + rows[:, j] * b_j)

        return np.asarray(ones[np.argmin(along(ones))] - zeros[np.argmax(along(zeros))])

    return list(ones[upper] - zeros[lower]), worst


def _from_origin(strict: Seen) -> tuple[list[Columns], Worst]:
    """Signed rows off the hyperplane minus one on it: a few, and a function for the smallest."""
    some = np.linspace(0, len(strict) - 1, FIRST_CUTS).astype(int)

    def worst(i: int, j: int, b_i: float, b_j: float) -> Columns:
        return np.asarray(strict[np.argmin(strict[:, i] * b_i + strict[:, j] * b_j)])

    return list(strict[some]), worst


def _on_lines(i: Index, j: Index, on_plane: OnPlane, strict: Seen) -> Iterator[tuple[int, int]]:
    """Yield the pairs whose plane shows the hyperplane's rows on a line, others on one side."""
    G = on_plane.T @ on_plane
    line = G[i, i] * G[j, j] - G[i, j] ** 2 <= LINE * G[i, i] * G[j, j]
    i, j = i[line], j[line]
    b_i, b_j = -np.sign(G[i, j]) * np.sqrt(G[j, j]), np.sqrt(G[i, i])
    for side in (1.0, -1.0):
        kept = np.arange(len(i))
        for c in strict:
            kept = kept[side * (c[i[kept]] * b_i[kept] + c[j[kept]] * b_j[kept]) > 0.0]
        yield from zip(i[kept].tolist(), j[kept].tolist(), strict=True)
