"""Curvature estimated from past steps: limited-memory BFGS (Nocedal & Wright, 2006, §7.2)."""

from collections import deque

import numpy as np

from lr_pipeline.core.types import LinearMap, Parameters


class SecantPairs:
    """The last steps s and the changes y of the gradient along them, y ≈ ∇²f s."""

    def __init__(self, memory: int) -> None:
        self.pairs: deque[tuple[Parameters, Parameters, float]] = deque(maxlen=memory)

    def __len__(self) -> int:
        """Number of steps that are remembered."""
        return len(self.pairs)

    def add(self, step: Parameters, change: Parameters) -> None:
        """Remember a pair, unless sᵀy is not clearly positive."""
        product = float(step @ change)
        if product > 1e-12 * float(np.linalg.norm(step) * np.linalg.norm(change)):
            self.pairs.append((step, change, 1.0 / product))

    def clear(self) -> None:
        """Forget all pairs."""
        self.pairs.clear()

    def scale(self) -> float:
        """Return sᵀy / yᵀy of the last pair, an estimate of the inverse curvature; 1 if empty."""
        if not self.pairs:
            return 1.0
        _, change, inverse_product = self.pairs[-1]
        return 1.0 / (inverse_product * float(change @ change))

    def solve(self, initial_solve: LinearMap, gradient: Parameters) -> Parameters:
        """Estimated inverse Hessian times the gradient: ``initial_solve``, corrected by pairs."""
        q = gradient.copy()
        alphas = []
        for step, change, inverse_product in reversed(self.pairs):
            alpha = inverse_product * float(step @ q)
            q -= alpha * change
            alphas.append(alpha)
        r = initial_solve(q)
        for (step, change, inverse_product), alpha in zip(
            self.pairs, reversed(alphas), strict=True
        ):
            r = r + (alpha - inverse_product * float(change @ r)) * step
        return r
