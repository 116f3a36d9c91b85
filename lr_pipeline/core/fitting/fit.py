"""Logistic regression of a 0/1 label on the columns of a table: from rows to a certified result."""

from dataclasses import replace
from math import fsum, isfinite, log, sqrt
from typing import Any

import numpy as np

from lr_pipeline.core.acceleration.small_tables import FEW_NUMBERS, FewRowsFit, fit_few_rows
from lr_pipeline.core.acceleration.warm_start import warm_start
from lr_pipeline.core.acceleration.wide_start import wide_start
from lr_pipeline.core.certificate.certificate import certify
from lr_pipeline.core.certificate.curvature import Curvature, curvature_at
from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.columns.moments import column_extremes
from lr_pipeline.core.columns.standardize import Coordinates
from lr_pipeline.core.existence.existence import (
    Existence,
    SeparationError,
    assess_existence,
    existing,
)
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.fitting.problem import MANY_COLUMNS, TOLERANCE, FitProblem
from lr_pipeline.core.inference.inference import reason_withheld
from lr_pipeline.core.limits import require_positive
from lr_pipeline.core.linear_algebra.cholesky import Factors
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.by_name import Auto
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.rows import Rows, in_one_block
from lr_pipeline.core.solvers import Lbfgs, Progress, Solver, SolverResult, Status, TracePoint
from lr_pipeline.core.types import Columns, Parameters

__all__ = ["LogisticFit", "fit_logistic"]

# A fit has converged when its certificate puts it within this many standard errors of the optimum.
CERTIFIED = 1e-3
# Iterations after which a guess at the Hessian is replaced by that of all rows.
PASSES_WITH_A_GUESS = 10

MAXIMUM_LIKELIHOOD = NoPenalty()


def fit_logistic(
    rows: Rows,
    kernel: LogisticKernel,
    penalty: Penalty | Auto = MAXIMUM_LIKELIHOOD,
    solver: Solver | None = None,
    *,
    existence: Existence | None = None,
    start: Parameters | None = None,
    tolerance: float | None = None,
    standard_errors: bool = True,
    progress: Progress | None = None,
) -> LogisticFit:
    """Fit a logistic regression, by maximum likelihood or penalised.

    ``penalty``: what is added to Σ log loss (``penalties``), or ``Auto``: nothing where the
    maximum-likelihood estimate exists, else Firth's penalty or log-F.
    ``solver``: unless given, Newton on small tables and L-BFGS on large ones, preconditioned with
    the Hessian of a sample. A large table's fit starts from that of a sample (``warm_start``),
    but for solvers that want the table's own columns.
    ``tolerance``: where that solver may stop, in standard errors from the optimum; unless given,
    1e-9, and from there to the rounding floor where the table is small.
    ``existence``: the assessment of the same rows, where at hand.
    ``start`` (p,) in the table's units; unless given, the optimum of the intercept alone, or for
    Firth a point near the lowest minimum found, which depends on neither solver nor kernel (see
    ``minimum_search``).
    ``standard_errors``: without them the Hessian of all rows need not be formed.

    Raises
    ------
    SeparationError
        No penalty, and the table is separated.
    ValueError
        Labels other than 0 and 1, one class alone, or a strength that is not positive.
    """
    if tolerance is not None:
        require_positive(tolerance=tolerance)
    if start is not None and not np.isfinite(start).all():
        raise ValueError("start must have finite numbers, found NaN or infinity")
    if tolerance is not None and solver is not None:
        raise ValueError("tolerance is for the solver chosen here: set the given solver's own")
    problem = FitProblem(rows, kernel, solver, start, tolerance, standard_errors, progress)
    if isinstance(penalty, Penalty) and not penalty.adds_nothing:
        penalty.require_positive_strengths()
        return replace(_fit(problem, penalty), existence=existence)
    if existence is None:
        few = _fit_few_rows(problem)
        if few is not None:
            return few
        fit = _fit(problem, MAXIMUM_LIKELIHOOD)
        if isfinite(fit.certificate.loss):  # which proves that the estimate exists
            return replace(fit, existence=existing(fit.dependent_columns))
        existence = assess_existence(rows, problem.analysis)
        if existence.exists or not (existence.separated or isinstance(penalty, Auto)):
            return replace(fit, existence=existence)
    if existence.exists or not isinstance(penalty, Auto):
        if existence.separated:
            raise SeparationError(existence)
        return replace(_fit(problem, MAXIMUM_LIKELIHOOD), existence=existence)
    return replace(_fit(problem, problem.stand_in(penalty)), existence=existence)


