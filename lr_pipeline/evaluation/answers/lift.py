"""Lift: how many of the positive rows are among those with the highest scores."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.ranking import CountsByScore
from lr_pipeline.evaluation.calibration import wilson_interval

DECILES = 10
DRAWN = 400  # points of a curve, at most

Points = Float64[np.ndarray, " points"]


class Decile(NamedTuple):
    """A tenth of the cases, by descending score: their number and how many are positive.

    ``share`` is positive / cases with its Wilson interval ``lower`` to ``upper``, ``lift`` that
    over the share of all cases, and ``captured`` the share of all positive cases so far.
    """

    number: int
    cases: float
    positive: float
    share: float
    lower: float
    upper: float
    lift: float
    captured: float


@dataclass(frozen=True, eq=False)
class GainCurve:
    """Share of the positive cases (``captured``) among the ``flagged`` share with highest scores.

    Between two scores the curve is a straight line: of cases with equal scores it takes the
    expected number, as if they were ordered at random.
    """

    flagged: Points
    captured: Points

    def at(self, shares: Points) -> Points:
        """Return the shares captured by the given shares of the cases."""
        return np.asarray(np.interp(shares, self.flagged, self.captured))


@dataclass(frozen=True, eq=False)
class Lift:
    """Deciles of the model ``name``, and the gain curves of all by name.

    ``equal_scores``: whether cases with equal scores lie on both sides of a decile's end.
    """

    name: str
    title: str
    deciles: tuple[Decile, ...]
    equal_scores: bool
    prevalence: float
    curves: dict[str, GainCurve]

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        tenths = np.arange(1, DECILES + 1) / DECILES
        return {
            "model": self.name,
            "deciles": [one._asdict() for one in self.deciles],
            "tied": self.equal_scores,
            "captured": {name: curve.at(tenths).tolist() for name, curve in self.curves.items()},
        }


def gain_curve(counts: CountsByScore) -> GainCurve:
    """Return the curve of cases of both classes, counted by score."""
    positive = np.append(0.0, np.cumsum(counts.positive[::-1]))
    cases = np.append(0.0, np.cumsum(counts.positive[::-1] + counts.negative[::-1]))
    return GainCurve(cases / cases[-1], positive / positive[-1])


def deciles(curve: GainCurve, cases: float, positive: float) -> tuple[Decile, ...]:
    """Divide the cases into ten parts of equal size, or as many as there are cases, if fewer."""
    parts = max(1, min(DECILES, int(cases)))
    captured = curve.at(np.arange(parts + 1) / parts)
    size, found = cases / parts, np.diff(captured) * positive
    return tuple(
        _decile(k + 1, size, min(float(found[k]), size), positive / cases, float(captured[k + 1]))
        for k in range(parts)
    )


def _decile(number: int, cases: float, positive: float, overall: float, captured: float) -> Decile:
    share = positive / cases
    lower, upper = wilson_interval(positive, cases)
    return Decile(number, cases, positive, share, lower, upper, share / overall, captured)


def equal_scores_at_ends(curve: GainCurve, parts: int) -> bool:
    """Whether the end of a part lies between cases of equal scores."""
    ends = np.arange(1, parts) / parts
    places = np.searchsorted(curve.flagged, ends)
    above, below = np.abs(curve.flagged[places] - ends), np.abs(ends - curve.flagged[places - 1])
    return bool((np.minimum(above, below) > 1e-9).any())


def thinned(curve: GainCurve) -> GainCurve:
    """Return a curve of few points that looks the same in a picture."""
    if len(curve.flagged) <= DRAWN:
        return curve
    places = np.searchsorted(curve.flagged, np.linspace(0.0, 1.0, DRAWN))
    places = np.unique(np.append(places, [0, len(curve.flagged) - 1]))
    return GainCurve(curve.flagged[places], curve.captured[places])
