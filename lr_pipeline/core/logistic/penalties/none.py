"""No penalty: maximum likelihood."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lr_pipeline.core.logistic.penalties.penalty import Addition, Penalty
from lr_pipeline.core.logistic.sums import LogisticSums
from lr_pipeline.core.types import ParameterMatrix, Parameters


@dataclass(frozen=True)
class NoPenalty(Penalty):
    """No penalty, for maximum likelihood: value and derivatives are those of Σ loss."""

    name: ClassVar[str] = "none"
    formula: ClassVar[str] = "no penalty"
    adds_nothing: ClassVar[bool] = True
    starts_from_sample: ClassVar[bool] = True

    def addition(self, w: Parameters) -> Addition:
        """Zero."""
        return Addition(0.0, np.zeros_like(w), np.zeros_like(w))

    def value(self, sums: LogisticSums, w: Parameters) -> float:
        """Σ loss."""
        return sums.loss(w)

    def value_gradient(self, sums: LogisticSums, w: Parameters) -> tuple[float, Parameters]:
        """Σ loss and its gradient."""
        return sums.loss_gradient(w)

    def value_gradient_hessian(
        self, sums: LogisticSums, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """Σ loss, its gradient and I(w)."""
        return sums.loss_gradient_information(w)