def _fit(problem: FitProblem, penalty: Penalty) -> LogisticFit:
    """Fit from a sample where that leads to a certified optimum, else from the beginning."""
    solver = problem.solver
    free = problem.start is None and (solver is None or solver.orthonormalize)
    if free and penalty.starts_from_sample:
        fit = _fit_from_sample(problem, penalty)
        if fit is not None and fit.status is Status.CONVERGED:
            return fit
    return _fit_from_beginning(problem, penalty, solver or problem.chosen_solver(penalty))


def _fit_from_sample(problem: FitProblem, penalty: Penalty) -> LogisticFit | None:
    """Start at a sample's optimum, with its Hessian as preconditioner; None for lack of one."""
    warm = warm_start(problem.rows, problem.kernel, penalty)
    if warm is None and penalty.adds_nothing:
        warm = wide_start(problem.rows, problem.kernel)
    if warm is None:
        return None
    solver = problem.solver or Lbfgs(tolerance=problem.stop, polish=False)
    if isinstance(solver, Lbfgs):
        tolerance = solver.tolerance
        if not problem.standard_errors:
            # The certificate will rest on the sample's share of the Hessian.
            tolerance = max(tolerance * sqrt(warm.share), min(tolerance, TOLERANCE))
        solver = replace(
            solver,
            tolerance=tolerance,
            preconditioner=warm.preconditioner(tolerance),
            refresh_every=min(solver.refresh_every, PASSES_WITH_A_GUESS),
            confirm=problem.standard_errors,
        )
    coordinates = warm.coordinates
    objective = problem.objective(penalty, coordinates)
    objective.sums.watches = not warm.knows_extremes
    if objective.sums.fold is None and objective.sums.watches:
        coordinates = coordinates.with_extremes(column_extremes(problem.rows))
    result = solver.minimize(objective, warm.start, problem.progress)
    passes = objective.passes
    if result.hessian is None and result.gradient is not None:
        gradient = result.gradient * objective.total_weight
        below = warm.factors_below(result.parameters)
        curvature = Curvature.of(gradient, below, None, coordinates.reported())
    else:
        curvature = _curvature(objective, coordinates, result)
    return _assemble(problem, penalty, solver, objective, coordinates, result, curvature, passes)


def _fit_from_beginning(problem: FitProblem, penalty: Penalty, solver: Solver) -> LogisticFit:
    """Solve in the solver's coordinates, and certify in standardized ones."""
    solving, certifying = problem.solving(penalty, solver), problem.certifying(penalty)
    objective = problem.objective(penalty, solving)
    start = problem.starting_point(penalty, solving)
    result = solver.minimize(objective, start, problem.progress)
    passes = objective.passes
    if not solver.orthonormalize:
        w = certifying.from_table(*solving.to_table(result.parameters))
        objective = problem.objective(penalty, certifying)
        value, gradient, hessian = objective.value_gradient_hessian(w)
        result = replace(
            result, parameters=w, value=value, gradient=gradient, hessian=hessian, hessian_at=w
        )
    curvature = _curvature(objective, certifying, result)
    return _assemble(problem, penalty, solver, objective, certifying, result, curvature, passes)


def _assemble(
    problem: FitProblem,
    penalty: Penalty,
    solver: Solver,
    objective: LogisticObjective,
    coordinates: Coordinates,
    result: SolverResult,
    curvature: Curvature | None,
    passes: int,
) -> LogisticFit:
    """Certify a solver's result, and return it in the table's units."""
    w, analysis = result.parameters, coordinates.analysis
    certificate = penalty.own_certificate(objective, w, coordinates) or certify(
        objective, w, curvature, coordinates, problem.tolerance or 0.0
    )
    certificate = _with_estimate(certificate, result.trace)
    dependent = analysis.dependent
    withheld = reason_withheld(penalty, dependent, curvature is not None, problem.standard_errors)
    intercept, coefficients = coordinates.to_table(w)
    return LogisticFit(
        intercept=intercept,
        coefficients=coefficients,
        penalty=penalty,
        solver=solver.name,
        status=_settled_status(result.status, certificate),
        evaluations=passes,
        log_likelihood=objective.log_likelihood(w, result.value),
        unique=penalty.strictly_convex or not dependent,
        dependent_columns=dependent,
        center=analysis.mean,
        scale=analysis.scale,
        search=problem.search(penalty),
        **_as_found(result, certificate, coefficients * analysis.scale),
        **_inferred(curvature, withheld),
    )


