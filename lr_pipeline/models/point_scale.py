"""The scale of a scorecard: from log odds to points."""

from dataclasses import dataclass
from math import isfinite, log
from typing import Any, TypeVar

import numpy as np

Number = TypeVar("Number", float, np.ndarray)


@dataclass(frozen=True)
class PointScale:
    """Points = offset ± factor · z, with factor = pdo / log 2, offset = base ∓ factor · log(odds).

    So ``base`` points mean odds of ``odds`` to 1, and every ``pdo`` points more double the odds (N.
    Siddiqi, *Credit Risk Scorecards*, chapter 6). The odds are those of the target's positive value
    if ``rising``; else of the other one, and the points fall as the probability rises: usual where
    the positive value is a default.

    Raises
    ------
    ValueError
        A number is not finite, or ``odds`` or ``pdo`` is not positive.
    """

    base: float = 600.0
    odds: float = 50.0
    pdo: float = 20.0
    rising: bool = True

    def __post_init__(self) -> None:
        """Refuse a scale that gives no points."""
        for name, value in (("base", self.base), ("odds", self.odds), ("pdo", self.pdo)):
            positive = name == "base" or value > 0.0
            if not (isfinite(value) and positive):
                wanted = "a finite number" if name == "base" else "a positive number"
                raise ValueError(f"{name} must be {wanted}, found {value:g}")

    @property
    def factor(self) -> float:
        """Points for one unit of the log odds of the positive value; negative if not rising."""
        return (1.0 if self.rising else -1.0) * self.pdo / log(2.0)

    @property
    def offset(self) -> float:
        """Points at z = 0, where the odds are 1 to 1."""
        return self.base - self.pdo / log(2.0) * log(self.odds)

    def points(self, z: Number) -> Number:
        """Return the points for log odds z of the positive value."""
        return self.offset + self.factor * z

    def log_odds(self, points: Number) -> Number:
        """Return z: the inverse of :meth:`points`."""
        return (points - self.offset) / self.factor

    @property
    def description(self) -> str:
        """The scale in words."""
        whose = "yes" if self.rising else "no"
        return (
            f"{self.base:g} points at odds of {self.odds:g} to 1 for {whose}, "
            f"{self.pdo:g} points more double them"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return dict(vars(self))
