"""The kernel's sums over all rows of a table, for parameters of standardized columns."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.columns.moments import Extremes, column_extremes
from lr_pipeline.core.columns.reparametrization import Fold
from lr_pipeline.core.logistic.fast_kernel import linear_predictor
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.rows import Block, Rows, largest
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters


class LogisticSums:
    """The kernel's sums over all rows, and how many passes they took.

    With ``fold``, standardized rows are not computed where folding the standardization into the
    parameters does nearly as well. Where ``watches`` is set, the first pass also bounds the
    extremes of the columns that it sees.
    """

    def __init__(self, rows: Rows, kernel: LogisticKernel, fold: bool = True) -> None:
        self.rows = rows
        self.kernel = kernel
        self.passes = 0
        self.fold = Fold.of(rows) if fold else None
        self.watches = False
        self.extremes: Extremes | None = None

    def loss(self, w: Parameters) -> float:
        """Σ loss over all rows."""
        raw = self._folded(w, self.fold)
        return float(self._sum(lambda block: (self.kernel.loss(block, raw),), self.fold)[0])

    def loss_gradient(self, w: Parameters) -> tuple[float, Parameters]:
        """Σ loss and its gradient."""
        raw, fold = self._folded(w, self.fold), self.fold
        loss, gradient = self._sum(lambda block: self.kernel.loss_gradient(block, raw), fold)
        return float(loss), gradient if fold is None else fold.gradient(gradient)

    def loss_gradient_information(self, w: Parameters) -> tuple[float, Parameters, ParameterMatrix]:
        """Σ loss, its gradient and the Fisher information."""
        fold = self.fold if self.fold is not None and self.fold.keeps_hessians else None
        raw = self._folded(w, fold)
        loss, gradient, information = self._sum(
            lambda block: self.kernel.loss_gradient_information(block, raw), fold
        )
        if fold is None:
            return float(loss), gradient, information
        return float(loss), fold.gradient(gradient), fold.hessian(information)

    def information_product(self, w: Parameters, v: Parameters) -> Parameters:
        """The Fisher information times v."""
        fold = self.fold
        raw_w, raw_v = self._folded(w, fold), self._folded(v, fold)
        (product,) = self._sum(
            lambda block: (self.kernel.information_product(block, raw_w, raw_v),), fold
        )
        return np.asarray(product if fold is None else fold.gradient(product))

    def information_trace_gradient(self, w: Parameters, A: ParameterMatrix) -> Parameters:
        """∇_w tr(A I(w)) for a fixed symmetric A, on the rows as they are given."""
        (gradient,) = self._sum(
            lambda block: (self.kernel.information_trace_gradient(block, w, A),), None
        )
        return np.asarray(gradient)

    def largest_predictor(self, v: Parameters) -> float:
        """Return max |x̃ᵀ v| over all rows."""
        raw, rows = self._folded(v, self.fold), self.rows if self.fold is None else self.fold.rows
        return largest(
            rows, lambda block: float(np.abs(linear_predictor(block, raw)).max(initial=0.0))
        )

    def largest(self) -> Columns | None:
        """Return bounds (k,) on the columns' absolute values, where they have been watched."""
        if self.extremes is None or self.fold is None:
            return None
        return self.fold.largest(self.extremes)

    def _sum(
        self, block_function: Callable[[Block], tuple[Any, ...]], fold: Fold | None
    ) -> tuple[Any, ...]:
        """One pass, over the rows as they are where a fold stands for their standardization."""
        self.passes += 1
        rows = self.rows if fold is None else fold.rows
        if fold is None or not self.watches or self.extremes is not None:
            return rows.sum(block_function)

        extremes_of = Extremes.around if fold.alike else Extremes.of

        def watch(block: Block) -> tuple[Any, ...]:
            with np.errstate(over="ignore", invalid="ignore"):  # seen below
                return *block_function(block), extremes_of(block.X)

        *sums, extremes = rows.sum(watch)
        if not extremes.finite.all():
            self.passes += 1
            extremes = column_extremes(rows)  # which refuses what is not finite
        self.extremes = extremes
        return tuple(sums)

    def _folded(self, w: Parameters, fold: Fold | None) -> Float64[np.ndarray, " q"]:
        return w if fold is None else fold.parameters(w)