def _fit_few_rows(problem: FitProblem) -> LogisticFit | None:
    """Fit a small table by maximum likelihood, where nothing stands in the way."""
    rows = problem.rows
    given = problem.solver is not None or problem.start is not None
    few = rows.num_rows * rows.num_columns <= FEW_NUMBERS and rows.num_columns < MANY_COLUMNS
    if given or not few or type(problem.kernel) is not NumpyKernel:
        return None
    solver = problem.newton
    found = fit_few_rows(in_one_block(rows), solver)
    if found is None:
        return None
    if problem.progress is not None:
        for point in found.trace:
            problem.progress(point)
    w, certificate, mean, scale = (
        found.w,
        found.certificate,
        found.rows.mean[1:],
        found.rows.scale[1:],
    )
    coefficients = w[1:] / scale
    withheld = reason_withheld(MAXIMUM_LIKELIHOOD, (), True, problem.standard_errors)
    return LogisticFit(
        intercept=fsum([float(w[0]), *(-mean * coefficients).tolist()]),
        coefficients=coefficients,
        penalty=MAXIMUM_LIKELIHOOD,
        solver=solver.name,
        status=_settled_status(Status.CONVERGED, certificate),
        iterations=len(found.trace) - 1,
        evaluations=found.evaluations,
        value=found.value,
        log_likelihood=-found.value * rows.num_rows,
        gradient_norm=found.gradient_norm,
        trace=found.trace,
        certificate=certificate,
        unique=True,
        dependent_columns=(),
        existence=existing(()),  # which a finite certificate proves
        center=mean,
        scale=scale,
        scaled_parameters=w,
        **_inferred(found, withheld),
    )


def _as_found(result: SolverResult, certificate: Certificate, scaled: Columns) -> dict[str, Any]:
    """What a fit takes over from its solver and its certificate."""
    return {
        "iterations": result.iterations,
        "value": result.value,
        "gradient_norm": result.gradient_norm,
        "trace": result.trace,
        "certificate": certificate,
        "existence": None,
        "scaled_parameters": np.concatenate([result.parameters[:1], scaled]),
    }


def _inferred(found: Curvature | FewRowsFit | None, withheld: str) -> dict[str, Any]:
    """Covariance and standard errors, or why there are none."""
    units = None if found is None else found.units
    none = {"covariance": None, "standard_errors": None, "intercept_standard_error": None}
    given = {"inference_withheld": withheld, "certificate_units": units}
    if found is None or units is None or withheld:
        return none | given
    return given | {
        "covariance": found.covariance,
        "standard_errors": units[1:],
        "intercept_standard_error": float(units[0]),
    }


def _curvature(
    objective: LogisticObjective, coordinates: Coordinates, result: SolverResult
) -> Curvature | None:
    """What the solver left of gradient and Hessian, or one pass for them."""
    w, W = result.parameters, objective.total_weight
    reported = coordinates.reported()
    if result.gradient is None or result.hessian is None or result.hessian_at is None:
        return curvature_at(objective, w, reported)
    factors = Factors.of(result.hessian * W)
    return Curvature.of(result.gradient * W, factors, w - result.hessian_at, reported)


def _settled_status(status: Status, certificate: Certificate) -> Status:
    """The solver's status, unless the certificate knows better: it overrules it both ways."""
    if certificate.standard_errors <= CERTIFIED:
        return Status.CONVERGED
    return Status.STALLED if status is Status.CONVERGED else status


def _with_estimate(certificate: Certificate, trace: tuple[TracePoint, ...]) -> Certificate:
    """Add the iterations still needed, if the gradient goes on falling as in the trace's half."""
    first, last = trace[len(trace) // 2], trace[-1]
    missing = certificate.standard_errors / CERTIFIED
    falls = 0.0 < last.gradient_norm < first.gradient_norm
    if missing <= 1.0 or not isfinite(missing) or not falls:
        return certificate
    rate = log(first.gradient_norm / last.gradient_norm) / (last.iteration - first.iteration)
    return replace(certificate, iterations_needed=int(np.ceil(log(missing) / rate)))
