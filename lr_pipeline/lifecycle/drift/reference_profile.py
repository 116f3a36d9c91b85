"""What is kept of a training set, so that new rows can be compared with it: a few numbers a column.

A number is kept as points of its distribution function, a category as the cases of its levels.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.types import RowVector

MOST_POINTS, FEWEST_POINTS = 200, 50  # multiples of 10, so that the deciles are among them
ALL_POINTS = 50_000  # of all columns together
TAIL_HALVINGS = 6
ARRAYS = ("points", "cumulative", "below")

Points = Float64[np.ndarray, " points"]
Cases = int | float


def points_of_each(columns: int) -> int:
    """Return how many points of its distribution function each column keeps."""
    return MOST_POINTS if columns * MOST_POINTS <= ALL_POINTS else FEWEST_POINTS


@dataclass(frozen=True, eq=False)
class NumberProfile:
    """The distribution of a number in the training set.

    ``points`` ascend, and ``cumulative`` has the sampled cases with at most that value: at the
    quantiles j/200 (j/50 beyond 250 columns), closer in the tails; all distinct values where there
    are fewer. ``below`` has the sum of the distances from each sampled case up to the next point.
    ``mean`` and ``deviation`` (divisor n) are the sample's. ``known``, ``missing``, ``least`` and
    ``greatest`` are of all training rows.
    """

    name: str
    known: Cases
    missing: Cases
    least: float
    greatest: float
    mean: float
    deviation: float
    points: Points
    cumulative: Points
    below: Points

    @property
    def sampled(self) -> float:
        """Number of sampled cases that have a value."""
        return float(self.cumulative[-1]) if len(self.cumulative) else 0.0

    @classmethod
    def of_sample(
        cls,
        name: str,
        values: RowVector,
        cases: RowVector,
        counts: tuple[Cases, Cases, float, float],
        points: int = MOST_POINTS,
    ) -> "NumberProfile":
        """Summarize sampled values (n,), each so many ``cases`` (n,).

        ``counts`` are ``known``, ``missing``, ``least`` and ``greatest`` of all rows.
        """
        order = np.argsort(values, kind="stable")
        values, cases = values[order], cases[order]
        total = float(cases.sum())
        if total == 0:
            return cls(name, *counts, 0.0, 0.0, np.empty(0), np.empty(0), np.empty(0))
        mean = float(values @ cases) / total
        deviation = float(np.sqrt(np.square(values - mean) @ cases / total))
        last = np.append(values[1:] != values[:-1], True)  # of rows with equal values
        distinct, reached = values[last], np.cumsum(cases)[last]
        if len(distinct) > points:
            places = np.searchsorted(reached, quantile_levels(points) * total * (1 - 1e-12))
            kept = np.unique(np.concatenate([[0], places, [len(distinct) - 1]]))
            distinct, reached = distinct[kept], reached[kept]
        next_point = np.searchsorted(distinct, values)
        distances = (distinct[next_point] - values) * cases
        below = np.bincount(next_point, distances, len(distinct))
        return cls(name, *counts, mean, deviation, distinct, reached, below)

    @property
    def deciles(self) -> list[int]:
        """Places among ``points`` of the quantiles 0.1, 0.2 … 0.9, each once."""
        wanted = np.linspace(0.1, 0.9, 9) * self.sampled * (1 - 1e-12)
        places = np.unique(np.searchsorted(self.cumulative, wanted)).tolist()
        return [place for place in places if place < len(self.points) - 1]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {
            "kind": "number",
            **{name: getattr(self, name).tolist() for name in ARRAYS},
        }


@dataclass(frozen=True)
class CategoryProfile:
    """The cases of a category's ``levels`` in the training set.

    ``other``: cases of rare levels, which are compared together. ``once``: cases of levels
    that occur in a single case; they are in no other count. Had each of them been left out in turn,
    its level would have been unseen, so that ``once`` / ``known`` is the share of unseen levels to
    be expected of new rows (Good and Turing). ``twice``: levels that occur in two cases. Where rows
    are in groups, both are of levels that occur in one group, and in two: cases of the former, and
    half the cases of the latter.
    """

    name: str
    known: Cases
    missing: Cases
    levels: tuple[str, ...]
    counts: tuple[Cases, ...]
    other: Cases
    once: Cases
    twice: int = 0

    @property
    def unseen_cases(self) -> tuple[float, float]:
        """Unseen and all independent cases that tell as much of unseen levels as the training set.

        The variance of N₁ / m as an estimate of the unseen share is (N₁ + 2 N₂) / m², N₁ and N₂ the
        levels that occur once and twice: that of a share of m N₁ / (N₁ + 2 N₂) cases.

        Source: W. W. Esty, Annals of Statistics 11 (1983), 905–912.
        """
        part = self.once / (self.once + 2.0 * self.twice) if self.once else 1.0
        return self.once * part, self.known * part

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {
            "kind": "category",
            "levels": list(self.levels),
            "counts": list(self.counts),
        }


FeatureProfile = NumberProfile | CategoryProfile


@dataclass(frozen=True, eq=False)
class ReferenceProfile:
    """A model's training set, as far as new rows are compared with it.

    ``score`` is the distribution of the model's log odds z, ``positives`` the cases with the
    positive answer, ``answers`` the target's values with their cases, and ``step`` the k of the
    sample of every k-th case. ``group_size``: cases in the group of a random case, else 1.
    """

    model_version: str
    train_fingerprint: str
    target: str
    positive: Any
    rows: int
    cases: Cases
    positives: Cases
    answers: tuple[tuple[Any, Cases], ...]
    step: int
    features: tuple[FeatureProfile, ...]
    score: NumberProfile
    group_size: float = 1.0
    by_name: Mapping[str, FeatureProfile] = field(init=False)

    def __post_init__(self) -> None:
        """Make the features known by name."""
        object.__setattr__(self, "by_name", {one.name: one for one in self.features})

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; every float is kept exactly."""
        plain = ("model_version", "train_fingerprint", "target", "positive", "rows", "cases")
        return {name: getattr(self, name) for name in (*plain, "positives", "step")} | {
            "answers": [list(one) for one in self.answers],
            "features": [one.to_dict() for one in self.features],
            "score": self.score.to_dict(),
            "group_size": self.group_size,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "ReferenceProfile":
        """Inverse of ``to_dict``."""
        features = tuple(_feature_from_dict(one) for one in values["features"])
        score = _feature_from_dict(values["score"])
        assert isinstance(score, NumberProfile)
        answers = tuple((value, cases) for value, cases in values["answers"])
        plain = {**values, "features": features, "score": score, "answers": answers}
        return cls(**plain)


def quantile_levels(points: int) -> Points:
    """Return the quantiles to keep: evenly spaced, and halving towards 0 and 1 beyond these."""
    even = np.arange(1, points) / points
    tails = even[0] * 0.5 ** np.arange(1, TAIL_HALVINGS + 1)
    return np.sort(np.concatenate([tails, even, 1.0 - tails]))


def _feature_from_dict(values: Mapping[str, Any]) -> FeatureProfile:
    plain = {name: value for name, value in values.items() if name != "kind"}
    if values["kind"] == "number":
        arrays = {name: np.array(plain[name], dtype=float) for name in ARRAYS}
        return NumberProfile(**plain | arrays)
    return CategoryProfile(**plain | {name: tuple(plain[name]) for name in ("levels", "counts")})
