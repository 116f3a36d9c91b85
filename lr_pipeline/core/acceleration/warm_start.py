"""A start near a large table's optimum, from a sample of its rows.

The estimate on a share f of the rows is about √(1/f) standard errors away from the estimate on all
rows, and its Hessian differs from that of all rows by a few percent. With it as preconditioner,
each pass for a gradient divides the distance to the optimum by ten to a hundred.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import exp, sqrt
from typing import ClassVar

from lr_pipeline.core.acceleration.regimes import REGIMES, Regimes
from lr_pipeline.core.columns.classes import ClassCounts, prevalence_start
from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.columns.sampling_pass import draw_sample
from lr_pipeline.core.columns.standardize import Coordinates, orthonormal, standardized
from lr_pipeline.core.linear_algebra.factors import Factors
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.solvers import Newton, Status
from lr_pipeline.core.solvers.hessian_solve import decrement
from lr_pipeline.core.types import Columns, LinearMap, Parameters

# The sample's optimum is itself several standard errors from that of all rows, so that it need not
# be found closely.
NEAR = 1.0
NEWTON = Newton(tolerance=NEAR, max_iterations=20, polish=False)
# Steps on the larger sample. The last one has at most this length in standard errors, divided by
# √weight: about its share of the parameters, and so the relative change of the Hessian along it.
STEPS = 4
SHORT_STEP = 0.02
# Beyond this change of x̃ᵀw, a lower bound of the Hessian would prove nothing.
LARGEST_CHANGE = 100.0
# More than the relative rounding error of a change of x̃ᵀw.
ROUNDING = 1e-6


@dataclass(frozen=True, eq=False)
class WarmStart:
    """Where to start on all rows, and with which Hessian.

    ``coordinates``: standardized by a sample's means and deviations. ``start`` (p,), near the
    sample's optimum, is in these coordinates, and so are ``factors`` of the Hessian of the sample's
    mean objective at ``factored_at`` (p,). ``objective`` is the sample's, ``classes`` are those of
    all rows. ``knows_extremes``: whether the coordinates' extremes are also those of all rows.
    """

    coordinates: Coordinates
    classes: ClassCounts
    start: Parameters
    factors: Factors
    factored_at: Parameters
    objective: LogisticObjective
    knows_extremes: ClassVar[bool] = False

    def preconditioner(self, tolerance: float) -> LinearMap:
        """Return g ↦ H⁻¹ g, approximately, for a descent on all rows to ``tolerance``."""
        return self.factors.solve

    @property
    def share(self) -> float:
        """The sample's share of the total weight."""
        return self.objective.total_weight / self.classes.total_weight

    def factors_below(self, w: Parameters) -> Factors | None:
        """Return the factors of a lower bound at ``w`` of the Hessian of the sum over all rows.

        The sum over the sample is such a bound, since every other row adds a positive semidefinite
        matrix. Where x̃ᵀw changes by at most M, a row's variance is at least exp(−M) times what it
        was. None where M is too large for a useful bound.
        """
        change = self.objective.sums.largest_predictor(w - self.factored_at)
        if not change <= LARGEST_CHANGE:
            return None
        return self.factors.times(self.objective.total_weight * exp(-change) * (1.0 - ROUNDING))


def warm_start(
    rows: Rows, kernel: LogisticKernel, penalty: Penalty, regimes: Regimes = REGIMES
) -> WarmStart | None:
    """Fit a tenth of the rows, starting from a fit of a tenth of those; one pass over all rows.

    ``penalty``: that of the sum over all rows. None where the table is small, or the sample does
    not determine an estimate: it has one class alone, is separated, or has dependent columns.

    Raises
    ------
    ValueError
        As ``draw_sample``.
    """
    sampled = _samples(rows, regimes)
    if sampled is None:
        return None
    classes, samples = sampled
    found = None
    for block in samples:
        sample_classes = ClassCounts.of(block)
        share = penalty.for_share(sample_classes.total_weight, classes.total_weight)
        found = _fit_sample(rows.hold(block), sample_classes, kernel, share, found)
    if found is None:
        return None
    analysis = replace(
        found.coordinates.analysis,
        num_rows=classes.rows_0 + classes.rows_1,
        total_weight=classes.total_weight,
    )
    coordinates = replace(found.coordinates, analysis=analysis)
    return replace(found, coordinates=coordinates, classes=classes)


