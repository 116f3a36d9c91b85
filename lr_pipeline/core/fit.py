"""Logistic regression of a 0/1 label on the columns of a table, from rows to a certified result."""

from dataclasses import dataclass, field, replace
from math import isfinite, log

import numpy as np

from lr_pipeline.core.certificate import Curvature, certify, curvature_at
from lr_pipeline.core.existence import (
    Existence,
    SeparationError,
    assess_existence,
    count_classes,
    existing,
    prevalence_start,
)
from lr_pipeline.core.inference import reason_withheld, standard_errors_of
from lr_pipeline.core.objective import L2, Firth, LogisticKernel, LogisticObjective, NoPenalty
from lr_pipeline.core.rank import ColumnAnalysis, analyse_columns
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers import FitResult, Newton, Progress, Solver, Status, TracePoint
from lr_pipeline.core.solvers.result import Certificate
from lr_pipeline.core.standardize import Coordinates, standardized, unstandardized
from lr_pipeline.core.types import Columns, Parameters, ParameterMatrix

# A fit has converged when its certificate puts it within this many standard errors of the optimum.
CERTIFIED = 1e-3

PENALTIES = ("none", "l2", "firth", "auto")


@dataclass(frozen=True, eq=False)
class LogisticFit:
    """A fitted logistic regression; coefficients in the units of the table.

    z = intercept + X coefficients is the log-odds of the label 1. Where the design is
    rank-deficient (``unique`` is False) the coefficients are those of least Euclidean norm.

    ``penalty``, ``l2``, ``objective``: what was minimised, the last as a formula.
    ``value``: the objective divided by Σ weight; ``log_likelihood``: the sum, without penalty.
    ``evaluations``: passes over the rows that the solver made.
    ``covariance`` (p, p), intercept first, ``standard_errors`` (d,): ``None`` where they would be
    wrong, with the reason in ``inference_withheld``.
    ``certificate_units`` (p,): the unit of ``certificate.standard_errors`` for each parameter,
    √ of the diagonal of the inverse Hessian; not for inference. ``None`` where it is singular.
    ``existence`` is None where the penalty makes it irrelevant.
    z = scaled_parameters[0] + ((X − center) / scale) scaled_parameters[1:] loses no digits where
    a column's mean is much larger than its deviation.
    """

    intercept: float
    coefficients: Columns
    penalty: str
    l2: float
    objective: str
    solver: str
    status: Status
    iterations: int
    evaluations: int
    value: float
    log_likelihood: float
    gradient_norm: float
    trace: tuple[TracePoint, ...]
    certificate: Certificate
    unique: bool
    dependent_columns: tuple[int, ...]
    existence: Existence | None
    covariance: ParameterMatrix | None
    standard_errors: Columns | None
    intercept_standard_error: float | None
    inference_withheld: str
    certificate_units: Parameters | None
    center: Columns
    scale: Columns
    scaled_parameters: Parameters = field(repr=False)


def fit_logistic(
    rows: Rows,
    kernel: LogisticKernel,
    penalty: str = "none",
    solver: Solver | None = None,
    l2: float = 1.0,
    existence: Existence | None = None,
    start: Parameters | None = None,
    progress: Progress | None = None,
) -> LogisticFit:
    """Fit a logistic regression, by maximum likelihood or penalised.

    ``penalty``: "none"; "l2", which adds l2/2 Σ β² over the coefficients in the table's units
    (scikit-learn's C = 1 / l2); "firth", which adds −½ log det of the information; "auto", which
    is "none" where the maximum-likelihood estimate exists and "firth" where it does not.
    ``solver``: Newton unless given. ``start`` (p,) in the table's units; the intercept-only
    optimum unless given. ``existence``: the assessment of the same rows, where already made.

    Raises
    ------
    SeparationError
        ``penalty="none"`` and the table is separated.
    ValueError
        Labels other than 0 and 1, one class alone, an unknown penalty, or l2 not positive.
    """
    _check_penalty(penalty, l2)
    task = _Task(rows, kernel, solver or Newton(), l2, start, progress)
    if penalty in ("l2", "firth"):
        return task.fit(penalty)
    if existence is None:
        fitted = task.fit("none")
        if isfinite(fitted.certificate.loss):
            return replace(fitted, existence=existing(task.analysis))
        existence = assess_existence(rows, task.analysis)
        if not existence.separated:
            return replace(fitted, existence=existence)
    if existence.separated and penalty == "none":
        raise SeparationError(existence)
    return replace(task.fit("firth" if existence.separated else "none"), existence=existence)


