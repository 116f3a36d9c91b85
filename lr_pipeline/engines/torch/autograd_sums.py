"""The logistic sums on float64 tensors by automatic differentiation.

The functions are those of ``closed_form_sums``. Only the loss and the information are written out.
Torch derives every other sum from these two, so that they check the closed forms.
"""

from typing import TYPE_CHECKING

from lr_pipeline.engines.torch.closed_form_sums import TensorBlock, combine_products

if TYPE_CHECKING:
    import torch


def log_loss(z: "torch.Tensor", y: "torch.Tensor", weight: "torch.Tensor | None") -> "torch.Tensor":
    """Σ weight · log(1 + exp(z)) − y z over rows (n,) with y in {0, 1}, a scalar."""
    from torch.nn.functional import softplus

    # Do not use binary_cross_entropy_with_logits: it cancels (its loss is 0 at z = −40, y = 0, and
    # its gradient is 0 at z = 40, y = 1, instead of ±4.2e-18), and it wakes every core for 100
    # rows, which made it 20 times slower on a busy machine. Above its threshold softplus returns
    # its argument, which is exact from 37 on, but not from the default of 20 on.
    losses = softplus((1 - 2 * y) * z, threshold=40)
    return losses.sum() if weight is None else losses @ weight


def loss(block: TensorBlock, w: "torch.Tensor") -> "torch.Tensor":
    """Σ weight · log loss, a scalar, differentiable in w."""
    return log_loss(_linear(block, w), block.y, block.weight)


def loss_gradient(block: TensorBlock, w: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
    """The loss and its gradient (p,), by one backward pass."""
    from torch.autograd import grad

    leaf = _leaf(w)
    value = loss(block, leaf)
    (gradient,) = grad(value, leaf)
    return value, gradient


def loss_gradient_information(
    block: TensorBlock, w: "torch.Tensor"
) -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
    """The loss, its gradient and the information (p, p), the last by its product form."""
    # torch.autograd.functional.hessian makes p backward passes: 13 times slower than the product at
    # 20 columns and 25 times at 100 (blocks of 16,384 rows). So only tests use it.
    return *loss_gradient(block, w), _information(block, w)


def information_trace_gradient(
    block: TensorBlock, w: "torch.Tensor", A: "torch.Tensor"
) -> "torch.Tensor":
    """∇_w tr(A I(w)), by a backward pass through I(w) = Σ weight · σ(z) σ(−z) x̃ x̃ᵀ."""
    from torch.autograd import grad

    leaf = _leaf(w)
    (gradient,) = grad(_information(block, leaf), leaf, grad_outputs=A)
    return gradient


def _linear(block: TensorBlock, w: "torch.Tensor") -> "torch.Tensor":
    """Each row's z = w[0] + X w[1:], shape (n,)."""
    from torch.nn.functional import linear

    return linear(block.X, w[None, 1:], w[:1]).squeeze(1)


def _information(block: TensorBlock, w: "torch.Tensor") -> "torch.Tensor":
    """The information (p, p), differentiable in w."""
    import torch

    z = _linear(block, w)
    s = torch.sigmoid(z) * torch.sigmoid(-z)  # p (1 − p) would round to 0 above z = 37
    return combine_products(block, s if block.weight is None else s * block.weight)


def _leaf(w: "torch.Tensor") -> "torch.Tensor":
    """The parameters as the leaf of a graph."""
    return w.detach().requires_grad_()
