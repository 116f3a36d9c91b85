"""Learning rates for gradient descent: fixed, or decaying with the iteration (from 0)."""

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi

import numpy as np

from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.types import ParameterMatrix

StepSize = Callable[[int], float]


@dataclass(frozen=True)
class FixedStep:
    """η at every iteration."""

    rate: float

    def __call__(self, iteration: int) -> float:
        """Return the step of this iteration."""
        return self.rate


@dataclass(frozen=True)
class StepDecay:
    """η · factor^⌊k / every⌋."""

    rate: float
    factor: float = 0.5
    every: int = 1000

    def __call__(self, iteration: int) -> float:
        """Return the step of this iteration."""
        return self.rate * self.factor ** (iteration // self.every)


@dataclass(frozen=True)
class ExponentialDecay:
    """η · exp(−decay · k)."""

    rate: float
    decay: float

    def __call__(self, iteration: int) -> float:
        """Return the step of this iteration."""
        return self.rate * float(np.exp(-self.decay * iteration))


@dataclass(frozen=True)
class InverseTimeDecay:
    """η / (1 + decay · k)."""

    rate: float
    decay: float

    def __call__(self, iteration: int) -> float:
        """Return the step of this iteration."""
        return self.rate / (1.0 + self.decay * iteration)


@dataclass(frozen=True)
class CosineDecay:
    """From η down to ``floor`` along half a cosine over ``iterations``, then ``floor``."""

    rate: float
    iterations: int
    floor: float = 0.0

    def __call__(self, iteration: int) -> float:
        """Return the step of this iteration."""
        progress = min(iteration / self.iterations, 1.0)
        return self.floor + (self.rate - self.floor) * (1.0 + cos(pi * progress)) / 2.0


def largest_stable_step(rows: Rows) -> float:
    """Return 2 / L: with larger steps gradient descent on the mean log loss may not descend.

    L = λ_max(Σ weight x̃ x̃ᵀ) / (4 Σ weight) with x̃ = (1, x) bounds the Hessian everywhere, since
    σ(z) (1 − σ(z)) ≤ 1/4. One pass over the rows.
    """

    def gram_weight(block: Block) -> tuple[ParameterMatrix, float]:
        weight = np.ones(len(block.y)) if block.weight is None else block.weight
        root = np.sqrt(weight)
        half = np.column_stack([root, root[:, None] * block.X])
        return half.T @ half, float(weight.sum())

    gram, total_weight = rows.sum(gram_weight)
    lipschitz = float(np.linalg.eigvalsh(gram)[-1] / (4.0 * total_weight))
    return 2.0 / lipschitz
