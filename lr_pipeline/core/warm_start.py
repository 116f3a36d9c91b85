"""A large table's optimum, nearly, from a sample of its rows.

The estimate on a share f of the rows is about √(1/f) standard errors away from that on all, and
its Hessian differs from theirs by a few percent: with it as a preconditioner every pass over the
rows for a gradient brings the parameters some ten or hundred times nearer.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lr_pipeline.core.classes import ClassCounts, prevalence_start
from lr_pipeline.core.objective import L2, LogisticKernel, LogisticObjective, NoPenalty
from lr_pipeline.core.rank import analyse_columns
from lr_pipeline.core.rows import Block, HeldRows, Rows
from lr_pipeline.core.solvers import Newton, Status
from lr_pipeline.core.solvers.curvature import curvature_solve, decrement
from lr_pipeline.core.standardize import Coordinates, orthonormal, standardized
from lr_pipeline.core.survey import survey
from lr_pipeline.core.types import Columns, ParameterMatrix, Parameters

# A sample is worth its while from this many rows on, has at least so many rows a parameter, and
# is at most this share of the table.
LEAST_ROWS = 5_000
ROWS_PER_PARAMETER = 50
SHARE = 0.05
LARGEST_SHARE = 0.25
# A sample's own optimum is several of its standard errors off: no need to meet it closely.
NEAR = 1.0
NEWTON = Newton(tolerance=NEAR, max_iterations=20, polish=False)
ONE_STEP = Newton(tolerance=NEAR, max_iterations=1, polish=False)
REFINEMENTS = 3


@dataclass(frozen=True, eq=False)
class WarmStart:
    """Where to start on all rows, and with which Hessian.

    ``coordinates``: standardized by a sample's means and deviations. In them are ``start`` (p,),
    the sample's optimum, and ``hessian`` (p, p), of its mean objective there. ``objective`` is
    that of the sample, ``classes`` are those of all rows.
    """

    coordinates: Coordinates
    classes: ClassCounts
    start: Parameters
    hessian: ParameterMatrix
    objective: LogisticObjective

    def hessian_below(self, w: Parameters) -> ParameterMatrix:
        """Return a lower bound at ``w`` of the Hessian of the sum over all rows.

        It is the sum over the sample: every other row adds a positive semidefinite matrix.
        """
        _, _, hessian = self.objective.value_gradient_hessian(w)
        return hessian * self.objective.total_weight


def warm_start(rows: Rows, kernel: LogisticKernel, l2: float) -> WarmStart | None:
    """Fit a twentieth of the rows, itself started from a tenth of that; one pass over all rows.

    ``l2``: strength of the penalty on the sum over all rows, 0 for none. None where the table is
    small, or the sample does not determine an estimate: one class alone, separated, dependent
    columns.

    Raises
    ------
    ValueError
        As ``survey``.
    """
    sampled = _sample(rows)
    if sampled is None:
        return None
    classes, samples = sampled
    l2_per_weight = l2 / classes.total_weight
    found = None
    for block in samples:
        found = _fit_sample(block, kernel, l2_per_weight, found)
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
    """Yield the pairs (d,) of ``center`` and ``scale`` of which a fit to ``rows`` has one.

    Those of its samples, where the rows are many enough for a warm start, then those of all rows.
    Errors as ``survey`` and ``analyse_columns``.
    """
    _, samples = _sample(rows) or (None, [])
    for one in (*map(HeldRows, samples), rows):
        analysis = analyse_columns(one)
        yield analysis.mean, analysis.scale


def _sample(rows: Rows) -> tuple[ClassCounts, list[Block]] | None:
    """The classes of all rows, and a sample after a tenth of it, if each is large enough."""
    needed = ROWS_PER_PARAMETER * (rows.num_columns + 1)
    share = max(SHARE, needed / rows.num_rows)
    if rows.num_rows < LEAST_ROWS or share > LARGEST_SHARE or rows.num_columns == 0:
        return None
    seen = survey(rows, share)
    blocks = [_thinned(seen.sample), seen.sample]
    return seen.classes, [block for block in blocks if len(block.y) >= needed / 2]


def _thinned(block: Block) -> Block:
    """Every tenth row."""
    X, y, weight = block
    return Block(X[::10].copy(), y[::10].copy(), None if weight is None else weight[::10].copy())


def _fit_sample(
    block: Block, kernel: LogisticKernel, l2_per_weight: float, before: WarmStart | None
) -> WarmStart | None:
    """Newton's method on a sample, from the fit of a smaller one; None if there is no estimate."""
    rows, classes = HeldRows(block), ClassCounts.of(block)
    if classes.rows_0 == 0 or classes.rows_1 == 0:
        return None
    if before is None:
        analysis = analyse_columns(rows)
        if analysis.dependent:
            return None
        every = tuple(range(rows.num_columns))
        coordinates = (
            standardized(analysis, every, False) if l2_per_weight else orthonormal(analysis, False)
        )
        start = prevalence_start(*classes.weights, rows.num_columns)
    else:
        coordinates, start = before.coordinates, before.start
    weight = classes.total_weight
    penalty = L2(l2_per_weight * weight / coordinates.scale**2) if l2_per_weight else NoPenalty()
    objective = LogisticObjective(coordinates.rows(rows), kernel, penalty, weight)
    for _ in range(REFINEMENTS):
        result = (NEWTON if before is None else ONE_STEP).minimize(objective, start)
        if result.hessian is None or result.gradient is None:
            return None
        solve = curvature_solve(result.hessian)
        start = result.parameters - solve(result.gradient)
        if decrement(solve, result.gradient, weight) <= NEAR:
            if before is None and result.status is not Status.CONVERGED:
                return None
            return WarmStart(coordinates, classes, start, result.hessian, objective)
    return None
