"""Logistic regression of a 0/1 label on the columns of a table: from rows to a certified result.

The plain path goes from the problem to its objective in the solver's coordinates, the solver's
minimum, a certificate of how far that can be from the optimum, and the result (``plain_fit`` does
the same on one page, for maximum likelihood). Accelerations (``accelerated_fit``) are tried before
it, where they are allowed, and end in the same certificate.
"""

from dataclasses import replace
from math import isfinite

import numpy as np

from lr_pipeline.core.acceleration.accelerated_fit import fit_from_sample, fit_small_table
from lr_pipeline.core.acceleration.regimes import REGIMES, Regimes
from lr_pipeline.core.existence.existence import (
    Existence,
    SeparationError,
    assess_existence,
    existing,
)
from lr_pipeline.core.fitting.certified_fit import fit_from_beginning
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.fitting.plain_fit import fit_plainly
from lr_pipeline.core.fitting.problem import FitProblem
from lr_pipeline.core.limits import require_positive
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.penalties.by_name import Auto
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers import Progress, Solver
from lr_pipeline.core.types import Parameters

__all__ = ["LogisticFit", "fit_logistic"]

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
    acceleration: bool | Regimes = True,
) -> LogisticFit:
    """Fit a logistic regression, by maximum likelihood or penalised.

    ``penalty``: what is added to Σ log loss (``penalties``), or ``Auto``: nothing where the
    maximum-likelihood estimate exists, else Firth's penalty or log-F.
    ``solver``: by default Newton, or L-BFGS where that takes less time.
    ``tolerance``: the distance from the optimum, in standard errors, at which the default solver
    may stop; by default 1e-9, and then down to the rounding floor where the table is small.
    ``existence``: the assessment of the same rows, if already made.
    ``start`` (p,) in the table's units; by default the optimum of the intercept alone, or for
    Firth a point near the lowest minimum found, which depends on neither solver nor kernel (see
    ``minimum_search``).
    ``standard_errors``: without them the Hessian of all rows need not be formed.
    ``acceleration``: False for the plain path alone, or ``Regimes`` with limits other than the
    measured ones.

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
    regimes = REGIMES if acceleration is True else acceleration or None
    problem = FitProblem(rows, kernel, solver, start, tolerance, standard_errors, progress, regimes)
    if isinstance(penalty, Penalty) and not penalty.adds_nothing:
        penalty.require_positive_strengths()
        return replace(_fit(problem, penalty), existence=existence)
    if existence is None:
        short = _fit_short(problem)
        if short is not None:
            return short
        fit = _fit(problem, MAXIMUM_LIKELIHOOD)
        if isfinite(fit.certificate.loss):  # a finite bound proves that the estimate exists
            return replace(fit, existence=existing(fit.dependent_columns))
        existence = assess_existence(rows, problem.analysis)
        if existence.exists or not (existence.separated or isinstance(penalty, Auto)):
            return replace(fit, existence=existence)
    if existence.exists or not isinstance(penalty, Auto):
        if existence.separated:
            raise SeparationError(existence)
        return replace(_fit(problem, MAXIMUM_LIKELIHOOD), existence=existence)
    return replace(_fit(problem, problem.stand_in(penalty)), existence=existence)


def _fit_short(problem: FitProblem) -> LogisticFit | None:
    """Fit by ``plain_fit`` or ``small_tables``; None where a problem needs the longer path."""
    if problem.regimes is not None:
        return fit_small_table(problem, problem.regimes)
    if problem.solver is not None or problem.start is not None:
        return None
    return fit_plainly(
        problem.rows, problem.kernel, problem.tolerance, problem.standard_errors, problem.progress
    )


def _fit(problem: FitProblem, penalty: Penalty) -> LogisticFit:
    """Fit from a sample where that leads to a certified optimum, else from the beginning."""
    if problem.regimes is not None:
        fit = fit_from_sample(problem, penalty, problem.regimes)
        if fit is not None:
            return fit
    return fit_from_beginning(problem, penalty, problem.solver or problem.chosen_solver(penalty))
