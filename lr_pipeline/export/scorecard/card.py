"""A scorecard: for each column, attributes and their points."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lr_pipeline.models.point_scale import PointScale

OTHER, MISSING = "(other)", "missing"  # attributes of rare levels, and of no value


@dataclass(frozen=True)
class Attribute:
    """Values of a column and their rounded points; ``log_odds`` is the exact contribution.

    ``cases`` and ``positives`` are those of the training rows, and ``woe`` the weight of evidence,
    where the column is binned. ``per_unit``: the points are for each unit of the column more.
    """

    text: str
    points: float
    log_odds: float
    cases: float | None = None
    positives: float | None = None
    woe: float | None = None
    per_unit: bool = False


@dataclass(frozen=True)
class CardColumn:
    """A column of the table, its attributes, and the information value of its bins, if binned."""

    name: str
    attributes: tuple[Attribute, ...]
    information_value: float | None = None


@dataclass(frozen=True)
class Scorecard:
    """Points of a row = ``base_points`` + those of one attribute a column.

    ``digits``: decimals of the points. ``notes``: sentences that a reader must know.
    """

    title: str
    scale: PointScale
    base_points: float
    columns: tuple[CardColumn, ...]
    digits: int
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "title": self.title,
            "scale": self.scale.to_dict(),
            "base_points": self.base_points,
            "digits": self.digits,
            "columns": [
                {
                    "name": column.name,
                    "information_value": column.information_value,
                    "attributes": [vars(one) for one in column.attributes],
                }
                for column in self.columns
            ],
            "notes": list(self.notes),
        }


def rounded(points: float, digits: int) -> float:
    """Return points with so many decimals, halves to the even neighbour, and no −0."""
    return float(np.round(points, digits)) + 0.0
