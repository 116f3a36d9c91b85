"""From a problem to a certified fit: solve, certify, infer, convert to the table's units."""

from dataclasses import replace
from math import isfinite, log
from typing import Any

import numpy as np

from lr_pipeline.core.certificate.certificate import certify
from lr_pipeline.core.certificate.curvature import Curvature, curvature_at
from lr_pipeline.core.certificate.distance import Certificate
from lr_pipeline.core.columns.classes import ClassCounts
from lr_pipeline.core.columns.standardize import Coordinates
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.fitting.plain_fit import CERTIFIED, settled_status
from lr_pipeline.core.fitting.problem import FitProblem
from lr_pipeline.core.inference.inference import reason_withheld
from lr_pipeline.core.linear_algebra.factors import Factors
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.solvers import Solver, SolverResult, TracePoint
from lr_pipeline.core.types import Columns


def fit_from_beginning(problem: FitProblem, penalty: Penalty, solver: Solver) -> LogisticFit:
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
    curvature = curvature_left(objective, certifying, result)
    return certified_fit(
        problem, penalty, solver, objective, certifying, result, curvature, passes, problem.classes
    )


def certified_fit(
    problem: FitProblem,
    penalty: Penalty,
    solver: Solver,
    objective: LogisticObjective,
    coordinates: Coordinates,
    result: SolverResult,
    curvature: Curvature | None,
    passes: int,
    classes: ClassCounts,
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
        status=settled_status(result.status, certificate),
        evaluations=passes,
        log_likelihood=objective.log_likelihood(w, result.value),
        unique=penalty.strictly_convex or not dependent,
        dependent_columns=dependent,
        center=analysis.mean,
        scale=analysis.scale,
        search=problem.search(penalty),
        class_weights=classes.weights,
        **_as_found(result, certificate, coefficients * analysis.scale),
        **_inferred(curvature, withheld),
    )


def curvature_left(
    objective: LogisticObjective, coordinates: Coordinates, result: SolverResult
) -> Curvature | None:
    """The curvature from the gradient and Hessian that the solver left, else from one pass."""
    w, W = result.parameters, objective.total_weight
    reported = coordinates.reported()
    if result.gradient is None or result.hessian is None or result.hessian_at is None:
        return curvature_at(objective, w, reported)
    factors = Factors.of(result.hessian * W)
    return Curvature.of(result.gradient * W, factors, w - result.hessian_at, reported)


def _as_found(result: SolverResult, certificate: Certificate, scaled: Columns) -> dict[str, Any]:
    """The fields of a fit that come from its solver and its certificate."""
    return {
        "iterations": result.iterations,
        "value": result.value,
        "gradient_norm": result.gradient_norm,
        "trace": result.trace,
        "certificate": certificate,
        "existence": None,
        "scaled_parameters": np.concatenate([result.parameters[:1], scaled]),
    }


def _inferred(found: Curvature | None, withheld: str) -> dict[str, Any]:
    """The fields of covariance and standard errors, or the reason why there are none."""
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


def _with_estimate(certificate: Certificate, trace: tuple[TracePoint, ...]) -> Certificate:
    """Add the iterations still needed, at the rate of the second half of the trace."""
    first, last = trace[len(trace) // 2], trace[-1]
    missing = certificate.standard_errors / CERTIFIED
    falls = 0.0 < last.gradient_norm < first.gradient_norm
    if missing <= 1.0 or not isfinite(missing) or not falls:
        return certificate
    rate = log(first.gradient_norm / last.gradient_norm) / (last.iteration - first.iteration)
    return replace(certificate, iterations_needed=int(np.ceil(log(missing) / rate)))
