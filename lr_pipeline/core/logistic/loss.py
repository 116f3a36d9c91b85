"""The Bernoulli likelihood of a 0/1 label whose log-odds z are linear: values and derivatives.

The pointwise functions below are accurate for every z, however large, because all exponentials are
of −|z| and no nearly equal numbers are subtracted (tutorial, "逻辑回归" and "损失函数").
"""

import numpy as np

from lr_pipeline.core.types import RowVector


def sigmoid(z: RowVector) -> RowVector:
    """Probability of the label 1 for log-odds z: σ(z) = 1 / (1 + exp(−z))."""
    e = np.exp(-np.abs(z))
    p: RowVector = np.where(z >= 0, 1.0, e) / (1.0 + e)
    return p


def log_loss(z: RowVector, y: RowVector) -> RowVector:
    """Minus the log-likelihood of each row: −y log σ(z) − (1 − y) log σ(−z), exact at |z| = 800.

    It equals log(1 + exp(z)) − y z. For y in {0, 1} the bracket is exactly 0 or |z|, so that the
    small loss of a well classified row keeps all its digits.
    """
    loss: RowVector = np.log1p(np.exp(-np.abs(z))) + (np.maximum(z, 0.0) - y * z)
    return loss


def residual(z: RowVector, y: RowVector) -> RowVector:
    """Derivative of the loss in z, σ(z) − y, as (1 − y) σ(z) − y σ(−z) to avoid 1 − σ(z)."""
    r: RowVector = (1.0 - y) * sigmoid(z) - y * sigmoid(-z)
    return r


def variance(z: RowVector) -> RowVector:
    """Second derivative of the loss in z, σ(z) (1 − σ(z)): the variance of the label."""
    e = np.exp(-np.abs(z))
    s: RowVector = e / (1.0 + e) ** 2
    return s
