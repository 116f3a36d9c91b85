"""Recalibrations: increasing maps from a model's score z to a probability."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy.special import logit

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.types import RowVector


@dataclass(frozen=True)
class Platt:
    """p = σ(a + b z), with b ≥ 0: ``intercept`` a and ``slope`` b."""

    intercept: float
    slope: float
    kind = "platt"

    def log_odds(self, z: RowVector) -> RowVector:
        """Return log(p / (1 − p)) (n,) for scores z (n,)."""
        return self.intercept + self.slope * z

    def probability(self, z: RowVector) -> RowVector:
        """Return p (n,) for scores z (n,)."""
        return sigmoid(self.log_odds(z))

    @property
    def description(self) -> str:
        """The map in words."""
        sign = "−" if self.intercept < 0 else ""
        return f"Platt's: log odds {sign}{abs(self.intercept):.4g} + {self.slope:.4g} · z"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"kind": self.kind, "intercept": self.intercept, "slope": self.slope}


@dataclass(frozen=True)
class Isotonic:
    """A step function: p = ``values[k]`` where k of the ``starts`` are at most z.

    Both ascend; there is one value more than starts, and all are between 0 and 1, excluded.
    """

    starts: tuple[float, ...]
    values: tuple[float, ...]
    kind = "isotonic"

    def log_odds(self, z: RowVector) -> RowVector:
        """Return log(p / (1 − p)) (n,) for scores z (n,)."""
        return np.asarray(logit(self.probability(z)))

    def probability(self, z: RowVector) -> RowVector:
        """Return p (n,) for scores z (n,)."""
        return np.asarray(self.values)[np.searchsorted(self.starts, z, side="right")]

    @property
    def description(self) -> str:
        """The map in words."""
        return f"isotonic: {len(self.values)} steps from {self.values[0]:.4g}" + (
            f" to {self.values[-1]:.4g}" if len(self.values) > 1 else ""
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"kind": self.kind, "starts": list(self.starts), "values": list(self.values)}


Recalibration: TypeAlias = Platt | Isotonic


def recalibration_from_dict(data: dict[str, Any]) -> Recalibration:
    """Restore a recalibration: the inverse of ``to_dict``."""
    if data["kind"] == Platt.kind:
        return Platt(data["intercept"], data["slope"])
    return Isotonic(tuple(data["starts"]), tuple(data["values"]))
