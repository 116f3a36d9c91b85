"""The kernel's sums over all rows of a table, for parameters of standardized columns."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.columns.moments import Extremes, column_extremes
from lr_pipeline.core.columns.reparametrization import Reparametrization
from lr_pipeline.core.logistic.fast_kernel import linear_predictor
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.rows import Block, Rows, Value, largest
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters


class LogisticSums:
    """The kernel's sums over all rows, and how many passes they took.

    Where the rows are standardized, ``T`` is the map that standardizes the parameters instead, so
    that no pass has to compute standardized rows; None where the map would lose digits, or without
    ``reparametrize``. Where ``watches`` is set, the first pass also bounds the columns' extremes.
    """

    def __init__(self, rows: Rows, kernel: LogisticKernel, reparametrize: bool = True) -> None:
        self.rows = rows
        self.kernel = kernel
        self.passes = 0
        self.T = Reparametrization.of(rows) if reparametrize else None
        self.watches = False
        self.extremes: Extremes | None = None

    def loss(self, w: Parameters) -> float:
        """Σ loss over all rows."""
        Tw = _mapped(self.T, w)
        return float(self._sum(lambda block: self.kernel.loss(block, Tw), self.T))

    def loss_gradient(self, w: Parameters) -> tuple[float, Parameters]:
        """Σ loss and its gradient."""
        T, Tw = self.T, _mapped(self.T, w)
        loss, gradient = self._sum(lambda block: self.kernel.loss_gradient(block, Tw), T)
        return float(loss), gradient if T is None else T.gradient(gradient)

    def loss_gradient_information(self, w: Parameters) -> tuple[float, Parameters, ParameterMatrix]:
        """Σ loss, its gradient and the Fisher information."""
        T = self.T if self.T is not None and self.T.keeps_hessians else None
        Tw = _mapped(T, w)
        loss, gradient, information = self._sum(
            lambda block: self.kernel.loss_gradient_information(block, Tw), T
        )
        if T is None:
            return float(loss), gradient, information
        return float(loss), T.gradient(gradient), T.hessian(information)

    def information_trace_gradient(self, w: Parameters, A: ParameterMatrix) -> Parameters:
        """∇_w tr(A I(w)) for a fixed symmetric A, on the given rows, without ``T``."""
        return np.asarray(
            self._sum(lambda block: self.kernel.information_trace_gradient(block, w, A), None)
        )

    def largest_predictor(self, v: Parameters) -> float:
        """Return max |x̃ᵀ v| over all rows."""
        Tv, rows = _mapped(self.T, v), self.rows if self.T is None else self.T.rows
        return largest(
            rows, lambda block: float(np.abs(linear_predictor(block, Tv)).max(initial=0.0))
        )

    def largest(self) -> Columns | None:
        """Return bounds (k,) on the columns' absolute values, where a pass has found them."""
        return None if self.extremes is None or self.T is None else self.T.largest(self.extremes)

    def _sum(self, block_function: Callable[[Block], Value], T: Reparametrization | None) -> Value:
        """Sum in one pass, over the rows of ``T`` where it is given, else the objective's rows."""
        self.passes += 1
        rows = self.rows if T is None else T.rows
        if T is None or not self.watches or self.extremes is not None:
            return rows.sum(block_function)

        extremes_of = Extremes.around if T.alike else Extremes.of

        def watch(block: Block) -> tuple[Value, Extremes]:
            with np.errstate(over="ignore", invalid="ignore"):  # checked below
                return block_function(block), extremes_of(block.X)

        value, extremes = rows.sum(watch)
        if not extremes.finite.all():
            self.passes += 1
            extremes = column_extremes(rows)  # raises for values that are not finite
        self.extremes = extremes
        return value


def _mapped(T: Reparametrization | None, w: Parameters) -> Float64[np.ndarray, " q"]:
    """T w, for the rows that are summed."""
    return w if T is None else T.parameters(w)
