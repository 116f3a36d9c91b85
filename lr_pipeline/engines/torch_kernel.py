"""The logistic sums on PyTorch tensors, differentiated by autograd.

Everything is float64, whatever torch's default dtype is. torch is imported at the first use.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import ParameterMatrix, Parameters

if TYPE_CHECKING:
    import torch

DEVICES = ("cpu", "cuda", "auto")
SMALL_BLOCK = 50_000  # numbers


@dataclass(frozen=True)
class TorchKernel:
    """Sums over one block of rows by torch operations (tutorial, "Pytorch实现逻辑回归").

    The methods are those of ``LogisticKernel``: numpy float64 in and out, sums over the block's
    rows, each times its weight, with w = (intercept, coefficients…), z = w[0] + X w[1:].

    ``device`` is ``"cpu"``, ``"cuda"``, or ``"auto"`` for CUDA where torch finds it. On CUDA every
    call sends its block to the device again.

    Raises
    ------
    ValueError
        for another device, and at the first use for ``"cuda"`` where torch finds none.
    """

    device: str = "cpu"
    name: ClassVar[str] = "torch"

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise ValueError(f"device must be one of {', '.join(DEVICES)}, found {self.device!r}")

    def loss(self, block: Block, w: Parameters) -> float:
        """Σ log(1 + exp(z)) − y z, exact to rounding for any z."""
        with threads_for(block):
            return _loss(self.tensors(block), self.tensor(w)).item()

    def loss_gradient(self, block: Block, w: Parameters) -> tuple[float, Parameters]:
        """The loss and its gradient Σ (p − y) x̃, by one backward pass."""
        from torch.autograd import grad

        with threads_for(block):
            leaf = self._leaf(w)
            loss = _loss(self.tensors(block), leaf)
            (gradient,) = grad(loss, leaf)
            return loss.item(), _array(gradient)

    def loss_gradient_information(
        self, block: Block, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """The loss, its gradient and its Hessian Σ s x̃ x̃ᵀ, the Fisher information."""
        # torch.autograd.functional.hessian makes p backward passes: 13 times slower than the
        # product at 20 columns and 25 times at 100 (blocks of 16,384 rows), so it only tests this.
        with threads_for(block):
            information = _information(self.tensors(block), self.tensor(w))
            return *self.loss_gradient(block, w), _array(information)

    def information_product(self, block: Block, w: Parameters, v: Parameters) -> Parameters:
        """Σ s x̃ (x̃ᵀ v), by differentiating the gradient once more."""
        from torch.autograd import grad

        with threads_for(block):
            leaf = self._leaf(w)
            (gradient,) = grad(_loss(self.tensors(block), leaf), leaf, create_graph=True)
            (product,) = grad(gradient, leaf, grad_outputs=self.tensor(v))
            return _array(product)

    def information_trace_gradient(
        self, block: Block, w: Parameters, A: ParameterMatrix
    ) -> Parameters:
        """∇_w tr(A I(w)) for a fixed symmetric A, by a backward pass through I(w) = Σ s x̃ x̃ᵀ.

        With A the inverse of I summed over all blocks, the sum of these is ∇ log det I: Firth's
        penalty, streamed.
        """
        from torch.autograd import grad

        with threads_for(block):
            leaf = self._leaf(w)
            information = _information(self.tensors(block), leaf)
            (gradient,) = grad(information, leaf, grad_outputs=self.tensor(A))
            return _array(gradient)

    def tensor(self, array: Float64[np.ndarray, "..."]) -> "torch.Tensor":
        """The array's own memory as a float64 tensor on the device; copied only where it must."""
        from torch.utils.dlpack import from_dlpack

        array = np.asarray(array, dtype=np.float64)
        if any(stride < 0 for stride in array.strides):
            array = array.copy()  # torch has no negative strides and aborts the process
        # Unlike torch.from_numpy, DLPack takes read-only arrays without a warning.
        return from_dlpack(array).to(_torch_device(self.device))

    def tensors(self, block: Block) -> "TensorBlock":
        """The block on the device."""
        weight = None if block.weight is None else self.tensor(block.weight)
        return TensorBlock(self.tensor(block.X), self.tensor(block.y), weight)

    def _leaf(self, w: Parameters) -> "torch.Tensor":
        """The parameters as the leaf of a graph."""
        return self.tensor(w).requires_grad_()


@contextmanager
def threads_for(block: Block) -> Iterator[None]:
    """Keep torch to one thread for a small block; its number of threads is restored afterwards.

    On a few thousand numbers more threads gain nothing, and on a busy machine they wait for each
    other: a fit of 455 × 30 rows took 35 s with two threads and 1.6 s with one.
    """
    import torch

    threads = torch.get_num_threads()
    if threads == 1 or block.X.size > SMALL_BLOCK:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


class TensorBlock(NamedTuple):
    """A ``Block`` as float64 tensors on one device."""

    X: "torch.Tensor"
    y: "torch.Tensor"
    weight: "torch.Tensor | None"


def _linear(X: "torch.Tensor", w: "torch.Tensor") -> "torch.Tensor":
    """Each row's z = w[0] + X w[1:], shape (n,)."""
    from torch.nn.functional import linear

    return linear(X, w[None, 1:], w[:1]).squeeze(1)


def log_loss(z: "torch.Tensor", y: "torch.Tensor", weight: "torch.Tensor | None") -> "torch.Tensor":
    """Σ weight · log(1 + exp(z)) − y z over rows (n,) with y in {0, 1}, a scalar."""
    from torch.nn.functional import softplus

    # Not binary_cross_entropy_with_logits, which cancels (its loss is 0 at z = −40, y = 0, its
    # gradient 0 at z = 40, y = 1, instead of ±4.2e-18) and wakes every core for 100 rows: on a
    # busy machine that made it 20 times slower. Above its threshold softplus returns its argument,
    # which is exact from 37 on (but not from 20 on, the default).
    losses = softplus((1 - 2 * y) * z, threshold=40)
    return losses.sum() if weight is None else losses @ weight


def _loss(block: TensorBlock, w: "torch.Tensor") -> "torch.Tensor":
    """Σ weight · log loss, a scalar."""
    return log_loss(_linear(block.X, w), block.y, block.weight)


def _information(block: TensorBlock, w: "torch.Tensor") -> "torch.Tensor":
    """Σ weight · s x̃ x̃ᵀ, shape (p, p), differentiable in w."""
    import torch

    z = _linear(block.X, w)
    s = torch.sigmoid(z) * torch.sigmoid(-z)  # p (1 − p) would round to 0 above z = 37
    if block.weight is not None:
        s = s * block.weight
    side = s @ block.X
    top = torch.cat([s.sum()[None], side])
    below = torch.column_stack([side, block.X.T @ (s[:, None] * block.X)])
    return torch.vstack([top, below])


def _array(tensor: "torch.Tensor") -> Float64[np.ndarray, "..."]:
    return np.asarray(tensor.detach().cpu(), dtype=np.float64)


@cache
def _torch_device(device: str) -> str:
    """The torch device that ``device`` means on this machine."""
    import torch

    if device == "cpu":
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    if device == "auto":
        return "cpu"
    raise ValueError(
        f"device 'cuda' was asked for, but torch {torch.__version__} finds no CUDA device. "
        "Use device 'cpu' or 'auto', or install a CUDA build of torch and its driver."
    )
