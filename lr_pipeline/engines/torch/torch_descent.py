"""Gradient descent written out on torch tensors (tutorial, "Pytorch实现逻辑回归")."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lr_pipeline.core.logistic.objective import LogisticObjective, SmoothFunction
from lr_pipeline.core.rows import Block
from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.core.solvers.result import Progress, SolverResult
from lr_pipeline.core.types import Parameters
from lr_pipeline.engines.torch.autograd_sums import log_loss
from lr_pipeline.engines.torch.torch_kernel import TorchKernel, torch_threads_for

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ManualGradientDescent(GradientDescent):
    """``GradientDescent`` without an optimizer object: the same settings, iterates and statuses.

    With a kernel that has ``autograd``, each iteration is the tutorial's: a forward pass, the mean
    log loss, ``backward()``, an update of the weights and the bias outside the graph, and gradients
    cleared by hand. Unlike the tutorial it uses float64, and computes the loss from z rather than
    from σ(z), which rounds to 0 or 1 for large |z|. Each block has its own ``backward()``, and the
    engine adds up the gradients.

    It reads the rows themselves, so it accepts only a ``LogisticObjective`` with the torch kernel.
    Without ``autograd``, and with Firth's penalty, which is made of sums over the rows, the same
    steps follow the objective's own gradient.
    """

    name: ClassVar[str] = "manual_gradient_descent"

    def minimize(
        self, objective: SmoothFunction, start: Parameters, progress: Progress | None = None
    ) -> SolverResult:
        """Minimise from ``start``; the trace begins with it.

        Raises TypeError for an objective that is not a ``LogisticObjective``, and ValueError for a
        kernel that is not torch's.
        """
        if not isinstance(objective, LogisticObjective):
            raise TypeError(
                "solver manual_gradient_descent visits the rows of a LogisticObjective, found "
                f"{type(objective).__name__}. Use solver gradient_descent."
            )
        rows, kernel = objective.sums.rows, objective.sums.kernel
        if not isinstance(kernel, TorchKernel):
            raise ValueError(
                f"solver manual_gradient_descent needs kernel 'torch', found {kernel.name!r}. "
                "Use that kernel, or solver gradient_descent."
            )
        with torch_threads_for(rows.num_rows * rows.num_columns):
            return super().minimize(objective, start, progress)

    def path(
        self, objective: SmoothFunction, start: Parameters
    ) -> Iterator[tuple[Parameters, float, Parameters]]:
        """Yield w, f(w) and ∇f(w) at the start and after each step, without end."""
        import torch

        assert isinstance(objective, LogisticObjective)
        kernel = objective.sums.kernel
        assert isinstance(kernel, TorchKernel)
        if not kernel.autograd or objective.penalty.addition(start) is None:
            yield from super().path(objective, start)
            return
        w = kernel.tensor(start[None, 1:].copy()).requires_grad_()
        b = kernel.tensor(start[:1].copy()).requires_grad_()
        for iteration in count():
            value = _backward(objective, kernel, w, b)
            assert w.grad is not None
            assert b.grad is not None
            yield _join(b, w), value, _join(b.grad, w.grad)
            step = self.step_size(iteration)
            with torch.no_grad():
                w.sub_(step * w.grad)
                b.sub_(step * b.grad)
            w.grad = b.grad = None


def _backward(
    objective: LogisticObjective, kernel: TorchKernel, w: "torch.Tensor", b: "torch.Tensor"
) -> float:
    """Return f(w) and store its gradient in ``w.grad`` and ``b.grad``, in one pass."""
    W = objective.total_weight
    objective.sums.passes += 1
    value, w_gradient, b_gradient = objective.sums.rows.sum(
        lambda block: _block_gradients(kernel, block, w, b, W)
    )
    added = objective.penalty.addition(_join(b, w))
    assert added is not None
    w.grad = kernel.tensor(w_gradient + added.gradient[None, 1:] / W)
    b.grad = kernel.tensor(b_gradient)
    return float(value + added.value / W)


def _block_gradients(
    kernel: TorchKernel, block: Block, w: "torch.Tensor", b: "torch.Tensor", total_weight: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the block's share of the mean log loss, and its gradients in weights and bias."""
    from torch.nn.functional import linear

    # Each block has its own leaves, since another thread may work on another block.
    weights, bias = w.detach().requires_grad_(), b.detach().requires_grad_()
    with torch_threads_for(block.X.size):
        X, y, weight = kernel.tensors(block)
        z = linear(X, weights, bias).squeeze(1)
        loss = log_loss(z, y, weight) / total_weight
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item(), _numpy(weights.grad), _numpy(bias.grad)


def _join(b: "torch.Tensor", w: "torch.Tensor") -> Parameters:
    """Join the bias (1,) and the weights (1, d) to a new array (intercept, coefficients…)."""
    return np.concatenate([b.detach().cpu(), w.detach().cpu()[0]])


def _numpy(tensor: "torch.Tensor | None") -> np.ndarray:
    """Return a computed gradient as a numpy array."""
    assert tensor is not None
    return np.asarray(tensor.cpu())
