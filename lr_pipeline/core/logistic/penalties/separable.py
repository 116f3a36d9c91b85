"""Penalties that are sums of functions of one coefficient each."""

import numpy as np

from lr_pipeline.core.logistic.penalties.penalty import Addition, Penalty
from lr_pipeline.core.logistic.sums import LogisticSums
from lr_pipeline.core.types import ParameterMatrix, Parameters


class SeparablePenalty(Penalty):
    """Base of penalties whose objective is Σ loss + ``addition``, one term per coefficient."""

    def addition(self, w: Parameters) -> Addition:
        """The penalty and its derivatives at ``w``."""
        raise NotImplementedError

    def value(self, sums: LogisticSums, w: Parameters) -> float:
        """Σ loss + penalty."""
        return sums.loss(w) + self.addition(w).value

    def value_gradient(self, sums: LogisticSums, w: Parameters) -> tuple[float, Parameters]:
        """The value and Σ (p − y) x̃ + the penalty's gradient."""
        loss, gradient = sums.loss_gradient(w)
        added = self.addition(w)
        return loss + added.value, gradient + added.gradient

    def value_gradient_hessian(
        self, sums: LogisticSums, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """The value, its gradient and I(w) + the penalty's second derivatives."""
        loss, gradient, information = sums.loss_gradient_information(w)
        added = self.addition(w)
        hessian = information + np.diag(added.diagonal)
        return loss + added.value, gradient + added.gradient, hessian
