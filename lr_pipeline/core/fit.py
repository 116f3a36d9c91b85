"""Logistic regression of a 0/1 label on the columns of a table: from rows to a certified result."""

from dataclasses import dataclass, replace
from math import isfinite, log

import numpy as np

from lr_pipeline.core.certificate import certify, curvature_at
from lr_pipeline.core.existence import (
    Existence,
    SeparationError,
    assess_existence,
    count_classes,
    existing,
    prevalence_start,
)
from lr_pipeline.core.firth import firth_start
from lr_pipeline.core.inference import reason_withheld
from lr_pipeline.core.logistic_fit import LogisticFit, objective_formula
from lr_pipeline.core.objective import L2, Firth, LogisticKernel, LogisticObjective, NoPenalty
from lr_pipeline.core.rank import ColumnAnalysis, analyse_columns
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers import Newton, Progress, Solver, Status, TracePoint
from lr_pipeline.core.solvers.result import Certificate
from lr_pipeline.core.standardize import Coordinates, orthonormal, standardized, table_units
from lr_pipeline.core.types import Parameters

__all__ = ["LogisticFit", "fit_logistic"]

# A fit has converged when its certificate puts it within this many standard errors of the optimum.
CERTIFIED = 1e-3

PENALTIES = ("none", "l2", "firth", "auto")


def fit_logistic(
    rows: Rows,
    kernel: LogisticKernel,
    penalty: str = "none",
    solver: Solver | None = None,
    l2: float = 1.0,
    *,
    existence: Existence | None = None,
    start: Parameters | None = None,
    progress: Progress | None = None,
) -> LogisticFit:
    """Fit a logistic regression, by maximum likelihood or penalised.

    ``penalty``: "none"; "l2", which adds l2/2 Σ β² over the coefficients in the table's units
    (scikit-learn's C = 1 / l2); "firth", which adds −½ log det of the information; "auto", which
    is "none" where the maximum-likelihood estimate exists and "firth" where it does not.
    ``solver``: Newton unless given. ``existence``: the assessment of the same rows, where at hand.
    ``start`` (p,) in the table's units; unless given, the optimum of the intercept alone, or for
    Firth a point near one minimum that does not depend on the solver (see ``firth``).

    Raises
    ------
    SeparationError
        ``penalty="none"`` and the table is separated.
    ValueError
        Labels other than 0 and 1, one class alone, an unknown penalty, or l2 not positive.
    """
    _check_penalty(penalty, l2)
    problem = _Problem(
        rows, kernel, solver or Newton(), l2, count_classes(rows), analyse_columns(rows), start
    )
    if penalty in ("l2", "firth"):
        return _fit(problem, penalty, progress)
    if existence is None:
        fit = _fit(problem, "none", progress)
        if isfinite(fit.certificate.loss):  # which proves that the estimate exists
            return replace(fit, existence=existing(problem.analysis))
        existence = assess_existence(rows, problem.analysis)
        if not existence.separated:
            return replace(fit, existence=existence)
    if existence.separated and penalty == "none":
        raise SeparationError(existence)
    fit = _fit(problem, "firth" if existence.separated else "none", progress)
    return replace(fit, existence=existence)


