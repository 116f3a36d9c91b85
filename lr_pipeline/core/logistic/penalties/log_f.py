"""The log-F penalty: a few imagined rows for each coefficient."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from lr_pipeline.core.logistic.loss import log_loss, variance
from lr_pipeline.core.logistic.penalties.penalty import Addition
from lr_pipeline.core.logistic.penalties.separable import SeparablePenalty
from lr_pipeline.core.types import Columns, Parameters


@dataclass(frozen=True)
class LogF(SeparablePenalty):
    """Minus the log density of log-F(m, m), Σ_j m log(1 + exp γ_j) − ½ m γ_j, with m = ``log_f``.

    γ_j = units_j w_j is the coefficient of column j in standard deviations: ``units`` (d,) is 1
    where the objective's columns are standardized. The penalty equals the loss of m / 2 imagined
    rows of each label in which column j is one deviation above its mean, all others are at their
    means, and the intercept does not count (Greenland & Mansournia, 2015, Statistics in Medicine
    34). It is convex and grows to both sides: there is one minimum, and it is finite for every
    table.
    """

    log_f: float = 2.0
    units: float | Columns = field(default=1.0, compare=False)
    name: ClassVar[str] = "log-f"
    strength_names: ClassVar[tuple[str, ...]] = ("log_f",)
    strictly_convex: ClassVar[bool] = True
    as_stand_in: ClassVar[str] = "The log-F penalty stands in, which has one optimum."

    @property
    def formula(self) -> str:
        """The penalty, its strength and its units."""
        return (
            f"+ Σ m·log(1 + exp(γ)) − (m/2)·γ, the log-F(m, m) penalty, m = {self.log_f:g}, "
            "γ = coefficient·standard deviation of its column in the training rows, intercept not "
            "penalised"
        )

    def in_coordinates(self, scale: Columns, deviation: Columns) -> "LogF":
        """Return the same penalty of w = β scale, with γ = w deviation / scale."""
        return replace(self, units=deviation / scale)

    def addition(self, w: Parameters) -> Addition:
        """Loss of m rows of label ½, with derivatives m (σ(γ) − ½) and m σ(γ) σ(−γ) in γ."""
        m, units = self.log_f, self.row_sizes(len(w))
        gamma = units * w
        value = m * float(log_loss(gamma[1:], np.full(len(w) - 1, 0.5)).sum())
        gradient = units * (0.5 * m * np.tanh(0.5 * gamma))  # σ(γ) − ½, without cancellation
        return Addition(value, gradient, units**2 * (m * variance(gamma)))

    def row_sizes(self, p: int) -> Parameters:
        """The units: in each imagined row, one column is one deviation above its mean."""
        units = np.zeros(p)
        units[1:] = self.units
        return units
