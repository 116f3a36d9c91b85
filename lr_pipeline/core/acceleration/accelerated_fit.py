"""Accelerated fits: each reaches the same optimum sooner than the plain path, or returns None."""

from dataclasses import replace
from math import isfinite, sqrt

import numpy as np

from lr_pipeline.core.acceleration.regimes import REGIMES, Regimes
from lr_pipeline.core.acceleration.small_tables import fit_few_rows
from lr_pipeline.core.acceleration.warm_start import WarmStart, warm_start
from lr_pipeline.core.acceleration.wide_start import wide_start
from lr_pipeline.core.certificate.curvature import Curvature
from lr_pipeline.core.columns.moments import column_extremes
from lr_pipeline.core.existence.existence import Existence, assess_existence, existing
from lr_pipeline.core.fitting.certified_fit import certified_fit, curvature_left
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.fitting.plain_fit import TOLERANCE, newton_to
from lr_pipeline.core.fitting.problem import FitProblem
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.rows import Rows, in_one_block
from lr_pipeline.core.solvers import Lbfgs, Solver, Status

# Standard errors from the optimum at which a fit that only proves existence may stop.
PROOF_TOLERANCE = 1e-3


def fit_small_table(problem: FitProblem, regimes: Regimes) -> LogisticFit | None:
    """Fit a small table by maximum likelihood; None where that needs the plain path."""
    rows, columns = problem.rows, problem.rows.num_columns
    given = problem.solver is not None or problem.start is not None
    few = rows.num_rows * columns <= regimes.small_numbers and columns < regimes.many_columns
    if given or not few or type(problem.kernel) is not NumpyKernel:
        return None
    solver = newton_to(problem.tolerance)
    block = in_one_block(rows)
    found = fit_few_rows(block, solver)
    if found is None:
        return None
    fit, trace, evaluations = found
    if problem.progress is not None:
        for point in trace:
            problem.progress(point)
    ones, inferred = float(np.count_nonzero(block.y)), problem.standard_errors
    return fit.in_table_units(solver.name, trace, evaluations, inferred, ones)


def fit_from_sample(problem: FitProblem, penalty: Penalty, regimes: Regimes) -> LogisticFit | None:
    """Fit from a sample's optimum as start, with the sample's Hessian as preconditioner.

    None where there is no sample, or the fit from it has no certified optimum.
    """
    solver = problem.solver
    own_start = problem.start is not None or not (solver is None or solver.orthonormalize)
    if own_start or not penalty.starts_from_sample:
        return None
    warm = warm_start(problem.rows, problem.kernel, penalty, regimes)
    if warm is None and penalty.adds_nothing:
        warm = wide_start(problem.rows, problem.kernel, regimes)
    if warm is None:
        return None
    solver = _preconditioned(problem, warm, regimes)
    coordinates = warm.coordinates
    objective = problem.objective(penalty, coordinates)
    objective.sums.watches = not warm.knows_extremes
    if objective.sums.T is None and objective.sums.watches:
        coordinates = coordinates.with_extremes(column_extremes(problem.rows))
    result = solver.minimize(objective, warm.start, problem.progress)
    passes = objective.passes
    if result.hessian is None and result.gradient is not None:
        gradient = result.gradient * objective.total_weight
        below = warm.factors_below(result.parameters)
        curvature = Curvature.of(gradient, below, None, coordinates.reported())
    else:
        curvature = curvature_left(objective, coordinates, result)
    fit = certified_fit(
        problem, penalty, solver, objective, coordinates, result, curvature, passes, warm.classes
    )
    return fit if fit.status is Status.CONVERGED else None


def assess_from_sample(rows: Rows, regimes: Regimes = REGIMES) -> Existence:
    """Assess existence as ``assess_existence`` does, sooner where a fit from a sample proves it."""
    problem = FitProblem(rows, NumpyKernel(), None, None, PROOF_TOLERANCE, False, None, regimes)
    fit = fit_from_sample(problem, NoPenalty(), regimes)
    if fit is None or not isfinite(fit.certificate.loss):
        return assess_existence(rows)
    return existing(fit.dependent_columns)


def _preconditioned(problem: FitProblem, warm: WarmStart, regimes: Regimes) -> Solver:
    """Return the given solver, or L-BFGS unless one is given; L-BFGS with the sample's Hessian."""
    solver = problem.solver or Lbfgs(tolerance=problem.stop, polish=False)
    if not isinstance(solver, Lbfgs):
        return solver
    tolerance = solver.tolerance
    if not problem.standard_errors:
        # The certificate will use the sample's share of the Hessian.
        tolerance = max(tolerance * sqrt(warm.share), min(tolerance, TOLERANCE))
    return replace(
        solver,
        tolerance=tolerance,
        preconditioner=warm.preconditioner(tolerance),
        refresh_every=min(solver.refresh_every, regimes.guessed_iterations),
        confirm=problem.standard_errors,
    )
