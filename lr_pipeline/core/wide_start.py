"""The optimum of a table of many columns, nearly, in single precision.

Where columns are many, most of a fit's time goes into squares of the design, XᵀSX. Here they are
formed once or twice, of a few rows for each parameter: enough to show that the columns are
independent, to bound the Hessian of all rows from below, and, as a preconditioner, to bring its
condition number to about ((1 + q) / (1 − q))², q² parameters per row of the sample (Marchenko &
Pastur). All else are products with vectors, of all rows, in single precision.
"""

from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from lr_pipeline.core.classes import prevalence_start
from lr_pipeline.core.moments import moments_of, standard_deviation
from lr_pipeline.core.objective import LogisticKernel, LogisticObjective, NoPenalty
from lr_pipeline.core.rank import analyse_by_information
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.single_precision import SingleObjective, SingleRows, SingleVector
from lr_pipeline.core.solvers.conjugate_gradient import conjugate_gradient
from lr_pipeline.core.solvers.curvature import curvature_solve, decrement, is_last_step
from lr_pipeline.core.solvers.line_search import wolfe_search
from lr_pipeline.core.solvers.secant import LinearSolve
from lr_pipeline.core.standardize import StandardizedRows, standardized
from lr_pipeline.core.survey import survey
from lr_pipeline.core.types import ParameterMatrix, Parameters
from lr_pipeline.core.warm_start import WarmStart

# From so many columns on, products with vectors take so much less time than a square.
MANY_COLUMNS = 200
# A sample has so many rows a parameter, which leave a certificate half as wide again as those of
# all rows would, but for its share of them; of tables with so many rows a parameter.
ROWS_PER_PARAMETER = 4
LEAST_ROWS_PER_PARAMETER = 12
# The copy in single precision has so many numbers at most, 256 MiB.
MOST_NUMBERS = 2**26
# Steps until so many standard errors from the optimum; of each the share of the gradient that is
# left, and most products with the Hessian.
STEPS = 20
NEAR = 0.3
FORCING = 0.1
FEW_PRODUCTS = 8
# Where a predictor has changed by more since the sample's Hessian was formed, it is formed again.
MOST_CHANGE = 0.3
# The same of the steps in double precision.
SOLVED = 1e-3
NEARER = 0.3
PRODUCTS = 30


@dataclass(frozen=True, eq=False)
class WideStart(WarmStart):
    """A warm start near the optimum of all rows, whose ``solve`` multiplies by their Hessian."""

    single: SingleObjective

    @cached_property
    def variance(self) -> SingleVector:
        """σ(z) σ(−z) of all rows at the start."""
        return self.single.variance(self.start)

    def preconditioner(self, tolerance: float) -> LinearSolve:
        """Return g ↦ H⁻¹ g for the Hessian of all rows at the start, nearly.

        By the sample's Hessian alone, where that shows the gradient to vanish within ``tolerance``
        standard errors.
        """
        precondition = curvature_solve(self.hessian)
        product = partial(self.single.product, self.variance)

        def solve(gradient: Parameters) -> Parameters:
            distance = decrement(precondition, gradient, self.classes.total_weight)
            if distance <= tolerance:
                return precondition(gradient)
            share = max(SOLVED, NEARER * tolerance / distance)
            return conjugate_gradient(product, precondition, gradient, share, PRODUCTS).x

        return solve


def wide_start(rows: Rows, kernel: LogisticKernel) -> WideStart | None:
    """Minimise the log loss in single precision; a few passes over the rows.

    None where columns are few or the rows too few or too many for it, and where a sample leaves
    in doubt whether the columns are independent or the estimate exists.

    Raises
    ------
    ValueError
        As ``survey``.
    """
    n, d = rows.num_rows, rows.num_columns
    if d < MANY_COLUMNS or n < LEAST_ROWS_PER_PARAMETER * (d + 1) or n * d > MOST_NUMBERS:
        return None
    seen = survey(rows, ROWS_PER_PARAMETER * (d + 1) / n)
    held = rows.hold(seen.sample)
    moments = held.sum(lambda block: (moments_of(block.X, block.weight),))[0]
    center, scale = moments.mean, standard_deviation(moments)
    single = SingleRows.of(rows, center, scale)
    if single is None:
        return None
    design = StandardizedRows(held, tuple(range(d)), center, scale, None)
    sample = LogisticObjective(design, kernel, NoPenalty(), moments.weight)
    classes, objective = seen.classes, SingleObjective(single, sample, seen.classes.total_weight)
    start = prevalence_start(*classes.weights, d)
    near = _approach(objective, start, np.eye(d + 1) / 4.0, FEW_PRODUCTS)
    hessian, hessian_at = objective.sample_hessian(near.w), near.w
    analysis = analyse_by_information(moments, hessian)
    if analysis is None:
        return None
    if not near.arrived:
        near = _approach(objective, near.w, hessian, PRODUCTS)
        if not near.arrived:
            return None
    if (
        near.w is not hessian_at
        and sample.sums.largest_predictor(near.w - hessian_at) > MOST_CHANGE
    ):
        hessian, hessian_at = objective.sample_hessian(near.w), near.w
    analysis = replace(
        analysis,
        num_rows=classes.rows_0 + classes.rows_1,
        total_weight=classes.total_weight,
        extremes=single.extremes,
    )
    coordinates = standardized(analysis, analysis.independent, False)
    return WideStart(coordinates, classes, near.w, hessian, hessian_at, sample, objective)


class _Reached(NamedTuple):
    """A point, and whether it is near the optimum."""

    w: Parameters
    arrived: bool


def _approach(
    objective: SingleObjective, w: Parameters, hessian: ParameterMatrix, products: int
) -> _Reached:
    """Inexact Newton steps, each from at most so many products with the Hessian; the last a full one.

    ``hessian``: one to precondition with. Ends where a step is not found, or not solved for.
    """
    precondition = curvature_solve(hessian)
    value, gradient = objective.value_gradient(w)
    for _ in range(STEPS):
        product = partial(objective.product, objective.variance(w))
        step, close = conjugate_gradient(product, precondition, gradient, FORCING, products)
        near = objective.total_weight * float(gradient @ step) <= NEAR**2
        if close and near and is_last_step(step, w):
            return _Reached(w - step, True)
        found = wolfe_search(objective, w, value, gradient, -step)
        if found is None:
            break
        _, w, value, gradient, _ = found
        if not close:
            break
    return _Reached(w, False)
