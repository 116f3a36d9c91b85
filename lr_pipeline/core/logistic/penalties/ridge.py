"""The ridge penalty, half its strength times the sum of squared coefficients."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from lr_pipeline.core.logistic.penalties.penalty import Addition
from lr_pipeline.core.logistic.penalties.separable import SeparablePenalty
from lr_pipeline.core.types import Columns, Parameters


@dataclass(frozen=True)
class Ridge(SeparablePenalty):
    """½ l2 Σ_j β_j², of the coefficients β in the table's units, without the intercept.

    The strength belongs to the *sum* over rows: scikit-learn's C is 1 / l2. ``scale`` (d,) maps the
    coefficients to an objective's parameters, w_j = β_j scale_j.
    """

    l2: float = 1.0
    scale: float | Columns = field(default=1.0, compare=False)
    name: ClassVar[str] = "l2"
    strength_names: ClassVar[tuple[str, ...]] = ("l2",)
    strictly_convex: ClassVar[bool] = True
    starts_from_sample: ClassVar[bool] = True
    profile_is_right: ClassVar[bool] = False

    @property
    def formula(self) -> str:
        """The penalty, its strength and its units."""
        return (
            f"+ (l2/2)·Σ coefficients², l2 = {self.l2:g} (scikit-learn's C = {1 / self.l2:g}), "
            "coefficients in the table's units, intercept not penalised"
        )

    def in_coordinates(self, scale: Columns, deviation: Columns) -> "Ridge":
        """Return the same penalty of w = β scale."""
        return replace(self, scale=scale)

    def addition(self, w: Parameters) -> Addition:
        """½ Σ q w² and its derivatives, q w and q, with q = l2 / scale²."""
        diagonal = np.zeros_like(w)
        diagonal[1:] = self.l2 / self.scale**2
        pull = diagonal * w
        return Addition(0.5 * float(pull @ w), pull, diagonal)
