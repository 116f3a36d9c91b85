"""Gradient descent written out on torch tensors (tutorial, "Pytorch实现逻辑回归")."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lr_pipeline.core.logistic.objective import LogisticObjective, SmoothFunction
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.rows import Block
from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.core.solvers.iterate import FunctionIterate, Iterate
from lr_pipeline.core.solvers.result import Progress, SolverResult
from lr_pipeline.core.solvers.signed_rows import SignedRows
from lr_pipeline.core.types import Parameters
from lr_pipeline.engines.torch.autograd_sums import log_loss
from lr_pipeline.engines.torch.torch_kernel import TorchKernel, threads_for

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class ManualGradientDescent(GradientDescent):
    """``GradientDescent`` without an optimizer object: the same settings, iterates and statuses.

    With a kernel that has ``autograd``, each iteration is the tutorial's: a forward pass, the mean
    log loss, ``backward()``, an update of the weights and the bias outside the graph, and
    gradients set to zero by hand. Unlike the tutorial's it is in float64 and takes the loss from z
    rather than from σ(z), which is 0 or 1 far out. Without, a small table is descended in place by
    three torch operations a step.

    It sees the rows themselves, so it takes a ``LogisticObjective`` alone, with the torch kernel.
    With Firth's and the log-F penalty the same steps follow the objective's own gradient.
    Otherwise each block has its own ``backward()``, and the engine adds up the gradients.
    """

    name: ClassVar[str] = "manual_gradient_descent"

    def minimize(
        self, objective: SmoothFunction, start: Parameters, progress: Progress | None = None
    ) -> SolverResult:
        """Minimise from ``start``; the trace begins with it.

        Raises TypeError for an objective that is no ``LogisticObjective``, ValueError for another
        kernel than torch's.
        """
        import torch

        if not isinstance(objective, LogisticObjective):
            raise TypeError(
                "solver manual_gradient_descent visits the rows of a LogisticObjective, found "
                f"{type(objective).__name__}. Use solver gradient_descent."
            )
        rows, kernel = objective.sums.rows, objective.sums.kernel
        graphless = isinstance(kernel, TorchKernel) and not kernel.autograd
        # Inference mode spares each of the few small operations its bookkeeping, a quarter of it.
        with threads_for(rows.num_rows * rows.num_columns), torch.inference_mode(graphless):
            return super().minimize(objective, start, progress)

    def iterate(self, objective: SmoothFunction, start: Parameters) -> Iterate:
        """Return the point to move, at ``start``."""
        assert isinstance(objective, LogisticObjective)
        kernel = objective.sums.kernel
        if not isinstance(kernel, TorchKernel):
            raise ValueError(
                f"solver manual_gradient_descent needs kernel 'torch', found {kernel.name!r}. "
                "Use that kernel, or solver gradient_descent."
            )
        if kernel.autograd and isinstance(objective.penalty, NoPenalty | Ridge):
            return AutogradIterate(objective, kernel, start)
        signed = None if kernel.autograd else SignedRows.of(objective)
        if signed is None:
            return FunctionIterate(objective, start)
        return InPlaceTensorIterate(signed, kernel, start)


class AutogradIterate:
    """A point whose gradient ``backward()`` leaves in ``w.grad`` and ``b.grad``."""

    def __init__(
        self, objective: LogisticObjective, kernel: TorchKernel, start: Parameters
    ) -> None:
        import torch

        self.sums, self.kernel, self.total_weight = objective.sums, kernel, objective.total_weight
        added = objective.penalty.addition(start)
        assert added is not None
        self.strength = kernel.tensor(added.diagonal[1:])
        self.penalised = bool(self.strength.any())
        self.w = kernel.tensor(start[None, 1:].copy()).requires_grad_()
        self.b = kernel.tensor(start[:1].copy()).requires_grad_()
        self.w.grad, self.b.grad = torch.zeros_like(self.w), torch.zeros_like(self.b)
        self.evaluated = False

    @property
    def parameters(self) -> Parameters:
        """A copy of w."""
        return _join(self.b, self.w)

    def value_gradient(self) -> tuple[float, Parameters]:
        """f(w) and ∇f(w)."""
        value = self._backward()  # once a point, as gradients add up
        assert self.b.grad is not None
        assert self.w.grad is not None
        return value, _join(self.b.grad, self.w.grad)

    def descend(self, step: float) -> None:
        """Move to w − step ∇f(w)."""
        import torch

        if not self.evaluated:
            self._backward()
        with torch.no_grad():
            for parameter in (self.w, self.b):
                assert parameter.grad is not None
                parameter.sub_(step * parameter.grad)
                parameter.grad.zero_()
        self.evaluated = False

    def _backward(self) -> float:
        """Return the value and add the gradient to ``w.grad`` and ``b.grad``; one pass."""
        from torch.nn.functional import linear

        assert self.w.grad is not None
        assert self.b.grad is not None

        def backward_block(block: Block) -> tuple[float, np.ndarray, np.ndarray]:
            # Leaves of its own: another thread may be at another block.
            w, b = self.w.detach().requires_grad_(), self.b.detach().requires_grad_()
            with threads_for(block.X.size):
                X, y, weight = self.kernel.tensors(block)
                z = linear(X, w, b).squeeze(1)
                loss = log_loss(z, y, weight) / self.total_weight
                loss.backward()  # type: ignore[no-untyped-call]
                return loss.item(), _numpy(w.grad), _numpy(b.grad)

        self.sums.passes += 1
        self.evaluated = True
        value, w_gradient, b_gradient = self.sums.rows.sum(backward_block)
        self.w.grad += self.kernel.tensor(w_gradient)
        self.b.grad += self.kernel.tensor(b_gradient)
        if self.penalised:
            penalty = (self.strength * self.w**2).sum() / (2 * self.total_weight)
            penalty.backward()  # type: ignore[no-untyped-call]
            value += penalty.item()
        return float(value)


class InPlaceTensorIterate:
    """A point on the penalised mean log loss of ``SignedRows``, moved without new tensors."""

    def __init__(self, rows: SignedRows, kernel: TorchKernel, start: Parameters) -> None:
        import torch

        self.sums = rows.sums
        self.A, self.pull = kernel.tensor(rows.A), kernel.tensor(rows.pull)
        self.At = self.A.t()
        equal = bool(np.all(rows.share == rows.share[0]))
        self.common_share = float(rows.share[0]) if equal else 1.0
        self.share = None if equal else kernel.tensor(rows.share)
        self.penalised = bool(rows.pull.any())
        self.w = kernel.tensor(start.copy())
        self.residual = torch.empty_like(self.At[:, 0])
        self.multiply = torch.mv  # importing torch at every step takes a tenth of its time
        self.gradient: torch.Tensor | None = None  # at w, once evaluated there

    @property
    def parameters(self) -> Parameters:
        """A copy of w."""
        return self.w.cpu().numpy().copy()

    def value_gradient(self) -> tuple[float, Parameters]:
        """f(w) and ∇f(w)."""
        m = self.At @ self.w
        losses = m.abs().neg_().exp_().log1p_().add_(m.clamp_min(0))
        total = losses.sum() if self.share is None else losses @ self.share
        value = self.common_share * total.item() + 0.5 * (self.pull @ self.w**2).item()
        self._set_residual()
        self.gradient = (self.A @ self.residual).mul_(self.common_share)
        self.gradient.addcmul_(self.pull, self.w)
        return value, self.gradient.cpu().numpy()

    def descend(self, step: float) -> None:
        """Move to w − step ∇f(w)."""
        if self.gradient is not None:
            self.w.sub_(self.gradient, alpha=step)
            self.gradient = None
            return
        self._set_residual()
        if self.penalised:
            self.w.addcmul_(self.pull, self.w, value=-step)
        self.w.addmv_(self.A, self.residual, alpha=-step * self.common_share)

    def _set_residual(self) -> None:
        """σ(a w) of each row, times its share where the shares differ."""
        self.sums.passes += 1
        self.multiply(self.At, self.w, out=self.residual).sigmoid_()
        if self.share is not None:
            self.residual.mul_(self.share)


def _join(b: "torch.Tensor", w: "torch.Tensor") -> Parameters:
    """(intercept, coefficients…) of the bias (1,) and the weights (1, d), as a new array."""
    return np.concatenate([b.detach().cpu(), w.detach().cpu()[0]])


def _numpy(tensor: "torch.Tensor | None") -> np.ndarray:
    """The numbers of a gradient that has been computed."""
    assert tensor is not None
    return np.asarray(tensor.cpu())
