"""Train a model from a table, an engine, a kernel and settings."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from typing import Any

import numpy as np

from lr_pipeline.core.acceleration.accelerated_fit import assess_from_sample
from lr_pipeline.core.columns.classes import count_classes
from lr_pipeline.core.existence.existence import SeparationError
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.fitting.logistic_fit import LogisticFit
from lr_pipeline.core.inference.inference import LogisticInference
from lr_pipeline.core.inference.logistic_inference import infer_logistic
from lr_pipeline.core.least_squares.linear_fit import fit_linear
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.kernel import LogisticKernel
from lr_pipeline.core.logistic.penalties.by_name import AUTO, Auto
from lr_pipeline.core.logistic.penalties.penalty import Penalty
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers import Progress, Solver
from lr_pipeline.core.types import Columns, Parameters
from lr_pipeline.engines.design import Prepare, PreparedRows
from lr_pipeline.engines.parallel import threads_for
from lr_pipeline.models.cross_fit import HeldOutScores, cross_fit
from lr_pipeline.models.decision.choose_decision import (
    DEFAULT_CHOICE,
    DecisionChoice,
    choose_decision,
)
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.provenance import require_same_table
from lr_pipeline.models.ranges import training_ranges
from lr_pipeline.models.table_existence import existence_from_dict, existence_to_dict
from lr_pipeline.models.trained_model import origin_of
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.sources.source_content import known_content
from lr_pipeline.tables.split.folds import plan_folds
from lr_pipeline.tables.table import Table


def assess_table(train: Table, prepare: Prepare) -> dict[str, Any]:
    """Assess existence and uniqueness of the estimate on ``train``, with columns by name."""
    prepared = prepare(train)
    with threads_for(prepared.rows.num_columns):
        existence = assess_from_sample(prepared.rows)
    found = existence_to_dict(existence, prepared.preparation.columns)
    return found | {"train_fingerprint": train.fingerprint} | known_content(train.provenance)


@dataclass(frozen=True)
class Training:
    """How a logistic model is to be trained.

    ``start`` returns initial parameters in the design's units, given their number p; None starts
    from the optimum of the intercept alone. ``decision``: how the threshold is chosen.
    ``profile_limit``: up to this p³ (n + p), inference is by profile likelihoods, which take ten to
    a hundred passes of p² (n + p) operations for each parameter; beyond it, by Wald's method.
    ``restarts``: how often a fit may start again from a profile that has a better objective.
    """

    solver: Solver
    penalty: Penalty | Auto = AUTO
    start: Callable[[int], Parameters] | None = None
    decision: DecisionChoice = DEFAULT_CHOICE
    profile_limit: float = 1e9
    restarts: int = 10


def train_logistic(
    train: Table,
    prepare: Prepare,
    kernel: LogisticKernel,
    training: Training,
    existence: dict[str, Any] | None = None,
    progress: Progress | None = None,
    prepare_fold: Prepare | None = None,
    aggregate: Aggregate = aggregate_here,
) -> LogisticModel:
    """Fit a logistic regression to ``train`` and bind it to the table's columns.

    ``existence`` is the result of :func:`assess_table` for the same table, if already known.
    ``prepare_fold`` opens the rows of a fold, if the model's decision is chosen on folds, where
    ``prepare`` should not; ``aggregate`` scores those held out.

    Raises
    ------
    DecisionError
        No threshold meets the target of the decision's rule.
    SeparationError
        There is no penalty and the table is separated; the message names the columns.
    ProvenanceError
        ``existence`` is for another table.
    ValueError
        The solver left the finite numbers.
    """
    if existence is not None:
        require_same_table("mle_existence", existence["train_fingerprint"], train)
    prepared = prepare(train)
    fit = _fit(prepared, kernel, training, existence, progress)
    fit, inference = _with_inference(prepared, kernel, training, fit)
    fit_fold = partial(_fit_fold, kernel, training, fit.penalty)

    def scores() -> HeldOutScores:
        plan = plan_folds(train, training.decision.folds)
        return cross_fit(train, prepare_fold or prepare, fit_fold, plan, aggregate)

    return LogisticModel(
        **origin_of(train, prepared.preparation),
        kernel=kernel.name,
        fit=fit,
        inference=inference,
        ranges=training_ranges(prepared),
        decision=choose_decision(training.decision, scores),
    )


def _fit(
    train: PreparedRows,
    kernel: LogisticKernel,
    training: Training,
    existence: dict[str, Any] | None,
    progress: Progress | None,
) -> LogisticFit:
    """Fit the prepared rows; the result is finite."""
    rows, columns = train.rows, train.preparation.columns
    try:
        with threads_for(rows.num_columns):
            fit = fit_logistic(
                rows,
                kernel,
                penalty=training.penalty,
                solver=training.solver,
                existence=None if existence is None else existence_from_dict(existence),
                start=training.start and training.start(len(columns) + 1),
                progress=progress,
            )
    except SeparationError as error:
        raise SeparationError(error.existence, columns) from None
    if not (isfinite(fit.value) and np.isfinite(fit.scaled_parameters).all()):
        raise ValueError(
            f"expected finite parameters, found others after {fit.iterations:,} iterations of "
            f"{fit.solver}: {fit.status.remedy}"
        )
    return fit


def _with_inference(
    train: PreparedRows, kernel: LogisticKernel, training: Training, fit: LogisticFit
) -> tuple[LogisticFit, LogisticInference]:
    """Return the fit and what is inferred from it; a better start that this finds is taken."""
    inference = _infer(train, training, fit)
    for _ in range(training.restarts):
        if inference.better_start is None:
            break
        with threads_for(train.rows.num_columns):
            fit = _restarted(train.rows, kernel, training, fit, inference.better_start)
        inference = _infer(train, training, fit)
    return fit, inference


def _fit_fold(
    kernel: LogisticKernel, training: Training, penalty: Penalty, fold: PreparedRows
) -> tuple[Columns, Parameters]:
    """Return center and parameters of a fit of a fold, as the model itself is fitted.

    Without a penalty, a fold that happens to be separated is fitted by Firth's.
    """
    p = fold.rows.num_columns + 1
    with threads_for(p - 1):
        fit = fit_logistic(
            fold.rows,
            kernel,
            penalty=AUTO if penalty.adds_nothing else penalty,
            solver=training.solver,
            start=training.start and training.start(p),
            standard_errors=False,
        )
    return fit.center, np.append(fit.scaled_parameters[0], fit.scaled_parameters[1:] / fit.scale)


def _restarted(
    rows: Rows, kernel: LogisticKernel, training: Training, fit: LogisticFit, start: Parameters
) -> LogisticFit:
    """Return a fit from a better start that a profile of ``fit`` has found."""
    found = fit_logistic(rows, kernel, fit.penalty, training.solver, start=start)
    search = fit.search
    if search is not None:
        excess = 2.0 * count_classes(rows).total_weight * (fit.value - found.value)
        earlier = np.append(fit.intercept, fit.coefficients)
        search = search.restarted(earlier, excess, start)
    return replace(found, existence=fit.existence, search=search)


def _infer(train: PreparedRows, training: Training, fit: LogisticFit) -> LogisticInference:
    """Infer by the method that the table's size allows.

    The numpy kernel is used, whichever kernel fitted: it is fast for thousands of small sums, and
    these must equal the fit's own.
    """
    rows, columns = train.rows, train.preparation.columns
    p = len(columns) + 1
    method = "profile" if p**3 * (rows.num_rows + p) <= training.profile_limit else "wald"
    with threads_for(len(columns)):
        return infer_logistic(
            rows, NumpyKernel(), fit, method=method, names=columns, analysis=train.analysis
        )


def train_linear(train: Table, prepare: Prepare) -> LinearModel:
    """Fit the 0/1 label on the prepared columns by least squares."""
    prepared = prepare(train)
    with threads_for(prepared.rows.num_columns):
        fit = fit_linear(prepared.rows, analysis=prepared.analysis)
    return LinearModel(**origin_of(train, prepared.preparation), fit=fit)
