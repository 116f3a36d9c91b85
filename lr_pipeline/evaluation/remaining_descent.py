"""Measure how far from the optimum gradient descent stopped, and how long it would still take.

Near the optimum w* a step w ← w − η ∇f(w) multiplies the error along each eigenvector of the
Hessian H(w*) by 1 − ηλ. The smallest eigenvalue decides how long this takes.
"""

from math import isclose

import numpy as np

from lr_pipeline.core.fitting.fit import LogisticFit, fit_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers.result import Status
from lr_pipeline.core.types import ParameterMatrix, Parameters
from lr_pipeline.engines.design import Prepare
from lr_pipeline.evaluation.findings import DescentGap
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.table import Table

DESCENTS = ("gradient_descent", "manual_gradient_descent")
TOLERANCE = 1e-6


def measure_descent(
    name: str, model: LogisticModel, train_set: Table, prepare: Prepare
) -> DescentGap | None:
    """Compare a model trained by gradient descent on ``train_set`` with Newton's optimum.

    The result is None for another solver, for a penalty whose Hessian the core does not compute
    (Firth's), and without a certified optimum.
    """
    fit = model.fit
    if fit.solver not in DESCENTS or not fit.penalty.hessian_is_exact:
        return None
    rows = prepare(train_set).rows
    optimum = fit_logistic(rows, NumpyKernel(), fit.penalty)
    if optimum.status is not Status.CONVERGED:
        return None
    error = _parameters(fit) - _parameters(optimum)
    furthest = int(np.argmax(np.abs(error)))
    return DescentGap(
        name=name,
        learning_rate=fit.trace[-1].step,
        iterations=fit.iterations,
        parameter=("(intercept)", *model.preparation.columns)[furthest],
        difference=float(abs(error[furthest])),
        tolerance=TOLERANCE,
        iterations_needed=_iterations_needed(fit, optimum, error, rows),
        newton_iterations=optimum.iterations,
    )


def _iterations_needed(
    fit: LogisticFit, optimum: LogisticFit, error: Parameters, rows: Rows
) -> int | None:
    """Return the iterations needed from the start, including those already made.

    The result is None if the descent would never arrive, or if its learning rate is not constant.
    """
    penalty = fit.penalty.in_coordinates(np.ones_like(fit.scale), fit.scale)
    objective = LogisticObjective(rows, NumpyKernel(), penalty)
    _, gradient = objective.value_gradient(_parameters(fit))
    rates = {point.step for point in fit.trace if point.iteration > 0}
    if len(rates) != 1:
        return None
    # A descent on standardized columns has other eigenvalues; its gradient shows this.
    if not isclose(float(np.linalg.norm(gradient)), fit.gradient_norm, rel_tol=1e-6):
        return None
    _, _, hessian = objective.value_gradient_hessian(_parameters(optimum))
    dependent = 0 if optimum.unique else len(optimum.dependent_columns)
    further = iterations_to_shrink(hessian, error, fit.trace[-1].step, TOLERANCE, dependent)
    return None if further is None else fit.iterations + further


def iterations_to_shrink(
    hessian: ParameterMatrix,
    error: Parameters,
    learning_rate: float,
    tolerance: float,
    dependent: int = 0,
) -> int | None:
    """Return a k with max_j |((I − ηH)ᵏ e)_j| ≤ ``tolerance``, for a constant H.

    The result is 0 if e is already that small. Otherwise k is found by bisection; it is the
    smallest one if the largest error never rises meanwhile.

    ``dependent``: how many directions do not change any prediction. These are the directions of the
    smallest eigenvalues, and no step moves along them. The result is None if an eigenvalue of at
    least 2/η, or of 0, keeps the error from shrinking.
    """
    if np.max(np.abs(error)) <= tolerance:
        return 0
    eigenvalues, V = np.linalg.eigh(hessian)
    V, factors = V[:, dependent:], 1.0 - learning_rate * eigenvalues[dependent:]
    if np.max(np.abs(factors)) >= 1.0:
        return None
    parts = V.T @ error

    def largest_error(k: int) -> float:
        return float(np.max(np.abs(V @ (factors**k * parts))))

    enough = 1
    while largest_error(enough) > tolerance:
        enough *= 2
    too_few = enough // 2
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        if largest_error(middle) > tolerance:
            too_few = middle
        else:
            enough = middle
    return enough


def _parameters(fit: LogisticFit) -> Parameters:
    return np.concatenate([[fit.intercept], fit.coefficients])
