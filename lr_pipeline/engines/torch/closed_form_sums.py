"""The logistic sums on float64 tensors in closed form, most of it in place.

With s = 1 − 2y, m = s z and x̃ = (1, x), the loss is log(1 + exp(m)), its gradient s σ(m) x̃ and
its curvature σ(m) σ(−m) x̃ x̃ᵀ. No difference of nearly equal numbers is formed, so all are exact
to rounding for any z. Each call allocates its scratch memory: this costs nothing, since torch
reuses what the last call freed, and calls from several threads share no memory.
"""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import torch


class TensorBlock(NamedTuple):
    """A ``Block`` as float64 tensors on one device."""

    X: "torch.Tensor"
    y: "torch.Tensor"
    weight: "torch.Tensor | None"


def loss(block: TensorBlock, w: "torch.Tensor") -> "torch.Tensor":
    """Σ weight · log(1 + exp(m)), a scalar."""
    return _loss(block, _margin(block, w)[0])


def loss_gradient(block: TensorBlock, w: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
    """The loss and Σ weight · s σ(m) x̃, shape (p,)."""
    m, s = _margin(block, w)
    residual = m.sigmoid().mul_(s)
    return _loss(block, m), _combine_rows(block, _weighted(block, residual))


def loss_gradient_information(
    block: TensorBlock, w: "torch.Tensor"
) -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
    """The loss, its gradient and Σ weight · σ(m) σ(−m) x̃ x̃ᵀ, shape (p, p)."""
    m, s = _margin(block, w)
    p = m.sigmoid()
    variance = m.neg().sigmoid_().mul_(p)
    information = combine_products(block, _weighted(block, variance))
    return _loss(block, m), _combine_rows(block, _weighted(block, p.mul_(s))), information


def information_trace_gradient(
    block: TensorBlock, w: "torch.Tensor", A: "torch.Tensor"
) -> "torch.Tensor":
    """Σ weight · σ(m) σ(−m) s (σ(−m) − σ(m)) (x̃ᵀ A x̃) x̃, shape (p,)."""
    m, s = _margin(block, w)
    p, q = m.sigmoid(), m.neg().sigmoid_()
    slope = (q - p).mul_(p).mul_(q).mul_(s)
    X = block.X
    quadratic = (X @ A[1:, 1:]).mul_(X).sum(dim=1).add_(X @ A[1:, 0], alpha=2).add_(A[0, 0])
    return _combine_rows(block, _weighted(block, slope.mul_(quadratic)))


def combine_products(block: TensorBlock, r: "torch.Tensor") -> "torch.Tensor":
    """Σ r x̃ x̃ᵀ over the rows, differentiable in r."""
    import torch

    side = r @ block.X
    top = torch.cat([r.sum()[None], side])
    below = torch.column_stack([side, block.X.T @ (r[:, None] * block.X)])
    return torch.vstack([top, below])


def _linear(block: TensorBlock, w: "torch.Tensor") -> "torch.Tensor":
    """Each row's z = w[0] + X w[1:], shape (n,)."""
    import torch

    return torch.addmv(w[:1].expand(len(block.y)), block.X, w[1:])


def _margin(block: TensorBlock, w: "torch.Tensor") -> "tuple[torch.Tensor, torch.Tensor]":
    """Each row's m = s z and s = 1 − 2y."""
    s = block.y.mul(-2).add_(1)
    return _linear(block, w).mul_(s), s


def _loss(block: TensorBlock, m: "torch.Tensor") -> "torch.Tensor":
    """Σ weight · (log(1 + exp(−|m|)) + max(m, 0)); m is overwritten."""
    losses = m.abs().neg_().exp_().log1p_().add_(m.clamp_min_(0))
    return losses.sum() if block.weight is None else losses @ block.weight


def _combine_rows(block: TensorBlock, r: "torch.Tensor") -> "torch.Tensor":
    """Σ r x̃ over the rows."""
    import torch

    return torch.cat([r.sum()[None], r @ block.X])


def _weighted(block: TensorBlock, values: "torch.Tensor") -> "torch.Tensor":
    """Each row's value times its weight, in place."""
    return values if block.weight is None else values.mul_(block.weight)
