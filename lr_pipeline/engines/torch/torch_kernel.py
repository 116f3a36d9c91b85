"""The logistic sums on PyTorch tensors, in closed form or by autograd.

Everything is float64, whatever torch's default dtype is. torch is imported at the first use.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import ParameterMatrix, Parameters
from lr_pipeline.engines.torch import autograd_sums, closed_form_sums
from lr_pipeline.engines.torch.closed_form_sums import TensorBlock

if TYPE_CHECKING:
    import torch

DEVICES = ("cpu", "cuda", "auto")
ONE_THREAD = 2**21  # numbers: 16,384 rows of 128 columns


@dataclass(frozen=True)
class TorchKernel:
    """Sums over one block of rows by torch operations (tutorial, "Pytorch实现逻辑回归").

    The methods are those of ``LogisticKernel``: they take and return numpy float64 arrays, and sum
    over the block's rows, each times its weight, with w = (intercept, coefficients…), z = w[0] + X
    w[1:]. Several threads may call them at once.

    ``device`` is ``"cpu"``, ``"cuda"``, or ``"auto"`` for CUDA where torch finds it. On CUDA every
    call sends its block to the device again. ``autograd`` differentiates the loss automatically
    instead of evaluating its derivatives' closed forms; it is slower and equal to rounding.

    Raises
    ------
    ValueError
        The device is unknown; or, at the first use, it is ``"cuda"`` and torch finds none.
    """

    device: str = "cpu"
    autograd: bool = False
    name: ClassVar[str] = "torch"

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise ValueError(f"device must be one of {', '.join(DEVICES)}, found {self.device!r}")

    def loss(self, block: Block, w: Parameters) -> float:
        """Σ log(1 + exp(z)) − y z, exact to rounding for any z."""
        with torch_threads_for(block.X.size):
            return float(self._sums.loss(self.tensors(block), self.tensor(w)))

    def loss_gradient(self, block: Block, w: Parameters) -> tuple[float, Parameters]:
        """The loss and its gradient Σ (p − y) x̃."""
        with torch_threads_for(block.X.size):
            loss, gradient = self._sums.loss_gradient(self.tensors(block), self.tensor(w))
            return loss.item(), _array(gradient)

    def loss_gradient_information(
        self, block: Block, w: Parameters
    ) -> tuple[float, Parameters, ParameterMatrix]:
        """The loss, its gradient and its Hessian Σ s x̃ x̃ᵀ, the Fisher information."""
        with torch_threads_for(block.X.size):
            sums = self._sums.loss_gradient_information(self.tensors(block), self.tensor(w))
            loss, gradient, information = sums
            return loss.item(), _array(gradient), _array(information)

    def information_trace_gradient(
        self, block: Block, w: Parameters, A: ParameterMatrix
    ) -> Parameters:
        """∇_w tr(A I(w)) for a fixed symmetric A.

        If A is the inverse of I summed over all blocks, the sum over blocks is ∇ log det I, which
        Firth's penalty needs.
        """
        with torch_threads_for(block.X.size):
            arguments = self.tensors(block), self.tensor(w), self.tensor(A)
            return _array(self._sums.information_trace_gradient(*arguments))

    @property
    def _sums(self) -> ModuleType:
        """The module whose functions do the arithmetic."""
        return autograd_sums if self.autograd else closed_form_sums

    def tensor(self, array: Float64[np.ndarray, "..."]) -> "torch.Tensor":
        """Return the array as a float64 tensor on the device, copied only where needed."""
        from torch.utils.dlpack import from_dlpack

        array = np.asarray(array, dtype=np.float64)
        if any(stride < 0 for stride in array.strides):
            array = array.copy()  # torch aborts the process at negative strides
        # Unlike torch.from_numpy, DLPack takes read-only arrays without a warning.
        return from_dlpack(array).to(_torch_device(self.device))

    def tensors(self, block: Block) -> TensorBlock:
        """Return the block as tensors on the device."""
        weight = None if block.weight is None else self.tensor(block.weight)
        return TensorBlock(self.tensor(block.X), self.tensor(block.y), weight)


@contextmanager
def torch_threads_for(numbers: int) -> Iterator[None]:
    """Limit torch to the calling thread for a design of at most ``ONE_THREAD`` numbers.

    The number of threads, which each Python thread has for itself, is restored afterwards. For a
    few thousand numbers more threads gain nothing, and on a busy machine they wait for each other:
    a fit of a 455 × 30 design took 35 s with two threads and 1.6 s with one. For larger designs
    they would take the cores from an engine that sums several blocks at a time.
    """
    import torch

    threads = torch.get_num_threads()
    if threads == 1 or numbers > ONE_THREAD:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _array(tensor: "torch.Tensor") -> Float64[np.ndarray, "..."]:
    return np.asarray(tensor.detach().cpu(), dtype=np.float64)


@cache
def _torch_device(device: str) -> str:
    """Return the torch device that ``device`` means on this machine."""
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
