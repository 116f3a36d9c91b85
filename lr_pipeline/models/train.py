"""Training: a table, an engine, a kernel and settings → a model."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lr_pipeline.core.columns.classes import count_classes
from lr_pipeline.core.existence.existence import SeparationError, assess_existence
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
from lr_pipeline.core.types import Parameters
from lr_pipeline.engines.parallel import threads_for
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.provenance import require_same_table
from lr_pipeline.models.ranges import training_ranges
from lr_pipeline.models.table_existence import existence_from_dict, existence_to_dict
from lr_pipeline.models.trained_model import origin_of
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.sources.source_content import known_content
from lr_pipeline.tables.table import Table

# Profile likelihoods take some ten to a hundred passes a parameter, each of p² (n + p) operations:
# up to this p³ (n + p) they are seconds, beyond it Wald's method is the one.
PROFILE_LIMIT = 1e9

# Times that a fit may begin anew from a profile that is better than it.
RESTARTS = 10

OpenRows = Callable[[Table, Preparation], Rows]


def assess_table(
    train: Table, open_rows: OpenRows, aggregate: Aggregate = aggregate_here
) -> dict[str, Any]:
    """Existence and uniqueness of the estimate on ``train``, columns by name."""
    preparation = Preparation.fit(train, aggregate)
    with threads_for(len(preparation.columns)):
        existence = assess_existence(open_rows(train, preparation))
    found = existence_to_dict(existence, preparation.columns)
    return found | {"train_fingerprint": train.fingerprint} | known_content(train.provenance)


@dataclass(frozen=True)
class Training:
    """How a logistic model is to be trained.

    ``start``: initial parameters in the design's units, given their number p; None starts from
    the optimum of the intercept alone.
    """

    solver: Solver
    penalty: Penalty | Auto = AUTO
    start: Callable[[int], Parameters] | None = None


def train_logistic(
    train: Table,
    open_rows: OpenRows,
    kernel: LogisticKernel,
    training: Training,
    existence: dict[str, Any] | None = None,
    progress: Progress | None = None,
    aggregate: Aggregate = aggregate_here,
) -> LogisticModel:
    """Fit a logistic regression to ``train`` and bind it to the table's columns.

    ``existence`` is what :func:`assess_table` found for the same table, where already known;
    ``aggregate`` is how the rows are visited that are not prepared yet.

    Raises
    ------
    SeparationError
        There is no penalty and the table is separated; names the columns.
    ProvenanceError
        ``existence`` was found for another table.
    """
    if existence is not None:
        require_same_table("mle_existence", existence["train_fingerprint"], train)
    preparation = Preparation.fit(train, aggregate)
    rows = open_rows(train, preparation)
    try:
        with threads_for(rows.num_columns):
            fit = fit_logistic(
                rows,
                kernel,
                penalty=training.penalty,
                solver=training.solver,
                existence=None if existence is None else existence_from_dict(existence),
                start=training.start and training.start(len(preparation.columns) + 1),
                progress=progress,
            )
    except SeparationError as error:
        raise SeparationError(error.existence, preparation.columns) from None
    inference = _infer(rows, fit, preparation.columns)
    for _ in range(RESTARTS):
        if inference.better_start is None:
            break
        with threads_for(rows.num_columns):
            fit = _restarted(rows, kernel, training, fit, inference.better_start)
        inference = _infer(rows, fit, preparation.columns)
    return LogisticModel(
        **origin_of(train, preparation),
        kernel=kernel.name,
        fit=fit,
        inference=inference,
        ranges=training_ranges(train, preparation, aggregate),
    )


def _restarted(
    rows: Rows, kernel: LogisticKernel, training: Training, fit: LogisticFit, start: Parameters
) -> LogisticFit:
    """The fit from a start that a profile of ``fit`` has found to be better."""
    found = fit_logistic(rows, kernel, fit.penalty, training.solver, start=start)
    search = fit.search
    if search is not None:
        excess = 2.0 * count_classes(rows).total_weight * (fit.value - found.value)
        earlier = np.append(fit.intercept, fit.coefficients)
        search = search.restarted(earlier, excess, start)
    return replace(found, existence=fit.existence, search=search)


def _infer(rows: Rows, fit: LogisticFit, columns: tuple[str, ...]) -> LogisticInference:
    """Inference by the method that the table's size allows.

    In numpy whichever kernel fitted: thousands of small sums, which must equal the fit's own.
    """
    p = len(columns) + 1
    method = "profile" if p**3 * (rows.num_rows + p) <= PROFILE_LIMIT else "wald"
    with threads_for(len(columns)):
        return infer_logistic(rows, NumpyKernel(), fit, method=method, names=columns)


def train_linear(
    train: Table, open_rows: OpenRows, aggregate: Aggregate = aggregate_here
) -> LinearModel:
    """Least squares of the 0/1 label on the prepared columns."""
    preparation = Preparation.fit(train, aggregate)
    fit = fit_linear(open_rows(train, preparation))
    return LinearModel(**origin_of(train, preparation), fit=fit)
