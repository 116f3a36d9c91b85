"""Gradient descent from one start with many learning rates; each step is one pass for all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.logistic.loss import log_loss, residual
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.solvers.step_size import StepSize

ParameterSets = Float64[np.ndarray, "runs p"]
PerRun = Float64[np.ndarray, " runs"]
Curves = Float64[np.ndarray, "points runs"]


@dataclass(frozen=True, eq=False)
class Descents:
    """The mean log loss and the gradient's reversal, at each step of each run.

    ``loss`` (steps + 1, runs), infinite where it overflows. ``reversal`` (steps + 1, runs):
    √max(0, −g_k · g_{k−1}) / |g_0|, positive where a step has overshot and the gradient turns back.
    """

    loss: Curves
    reversal: Curves


def descend_together(rows: Rows, step_sizes: Sequence[StepSize], iterations: int) -> Descents:
    """Descend w ← w − η_k ∇f(w) from w = 0 for every step size, f the mean log loss.

    The iterates are those of ``GradientDescent``; each run is one row of W.
    """
    W = np.zeros((len(step_sizes), rows.num_columns + 1))
    loss = np.empty((iterations + 1, len(step_sizes)))
    reversal = np.zeros_like(loss)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        loss[0], gradient = mean_losses(rows, W)
        first = np.linalg.norm(gradient, axis=1)
        for k in range(iterations):
            steps = np.array([step_size(k) for step_size in step_sizes])
            W = W - steps[:, None] * gradient
            previous = gradient
            loss[k + 1], gradient = mean_losses(rows, W)
            turn = -np.einsum("rp,rp->r", gradient, previous)
            reversal[k + 1] = np.sqrt(np.maximum(turn, 0.0)) / first
    return Descents(np.where(np.isfinite(loss), loss, np.inf), np.nan_to_num(reversal))


def mean_losses(rows: Rows, W: ParameterSets) -> tuple[PerRun, ParameterSets]:
    """Return the mean log loss and its gradient at each row of W."""

    def sums(block: Block) -> tuple[PerRun, ParameterSets, float]:
        shape = (len(W), len(block.y))
        z = (W[:, :1] + W[:, 1:] @ block.X.T).ravel()
        y = np.broadcast_to(block.y, shape).ravel()
        losses, residuals = log_loss(z, y).reshape(shape), residual(z, y).reshape(shape)
        weight = np.ones(len(block.y)) if block.weight is None else block.weight
        pulls = residuals * weight
        gradients = np.column_stack([pulls.sum(axis=1), pulls @ block.X])
        return losses @ weight, gradients, float(weight.sum())

    total, gradients, total_weight = rows.sum(sums)
    return total / total_weight, gradients / total_weight
