"""The effects of a logistic model's columns: what one table of the report shows."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from lr_pipeline.evaluation.effects.column_kinds import Kind
from lr_pipeline.evaluation.effects.joint_tests import JointTest
from lr_pipeline.evaluation.effects.linear_effects import LinearEffect
from lr_pipeline.evaluation.effects.moving_together import MovingGroup
from lr_pipeline.evaluation.strict_numbers import strict_numbers


@dataclass(frozen=True)
class ColumnEffect:
    """What one column of the design does; ``withheld`` says why its numbers mean nothing alone.

    ``coefficient`` is per original unit, with ``standard_error`` and ``interval`` (95 %); the odds
    ratio of ``step`` units is exp(coefficient · step). ``points``: by how much the average
    probability changes if the column changes by its step in every row, with ``points_interval``,
    both from 0 to 1. ``others``: model → its coefficient, where the models differ.
    """

    name: str
    level: str
    kind: Kind
    coefficient: float
    step: float
    deviation: float
    standard_error: float | None = None
    interval: tuple[float, float] | None = None
    p_value: float | None = None
    variance_inflation: float | None = None
    points: float | None = None
    points_interval: tuple[float, float] | None = None
    others: dict[str, float] | None = None
    withheld: str = ""

    @property
    def size(self) -> float:
        """|effect| of one standard deviation on the log odds; 0 where it cannot be told."""
        return 0.0 if self.withheld else abs(self.coefficient * self.deviation)

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        ends = self.interval or (None, None)
        odds = None if self.withheld else _ratio(self.coefficient * self.step)
        bounds = [None if end is None else _ratio(end * self.step) for end in ends]
        ratios = {"odds_ratio": odds, "odds_ratio_interval": bounds if self.interval else None}
        return strict_numbers(asdict(self) | ratios)


@dataclass(frozen=True)
class FeatureEffects:
    """A feature's columns: one, or one a level against the ``reference``, with a joint test."""

    name: str
    kind: Literal["number", "category"]
    columns: tuple[ColumnEffect, ...]
    reference: str | None = None
    joint_test: JointTest | None = None
    joint_withheld: str = ""

    @property
    def size(self) -> float:
        """The largest effect of its columns."""
        return max((one.size for one in self.columns), default=0.0)


@dataclass(frozen=True)
class KernelAgreement:
    """How far apart two logistic models are: ``largest`` is in standard errors of ``column``."""

    first: str
    second: str
    description: str
    within_tolerance: bool
    largest: float | None
    column: str
    differ: bool


@dataclass(frozen=True)
class Effects:
    """The effects of the model ``title``, by feature, the largest first.

    ``groups``: how many groups of training rows are the units of inference, 0 where rows are.
    ``agreements``: the distance to other logistic models of the same training rows. ``together``:
    sets of columns that cannot be told apart. ``rows``: over which rows the points are averaged.
    ``points_withheld`` says why they have no interval; ``withheld`` why there are no intervals at
    all. ``linear``: the slopes of the linear baseline.
    """

    name: str
    title: str
    intercept: float
    features: tuple[FeatureEffects, ...]
    rows: str
    agreements: tuple[KernelAgreement, ...] = ()
    together: tuple[MovingGroup, ...] = ()
    withheld: str = ""
    points_withheld: str = ""
    interval_method: str = ""
    groups: int = 0
    linear: tuple[LinearEffect, ...] = ()

    @property
    def columns(self) -> list[ColumnEffect]:
        """All columns, those of the largest features first."""
        return [column for feature in self.features for column in feature.columns]

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        plain = asdict(self) | {
            "features": {
                one.name: {
                    "kind": one.kind,
                    "reference": one.reference,
                    "joint_test": one.joint_test and one.joint_test._asdict(),
                    "joint_withheld": one.joint_withheld,
                    "columns": [column.numbers() for column in one.columns],
                }
                for one in self.features
            }
        }
        return strict_numbers(plain)


def _ratio(log_ratio: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(log_ratio))
