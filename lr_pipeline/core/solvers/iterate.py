"""The point that gradient descent moves."""

from typing import Protocol, runtime_checkable

import numpy as np

from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective, SmoothFunction
from lr_pipeline.core.solvers.signed_rows import SignedRows
from lr_pipeline.core.types import Parameters, RowVector


@runtime_checkable
class Iterate(Protocol):
    """Where a descent is; f is evaluated once a point, its value only where asked for."""

    @property
    def parameters(self) -> Parameters:
        """A copy of w."""

    def value_gradient(self) -> tuple[float, Parameters]:
        """f(w) and ∇f(w), which the next step overwrites."""

    def descend(self, step: float) -> None:
        """Move to w − step ∇f(w)."""


def iterate_of(objective: SmoothFunction, start: Parameters) -> Iterate:
    """Return an iterate at ``start``: in place for few rows and the numpy kernel itself."""
    if isinstance(objective, LogisticObjective) and type(objective.sums.kernel) is NumpyKernel:
        signed = SignedRows.of(objective)
        if signed is not None:
            return InPlaceIterate(signed, start)
    return FunctionIterate(objective, start)


class FunctionIterate:
    """A point on any smooth function."""

    def __init__(self, function: SmoothFunction, start: Parameters) -> None:
        self.function = function
        self.w = start.copy()
        self.gradient: Parameters | None = None  # at w, once evaluated there

    @property
    def parameters(self) -> Parameters:
        """A copy of w."""
        return self.w.copy()

    def value_gradient(self) -> tuple[float, Parameters]:
        """f(w) and ∇f(w)."""
        value, self.gradient = self.function.value_gradient(self.w)
        return value, self.gradient

    def descend(self, step: float) -> None:
        """Move to w − step ∇f(w)."""
        gradient = self.value_gradient()[1] if self.gradient is None else self.gradient
        self.w = self.w - step * gradient
        self.gradient = None


class InPlaceIterate:
    """A point on the penalised mean log loss of ``SignedRows``, without allocations.

    The margins are −A w, so that 1 / (1 + exp(margin)) is σ(a w); where that overflows, the
    residual is 0, which it is to 1e-308.
    """

    def __init__(self, rows: SignedRows, start: Parameters) -> None:
        self.rows = rows
        self.C = -rows.A
        self.penalised = bool(rows.pull.any())
        self.w = start.copy()
        self.ones = np.ones_like(rows.share)  # adding an array is cheaper than adding a number
        self.margin, self.scratch = np.empty_like(rows.share), np.empty_like(rows.share)
        self.ascent = np.empty_like(start)
        self.evaluated = False  # whether ``ascent`` belongs to w
        self.step, self.stepped = 1.0, rows.share  # the last step, and its product with the shares

    @property
    def parameters(self) -> Parameters:
        """A copy of w."""
        return self.w.copy()

    def value_gradient(self) -> tuple[float, Parameters]:
        """f(w) and ∇f(w)."""
        np.dot(self.w, self.C, out=self.margin)
        value = self._value()
        self._set_ascent(self.rows.share)
        if self.penalised:
            self.ascent -= self.rows.pull * self.w
        self.evaluated = True
        return value, -self.ascent

    def descend(self, step: float) -> None:
        """Move to w − step ∇f(w)."""
        if self.evaluated:
            self.ascent *= step
        else:
            if step != self.step:
                self.step, self.stepped = step, step * self.rows.share
            np.dot(self.w, self.C, out=self.margin)
            self._set_ascent(self.stepped)
            if self.penalised:
                self.ascent -= step * self.rows.pull * self.w
        self.w += self.ascent
        self.evaluated = False

    def _value(self) -> float:
        """Σ share (log(1 + exp(−|margin|)) + max(−margin, 0)) + ½ Σ pull w²."""
        share, t = self.rows.share, self.scratch
        np.abs(self.margin, out=t)
        np.negative(t, out=t)
        np.exp(t, out=t)
        np.log1p(t, out=t)
        value = t @ share - np.minimum(self.margin, 0.0, out=t) @ share
        return float(value + 0.5 * (self.rows.pull @ self.w**2))

    def _set_ascent(self, share: RowVector) -> None:
        """−Σ share ∇loss, from the margins, which are lost."""
        t = self.margin
        np.exp(t, out=t)
        np.add(t, self.ones, out=t)
        np.divide(share, t, out=t)
        np.dot(self.C, t, out=self.ascent)
        self.rows.sums.passes += 1