class _Task:
    """One table to be fitted, with what does not depend on the penalty."""

    def __init__(
        self,
        rows: Rows,
        kernel: LogisticKernel,
        solver: Solver,
        l2: float,
        start: Parameters | None,
        progress: Progress | None,
    ) -> None:
        self.rows, self.kernel, self.solver, self.l2 = rows, kernel, solver, l2
        self.progress = progress
        self.weights = count_classes(rows)
        self.analysis = analyse_columns(rows)
        d = rows.num_columns
        self.start = prevalence_start(*self.weights, d) if start is None else start
        if len(self.start) != d + 1:
            raise ValueError(f"start must have {d + 1} parameters, found {len(self.start)}")

    def fit(self, penalty: str) -> LogisticFit:
        """Solve with this penalty, in the solver's coordinates, and certify in standardized ones."""
        solving = _coordinates(self.analysis, penalty, self.solver.standardize)
        objective = self._objective(penalty, solving)
        start = solving.from_table(float(self.start[0]), self.start[1:])
        result = self.solver.minimize(objective, start, self.progress)
        certifying = _coordinates(self.analysis, penalty, standardize=True)
        passes = objective.passes
        if self.solver.standardize:
            w = result.parameters
        else:
            w = certifying.from_table(*solving.to_table(result.parameters))
            objective = self._objective(penalty, certifying)
        curvature = curvature_at(objective, w, certifying.matrix())
        certificate = certify(objective, w, curvature)
        return self._result(
            penalty, result, passes, objective.sums.loss(w), w, certifying, curvature, certificate
        )

    def _objective(self, penalty: str, coordinates: Coordinates) -> LogisticObjective:
        """The objective in the given coordinates: β = w / scale, so strength / scale² on w."""
        terms: NoPenalty | L2 | Firth = NoPenalty()
        if penalty == "l2":
            terms = L2(self.l2 / coordinates.scale**2)
        elif penalty == "firth":
            terms = Firth()
        return LogisticObjective(coordinates.rows(self.rows), self.kernel, terms)
    def _result(
        self,
        penalty: str,
        result: FitResult,
        evaluations: int,
        loss: float,
        w: Parameters,
        coordinates: Coordinates,
        curvature: Curvature | None,
        certificate: Certificate,
    ) -> LogisticFit:
        """Translate a solver's result to the table's units."""
        intercept, coefficients = coordinates.to_table(w)
        dependent = self.analysis.dependent
        withheld = reason_withheld(penalty, dependent, curvature is not None)
        covariance = None if withheld or curvature is None else curvature.covariance
        errors = None if covariance is None else standard_errors_of(covariance)
        status = _settled_status(result.status, certificate)
        if status is not Status.CONVERGED:
            needed = _iterations_needed(result.trace, certificate)
            certificate = replace(certificate, iterations_needed=needed)
        return LogisticFit(
            intercept=intercept,
            coefficients=coefficients,
            penalty=penalty,
            l2=self.l2 if penalty == "l2" else 0.0,
            objective=_formula(penalty, self.l2),
            solver=self.solver.name,
            status=status,
            iterations=result.iterations,
            evaluations=evaluations,
            value=result.value,
            log_likelihood=-loss,
            gradient_norm=result.gradient_norm,
            trace=result.trace,
            certificate=certificate,
            unique=penalty == "l2" or not dependent,
            dependent_columns=dependent,
            existence=None,
            covariance=covariance,
            standard_errors=None if errors is None else errors[1:],
            intercept_standard_error=None if errors is None else float(errors[0]),
            inference_withheld=withheld,
            certificate_units=None if curvature is None else curvature.units,
            center=self.analysis.mean,
            scale=self.analysis.scale,
            scaled_parameters=np.concatenate([w[:1], coefficients * self.analysis.scale]),
        )


def _coordinates(analysis: ColumnAnalysis, penalty: str, standardize: bool) -> Coordinates:
    """Choose the columns: all for l2, which makes any table's optimum unique; else those needed.

    Without a penalty, the table's own columns are taken all together, as in the tutorial.
    """
    every = tuple(range(len(analysis.mean)))
    build = standardized if standardize else unstandardized
    if penalty == "l2":
        return build(analysis, every, False)
    if penalty == "none" and not standardize:
        return build(analysis, every, True)
    return build(analysis, analysis.independent, True)


def _settled_status(status: Status, certificate: Certificate) -> Status:
    """What the certificate says overrules the solver, in both directions."""
    if certificate.standard_errors <= CERTIFIED:
        return Status.CONVERGED
    return Status.STALLED if status is Status.CONVERGED else status


def _iterations_needed(trace: tuple[TracePoint, ...], certificate: Certificate) -> int | None:
    """Iterations until the gradient, falling as in the later half of the trace, is small enough."""
    first, last = trace[len(trace) // 2], trace[-1]
    if not isfinite(certificate.standard_errors) or not 0 < last.gradient_norm:
        return None
    if not last.gradient_norm < first.gradient_norm or last.iteration == first.iteration:
        return None
    rate = log(first.gradient_norm / last.gradient_norm) / (last.iteration - first.iteration)
    return int(np.ceil(log(certificate.standard_errors / CERTIFIED) / rate))


def _formula(penalty: str, l2: float) -> str:
    """The minimised sum, for people."""
    loss = "Σ weight·[log(1 + exp(z)) − y·z], z = intercept + X·coefficients"
    if penalty == "l2":
        return (
            f"{loss}; + (l2/2)·Σ coefficients², l2 = {l2:g} (scikit-learn's C = {1 / l2:g}), "
            "coefficients in the table's units, intercept not penalised"
        )
    if penalty == "firth":
        return f"{loss}; − ½·log det(Σ weight·p(1 − p)·x̃x̃ᵀ), Firth's penalty, x̃ = (1, x)"
    return f"{loss}; no penalty"


def _check_penalty(penalty: str, l2: float) -> None:
    if penalty not in PENALTIES:
        raise ValueError(f"penalty must be one of {', '.join(PENALTIES)}, found {penalty!r}")
    if penalty == "l2" and not (isfinite(l2) and l2 > 0):
        raise ValueError(f"l2 must be positive and finite, found {l2}: use penalty none for 0")