def possible_standardizations(rows: Rows) -> Iterator[tuple[Columns, Columns]]:
    """Yield the pairs ``center``, ``scale`` (d,), one of which is that of a fit to ``rows``.

    Those of the samples come first, where there are enough rows for a warm start, then those of all
    rows. Errors as ``draw_sample`` and ``analyse_columns``.
    """
    _, samples = _samples(rows, REGIMES) or (None, [])
    analyses = [analyse_columns(rows.hold(one)) for one in samples]
    del samples  # not held while a caller waits
    yield from ((analysis.mean, analysis.scale) for analysis in analyses)
    analysis = analyse_columns(rows)
    yield analysis.mean, analysis.scale


def _samples(rows: Rows, regimes: Regimes) -> tuple[ClassCounts, list[Block]] | None:
    """The classes of all rows, a tenth of a sample and the sample; None for too few rows."""
    if rows.num_rows < regimes.sampled_rows or rows.num_columns == 0:
        return None
    needed = regimes.sample_rows_per_parameter * (rows.num_columns + 1)
    wanted = min(regimes.sample_share * rows.num_rows, regimes.sample_numbers / rows.num_columns)
    share = max(wanted, needed) / rows.num_rows
    if share > regimes.largest_sample_share:
        return None
    classes, sample = draw_sample(rows, share)
    blocks = [_thinned(sample), sample]
    return classes, [block for block in blocks if len(block.y) >= needed / 2]


def _thinned(block: Block) -> Block:
    """Every tenth row."""
    X, y, weight = block
    return Block(X[::10].copy(), y[::10].copy(), None if weight is None else weight[::10].copy())


def _fit_sample(
    rows: Rows,
    classes: ClassCounts,
    kernel: LogisticKernel,
    penalty: Penalty,
    before: WarmStart | None,
) -> WarmStart | None:
    """Newton's method on a sample, from the fit of a smaller one; None if there is no estimate."""
    if classes.rows_0 == 0 or classes.rows_1 == 0:
        return None
    if before is None:
        analysis = analyse_columns(rows)
        if analysis.dependent:
            return None
        every = tuple(range(rows.num_columns))
        coordinates = (
            standardized(analysis, every, False)
            if penalty.strictly_convex
            else orthonormal(analysis, False)
        )
    else:
        coordinates = before.coordinates
    weight = classes.total_weight
    terms = penalty.in_coordinates(coordinates.scale, coordinates.deviation)
    objective = LogisticObjective(coordinates.rows(rows), kernel, terms, weight)
    if before is not None:
        return _refined(objective, before, classes)
    result = NEWTON.minimize(objective, prevalence_start(*classes.weights, rows.num_columns))
    w, gradient, hessian = result.parameters, result.gradient, result.hessian
    if result.status is not Status.CONVERGED or gradient is None or hessian is None:
        return None
    factors = Factors.of(hessian)
    if factors is None:
        return None
    return WarmStart(coordinates, classes, w - factors.solve(gradient), factors, w, objective)


def _refined(
    objective: LogisticObjective, before: WarmStart, classes: ClassCounts
) -> WarmStart | None:
    """Newton's method from a near point, so that full steps are enough.

    The first step uses the known Hessian: a new one is formed nearer the optimum.
    """
    weight, w = classes.total_weight, before.start
    w = w - before.factors.solve(objective.value_gradient(w)[1])
    for _ in range(STEPS):
        _, gradient, hessian = objective.value_gradient_hessian(w)
        factors = Factors.of(hessian)
        if factors is None:
            return None
        start = w - factors.solve(gradient)
        if decrement(factors.solve, gradient, weight) <= SHORT_STEP * sqrt(weight):
            return WarmStart(before.coordinates, classes, start, factors, w, objective)
        w = start
    return None
