"""Why Newton's method needs a few steps where gradient descent needs very many.

Near the optimum w* the log loss is J(w) ≈ J(w*) + ½ (w − w*)ᵀ H (w − w*). Along an eigenvector of H
with eigenvalue λ a step of gradient descent multiplies the distance to w* by 1 − η λ, so that a
flat direction, one with a small λ, takes very many steps. Newton's step H⁻¹ g divides by λ, so that
all directions take equally many steps; each step about squares the distance.
"""

from dataclasses import dataclass
from math import ceil, log

import numpy as np
from jaxtyping import Float64
from scipy.special import expit

from lr_pipeline.core.logistic.loss import log_loss, residual, variance
from lr_pipeline.core.rows import Block
from lr_pipeline.core.types import ParameterMatrix, Parameters

FLAT = 1e-10  # an eigenvalue below this share of the largest one is 0 but for rounding
VALLEY_START = (-2.5, 1.0)  # along the flattest and the steepest direction, from w*
MILLION = 1e6

Points = Float64[np.ndarray, "points q"]
Pairs = Float64[np.ndarray, "_ 2"]


@dataclass(frozen=True, eq=False)
class NewtonSteps:
    """The results of both methods on one table, from parameters that are all 0.

    ``losses``, ``distances``: J(w_k) and ‖w_k − w*‖ of Newton's method, k = 0, 1, …
    ``descent`` (points, 2): steps of gradient descent, and its distance after them.
    ``smallest``, ``largest``: eigenvalues of H at w*, without those that are 0; ``needed``: steps
    of gradient descent that reduce a distance along the flattest direction to a millionth.
    ``valley``: the loss in the plane through w* of the flattest and the steepest direction, with
    the two paths in it, (points, 2) from w* as the origin; gradient descent's has ``epochs`` steps.
    """

    losses: list[float]
    distances: list[float]
    descent: Pairs
    smallest: float
    largest: float
    needed: int
    epochs: int
    valley: "MeanLoss"
    valley_descent: Pairs
    valley_newton: Pairs


@dataclass(frozen=True, eq=False)
class MeanLoss:
    """J(w), the mean log loss of log-odds z = offset + A w with labels y."""

    A: Float64[np.ndarray, "n q"]
    y: Float64[np.ndarray, " n"]
    offset: Float64[np.ndarray, " n"]

    def value(self, w: Parameters) -> float:
        """J(w)."""
        return float(np.mean(log_loss(self.offset + self.A @ w, self.y)))

    def gradient(self, w: Parameters) -> Parameters:
        """∇J(w) = Aᵀ (σ(z) − y) / n."""
        return np.asarray(self.A.T @ residual(self.offset + self.A @ w, self.y) / len(self.y))

    def hessian(self, w: Parameters) -> ParameterMatrix:
        """∇²J(w) = Aᵀ diag(σ(z) (1 − σ(z))) A / n."""
        s = variance(self.offset + self.A @ w)
        return np.asarray(self.A.T @ (s[:, None] * self.A) / len(self.y))

    def newton(self, w: Parameters, steps: int) -> Points:
        """Return w and each of the next ``steps`` points w − H⁻¹ g; H may be singular."""
        points = [w]
        for _ in range(steps):
            w = w - np.linalg.lstsq(self.hessian(w), self.gradient(w), rcond=FLAT)[0]
            points.append(w)
        return np.array(points)

    def descent(self, w: Parameters, rate: float, looks: list[int]) -> Points:
        """Iterate w ← w − rate · g, and return the points after the steps in ``looks``."""
        A, y, step = self.A, self.y, rate / len(self.y)
        points, done = [], 0
        for look in looks:
            for _ in range(look - done):  # hundreds of thousands: the gradient is written out
                w = w - step * (A.T @ (expit(self.offset + A @ w) - y))
            points.append(w)
            done = look
        return np.array(points)


def newton_steps(
    block: Block, optimum: Parameters, rate: float = 1e-3, epochs: int = 5_000, steps: int = 7
) -> NewtonSteps:
    """Follow both methods on rows without weights; ``optimum`` (p,) is w*, ``rate`` is η."""
    ones = np.ones((len(block.y), 1))
    loss = MeanLoss(np.hstack([ones, block.X]), block.y, np.zeros(len(block.y)))
    eigenvalues, vectors = np.linalg.eigh(loss.hessian(optimum))
    flattest = int(np.argmax(eigenvalues > FLAT * eigenvalues[-1]))
    needed = ceil(log(MILLION) / -log(1.0 - rate * eigenvalues[flattest]))
    start = np.zeros(len(optimum))
    path = loss.newton(start, steps)
    looks = _looks(needed)
    distances = np.linalg.norm(loss.descent(start, rate, looks) - optimum, axis=1)
    valley = MeanLoss(loss.A @ vectors[:, [flattest, -1]], block.y, loss.A @ optimum)
    return NewtonSteps(
        losses=[loss.value(w) for w in path],
        distances=np.linalg.norm(path - optimum, axis=1).tolist(),
        descent=np.column_stack([np.array(looks, dtype=float), distances]),
        smallest=float(eigenvalues[flattest]),
        largest=float(eigenvalues[-1]),
        needed=needed,
        epochs=epochs,
        valley=valley,
        valley_descent=valley.descent(np.array(VALLEY_START), rate, [0, *_looks(epochs)]),
        valley_newton=valley.newton(np.array(VALLEY_START), steps),
    )


def _looks(steps: int) -> list[int]:
    """Return step numbers from 1 to ``steps``, about equally spaced on a logarithmic axis."""
    return [int(look) for look in np.unique(np.geomspace(1, steps, 60).round())]