@dataclass(frozen=True, eq=False)
class _Problem:
    """What is to be fitted, but for the penalty."""

    rows: Rows
    kernel: LogisticKernel
    solver: Solver
    l2: float
    class_weights: tuple[float, float]
    analysis: ColumnAnalysis
    start: Parameters | None

    def certifying(self, penalty: str) -> Coordinates:
        """Return the coordinates in which fits are certified, the best conditioned ones.

        All columns for l2, whose optimum is always unique, else the independent.
        """
        if penalty == "l2":
            return standardized(self.analysis, tuple(range(self.rows.num_columns)), False)
        return orthonormal(self.analysis, minimum_norm=True)

    def solving(self, penalty: str) -> Coordinates:
        """Return the solver's coordinates.

        Without a penalty, the table's own columns are taken all together, as in the tutorial.
        """
        certifying = self.certifying(penalty)
        if self.solver.orthonormalize:
            return certifying
        columns, least = certifying.columns, certifying.minimum_norm
        if self.solver.standardize:
            return standardized(self.analysis, columns, least)
        if penalty == "none":
            columns = tuple(range(self.rows.num_columns))
        return table_units(self.analysis, columns, least)

    def objective(self, penalty: str, coordinates: Coordinates) -> LogisticObjective:
        """Return the objective there: β = w / scale, so l2 β² is l2 / scale² on w²."""
        terms: L2 | Firth = NoPenalty()
        if penalty == "l2":
            terms = L2(self.l2 / coordinates.scale**2)
        elif penalty == "firth":
            terms = Firth()
        return LogisticObjective(coordinates.rows(self.rows), self.kernel, terms)

    def starting_point(self, penalty: str, coordinates: Coordinates) -> Parameters:
        """Return the given start, or the intercept-only optimum; for Firth, near its minimum."""
        p = self.rows.num_columns + 1
        if self.start is not None:
            if len(self.start) != p:
                raise ValueError(f"start must have {p} parameters, found {len(self.start)}")
            return coordinates.from_table(float(self.start[0]), self.start[1:])
        start = prevalence_start(*self.class_weights, len(coordinates.columns))
        if penalty != "firth":
            return start
        certifying = self.certifying(penalty)
        w = firth_start(certifying.rows(self.rows), self.kernel, start)
        return coordinates.from_table(*certifying.to_table(w))


def _fit(problem: _Problem, penalty: str, progress: Progress | None) -> LogisticFit:
    """Solve in the solver's coordinates, and certify in standardized ones."""
    solver = problem.solver
    solving, certifying = problem.solving(penalty), problem.certifying(penalty)
    objective = problem.objective(penalty, solving)
    result = solver.minimize(objective, problem.starting_point(penalty, solving), progress)
    passes, w = objective.passes, result.parameters
    if not solver.orthonormalize:
        w = certifying.from_table(*solving.to_table(w))
        objective = problem.objective(penalty, certifying)
    curvature = curvature_at(objective, w, certifying.matrix())
    certificate = certify(objective, w, curvature, certifying.amplification())
    certificate = _with_estimate(certificate, result.trace)
    intercept, coefficients = certifying.to_table(w)
    dependent = problem.analysis.dependent
    withheld = reason_withheld(penalty, dependent, curvature is not None)
    inferred = curvature if not withheld else None
    return LogisticFit(
        intercept=intercept,
        coefficients=coefficients,
        penalty=penalty,
        l2=problem.l2 if penalty == "l2" else 0.0,
        objective=objective_formula(penalty, problem.l2),
        solver=solver.name,
        status=_settled_status(result.status, certificate),
        iterations=result.iterations,
        evaluations=passes,
        value=result.value if solver.orthonormalize else objective.value(w),
        log_likelihood=-objective.sums.loss(w),
        gradient_norm=result.gradient_norm,
        trace=result.trace,
        certificate=certificate,
        unique=penalty == "l2" or not dependent,
        dependent_columns=dependent,
        existence=None,
        covariance=inferred.covariance if inferred else None,
        standard_errors=inferred.units[1:] if inferred else None,
        intercept_standard_error=float(inferred.units[0]) if inferred else None,
        inference_withheld=withheld,
        certificate_units=curvature.units if curvature else None,
        center=problem.analysis.mean,
        scale=problem.analysis.scale,
        scaled_parameters=np.concatenate([w[:1], coefficients * problem.analysis.scale]),
    )


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


def _check_penalty(penalty: str, l2: float) -> None:
    """Reject unknown names and strengths that are not positive."""
    if penalty not in PENALTIES:
        raise ValueError(f"penalty must be one of {', '.join(PENALTIES)}, found {penalty!r}")
    if penalty == "l2" and not (isfinite(l2) and l2 > 0):
        raise ValueError(f"l2 must be positive and finite, found {l2}: use penalty none for 0")
