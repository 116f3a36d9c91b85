"""Gradient descent written out on torch tensors (tutorial, "Pytorch实现逻辑回归")."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.objective import Firth, LogisticObjective, LogisticSums, SmoothFunction
from lr_pipeline.core.rows import Block
from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.core.solvers.result import FitResult, Progress, Status, Trace
from lr_pipeline.core.solvers.step_size import FixedStep
from lr_pipeline.core.types import Parameters
from lr_pipeline.engines.torch_kernel import TorchKernel, log_loss, threads_for

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ManualGradientDescent(GradientDescent):
    """``GradientDescent`` without an optimizer object: the same settings, iterates and statuses.

    Each iteration is a forward pass, the mean log loss, ``backward()``, an update of the weights
    and the bias outside the graph, and gradients set to zero by hand. Unlike the tutorial's it is
    in float64 and takes the loss from z rather than from σ(z), which is 0 or 1 far out.

    It sees the rows themselves, so it takes a ``LogisticObjective`` alone, with the torch kernel.
    Firth's penalty is no sum over rows: the same steps then follow the objective's own gradient,
    which is autograd's too. Otherwise gradients accumulate in this process, block by block: the
    engine must visit the blocks here.
    """

    name: ClassVar[str] = "manual_gradient_descent"

    def minimize(
        self, objective: SmoothFunction, start: Parameters, progress: Progress | None = None
    ) -> FitResult:
        """Minimise from ``start``; the trace begins with it.

        Raises TypeError for an objective that is no ``LogisticObjective``, ValueError for another
        kernel than torch's.
        """
        import torch

        loss = _MeanLoss.of(objective)
        if loss is None:
            return super().minimize(objective, start, progress)
        rate = self.learning_rate
        step_size = FixedStep(float(rate)) if isinstance(rate, int | float) else rate
        trace = Trace(progress)
        w = loss.kernel.tensor(start[None, 1:].copy()).requires_grad_()
        b = loss.kernel.tensor(start[:1].copy()).requires_grad_()
        w.grad, b.grad = torch.zeros_like(w), torch.zeros_like(b)
        first = value = loss.backward(w, b)
        trace.record(self._point(0, value, _join(b.grad, w.grad), 0.0, _join(b, w)))
        status, iteration = Status.ITERATION_LIMIT, 0
        while iteration < self.iterations and status is Status.ITERATION_LIMIT:
            step = step_size(iteration)
            iteration += 1
            with torch.no_grad():
                w -= step * w.grad
                b -= step * b.grad
                w.grad.zero_()
                b.grad.zero_()
            previous, value = value, loss.backward(w, b)
            if abs(value - previous) < self.tolerance:
                status = Status.SMALL_CHANGE
            last = status is Status.SMALL_CHANGE or iteration == self.iterations
            if last or iteration % self.record_every == 0:
                gradient = _join(b.grad, w.grad)
                trace.record(self._point(iteration, value, gradient, step, _join(b, w)))
        if not value <= first:
            status = Status.DIVERGED
        norm = float(np.linalg.norm(_join(b.grad, w.grad)))
        points = tuple(trace.points)
        return FitResult(_join(b, w), status, iteration, iteration + 1, value, norm, points)


@dataclass(frozen=True)
class _MeanLoss:
    """(Σ weight · log loss + ½ Σ strength w²) / Σ weight, by passes over the rows."""

    sums: LogisticSums
    kernel: TorchKernel
    strength: Float64[np.ndarray, "..."]
    total_weight: float

    @classmethod
    def of(cls, objective: SmoothFunction) -> "_MeanLoss | None":
        """The same function as the objective; None if it is no sum over rows."""
        if not isinstance(objective, LogisticObjective):
            raise TypeError(
                "solver manual_gradient_descent visits the rows of a LogisticObjective, found "
                f"{type(objective).__name__}. Use solver gradient_descent."
            )
        kernel, penalty = objective.sums.kernel, objective.penalty
        if not isinstance(kernel, TorchKernel):
            raise ValueError(
                f"solver manual_gradient_descent needs kernel 'torch', found {kernel.name!r}. "
                "Use that kernel, or solver gradient_descent."
            )
        if isinstance(penalty, Firth):
            return None
        strength = np.asarray(penalty.strength, dtype=np.float64)
        return cls(objective.sums, kernel, strength, objective.total_weight)

    def backward(self, w: "torch.Tensor", b: "torch.Tensor") -> float:
        """Return the value and add the gradient to ``w.grad`` and ``b.grad``; one pass."""
        from torch.nn.functional import linear

        def backward_block(block: Block) -> tuple[float]:
            with threads_for(block):
                X, y, weight = self.kernel.tensors(block)
                z = linear(X, w, b).squeeze(1)
                loss = log_loss(z, y, weight) / self.total_weight
                loss.backward()  # type: ignore[no-untyped-call]
                return (loss.item(),)

        self.sums.passes += 1
        (value,) = self.sums.rows.sum(backward_block)
        if self.strength.any():
            penalty = (self.kernel.tensor(self.strength) * w**2).sum() / (2 * self.total_weight)
            penalty.backward()  # type: ignore[no-untyped-call]
            value += penalty.item()
        return float(value) if np.isfinite(value) else np.inf


def _join(b: "torch.Tensor", w: "torch.Tensor") -> Parameters:
    """(intercept, coefficients…) of the bias (1,) and the weights (1, d), as a new array."""
    return np.concatenate([b.detach().cpu(), w.detach().cpu()[0]])
