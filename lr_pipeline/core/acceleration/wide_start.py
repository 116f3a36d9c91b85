"""A start near the optimum of a table of many columns, in single precision.

With many columns, most of a fit's time goes into squares of the design, XᵀSX. Here they are formed
once or twice, from a sample with a few rows per parameter. This is enough to show that the columns
are independent and to bound the Hessian of all rows from below. As a preconditioner it brings the
condition number to about ((1 + q) / (1 − q))², with q² parameters per row of the sample (Marchenko
& Pastur). All other work is products of all rows with vectors, in single precision.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from math import sqrt
from typing import ClassVar, NamedTuple

from lr_pipeline.core.acceleration.regimes import REGIMES, Regimes
from lr_pipeline.core.acceleration.single_precision import (
    Expansion,
    SingleObjective,
    standardized_single,
)
from lr_pipeline.core.acceleration.warm_start import WarmStart
from lr_pipeline.core.columns.classes import ClassCounts, prevalence_start
from lr_pipeline.core.columns.moments import possible_moments, standard_deviation
from lr_pipeline.core.columns.rank import analyse_by_information
from lr_pipeline.core.columns.sampling_pass import draw_sample
from lr_pipeline.core.columns.standardize import StandardizedRows, standardized
from lr_pipeline.core.linear_algebra.conjugate_gradient import conjugate_gradient
from lr_pipeline.core.linear_algebra.factors import Factors
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers.hessian_solve import decrement, is_last_step
from lr_pipeline.core.solvers.line_search import backtrack
from lr_pipeline.core.solvers.secant import SecantPairs
from lr_pipeline.core.types import Columns, LinearMap, Parameters

# The largest number of steps, and of products with the Hessian in each step: FEW_PRODUCTS where the
# preconditioner takes the columns as uncorrelated, PRODUCTS where it is a sample's Hessian.
STEPS = 12
FEW_PRODUCTS = 12
PRODUCTS = 25
MOST_HALVINGS = 10
# Number of products with the Hessian that are remembered.
MEMORY = 20
# The share of the gradient that a step leaves. After a full step of at most NEAR standard errors,
# the last step leaves LAST_FORCING.
FORCING = 0.1
NEAR = 0.3
LAST_FORCING = 0.01
# The sample's Hessian is formed again where a predictor has changed by more than this since.
MOST_CHANGE = 0.3
# The share of the gradient that a step in double precision may leave: the smallest one asked for,
# and the share relative to the tolerance.
SOLVED = 1e-3
NEARER = 0.5


@dataclass(frozen=True, eq=False)
class WideStart(WarmStart):
    """A warm start near the optimum of all rows.

    ``product``: v ↦ H v with the Hessian of all rows near the start.
    """

    product: LinearMap
    knows_extremes: ClassVar[bool] = True

    def preconditioner(self, tolerance: float) -> LinearMap:
        """Return g ↦ H⁻¹ g, approximately, for the Hessian of all rows at the start.

        The sample's Hessian is enough where, by its measure, the optimum is within ``tolerance``
        standard errors.
        """

        def solve(gradient: Parameters) -> Parameters:
            sample = self.factors.solve
            distance = decrement(sample, gradient, self.classes.total_weight)
            if distance <= tolerance:
                return sample(gradient)
            share = max(SOLVED, NEARER * tolerance / distance)
            return conjugate_gradient(self.product, sample, gradient, share, PRODUCTS).x

        return solve


def wide_start(rows: Rows, kernel: LogisticKernel, regimes: Regimes = REGIMES) -> WideStart | None:
    """Minimise the log loss in single precision; two passes over the rows.

    None where there are few columns, or too few or too many rows, and where a sample does not show
    that the columns are independent and the estimate exists.

    Raises
    ------
    ValueError
        As ``draw_sample``.
    """
    sampled = _wide_sample(rows, regimes)
    if sampled is None:
        return None
    classes, held = sampled
    moments = possible_moments(held)
    center, scale = moments.mean, standard_deviation(moments)
    single = standardized_single(rows, center, scale)
    if single is None:
        return None
    objective = SingleObjective(single.blocks, rows, classes.total_weight)
    start = prevalence_start(*classes.weights, rows.num_columns)
    far = _approach(objective, start, lambda gradient: 4.0 * gradient, FEW_PRODUCTS)

    design = StandardizedRows(held, tuple(range(rows.num_columns)), center, scale, None)
    sample = LogisticObjective(design, kernel, NoPenalty(), moments.weight)
    factors, factored_at = Factors.of(sample.value_gradient_hessian(far.w)[2]), far.w
    analysis = None if factors is None else analyse_by_information(moments, factors)
    if factors is None or analysis is None:
        return None
    near = far if far.arrived else _approach(objective, far.w, factors.solve, PRODUCTS)
    if not near.arrived:
        return None
    if near is not far and sample.sums.largest_predictor(near.w - far.w) > MOST_CHANGE:
        factors, factored_at = Factors.of(sample.value_gradient_hessian(near.w)[2]), near.w
        if factors is None:
            return None
    analysis = replace(
        analysis,
        num_rows=classes.rows_0 + classes.rows_1,
        total_weight=classes.total_weight,
        extremes=single.extremes,
    )
    coordinates = standardized(analysis, analysis.independent, False)
    return WideStart(
        coordinates, classes, near.w, factors, factored_at, sample, near.expansion.product
    )


def wide_standardizations(rows: Rows) -> Iterator[tuple[Columns, Columns]]:
    """Yield ``center`` and ``scale`` (d,) of a fit from a wide start, if one would be tried."""
    sampled = _wide_sample(rows, REGIMES)
    if sampled is not None:
        moments = possible_moments(sampled[1])
        yield moments.mean, standard_deviation(moments)


def _wide_sample(rows: Rows, regimes: Regimes) -> tuple[ClassCounts, Rows] | None:
    """The classes of all rows and a sample of the rows; None where a wide start is not tried."""
    n, p = rows.num_rows, rows.num_columns + 1
    few_columns = rows.num_columns < regimes.many_columns
    few_rows = n < regimes.wide_rows_per_parameter * p
    if few_columns or few_rows or n * rows.num_columns > regimes.wide_numbers:
        return None
    classes, sample = draw_sample(rows, regimes.wide_sample_rows_per_parameter * p / n)
    return classes, rows.hold(sample)


class _Reached(NamedTuple):
    """A point, the expansion at the point before it, and whether the optimum is near."""

    w: Parameters
    expansion: Expansion
    arrived: bool


def _approach(
    objective: SingleObjective, w: Parameters, precondition: LinearMap, products: int
) -> _Reached:
    """Inexact Newton steps, each computed by at most ``products`` products with the Hessian.

    The products also improve the next step's preconditioner (Morales & Nocedal, 2000, SIAM Journal
    on Optimization 10: 1079–1096). The iteration ends where no step lowers the loss enough, or a
    step is not computed closely. Near the optimum full steps are taken, since differences of the
    loss are below its rounding.
    """
    at, share = objective.expand(w), FORCING
    pairs = SecantPairs(MEMORY)
    for _ in range(STEPS):
        improved = partial(pairs.solve, precondition)
        step, close, known = conjugate_gradient(at.product, improved, at.gradient, share, products)
        for direction, change in known:
            pairs.add(direction, change)
        if close and share < FORCING:
            return _Reached(w - step, at, True)
        distance = sqrt(max(objective.total_weight * float(at.gradient @ step), 0.0))
        if close and distance <= NEAR and is_last_step(step, w):
            share, w = LAST_FORCING, w - step
            at = objective.expand(w)
            continue
        found, _, _ = backtrack(objective.expand, at, -step, MOST_HALVINGS)
        if found is None:
            break
        w, at = found.w, found
        if not close:
            break
    return _Reached(w, at, False)
