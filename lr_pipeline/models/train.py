"""Training: a table, an engine, a kernel and settings → a model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lr_pipeline.core.existence import SeparationError, assess_existence
from lr_pipeline.core.fit import fit_logistic
from lr_pipeline.core.linear import fit_linear
from lr_pipeline.core.objective import LogisticKernel
from lr_pipeline.core.rows import Rows
from lr_pipeline.core.solvers import Progress, Solver
from lr_pipeline.core.types import Parameters
from lr_pipeline.models.existence import existence_from_dict, existence_to_dict
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.provenance import require_same_table
from lr_pipeline.models.trained_model import origin_of
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import Table

OpenRows = Callable[[Table, Preparation], Rows]


def assess_table(train: Table, open_rows: OpenRows) -> dict[str, Any]:
    """Existence and uniqueness of the estimate on ``train``, columns by name."""
    preparation = Preparation.fit(train)
    existence = assess_existence(open_rows(train, preparation))
    found = existence_to_dict(existence, preparation.columns)
    return found | {"train_fingerprint": train.fingerprint}


@dataclass(frozen=True)
class Training:
    """How a logistic model is to be trained.

    ``start``: initial parameters in the design's units, given their number p; None starts from
    the optimum of the intercept alone.
    """

    solver: Solver
    penalty: str = "auto"
    l2: float | None = None
    start: Callable[[int], Parameters] | None = None


def train_logistic(
    train: Table,
    open_rows: OpenRows,
    kernel: LogisticKernel,
    training: Training,
    existence: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> LogisticModel:
    """Fit a logistic regression to ``train`` and bind it to the table's columns.

    ``existence`` is what :func:`assess_table` found for the same table, where already known.

    Raises
    ------
    SeparationError
        The penalty is "none" and the table is separated; names the columns.
    ProvenanceError
        ``existence`` was found for another table.
    """
    if existence is not None:
        require_same_table("mle_existence", existence["train_fingerprint"], train)
    preparation = Preparation.fit(train)
    try:
        fit = fit_logistic(
            open_rows(train, preparation),
            kernel,
            penalty=training.penalty,
            solver=training.solver,
            l2=1.0 if training.l2 is None else training.l2,
            existence=None if existence is None else existence_from_dict(existence),
            start=training.start and training.start(len(preparation.columns) + 1),
            progress=progress,
        )
    except SeparationError as error:
        raise SeparationError(error.existence, preparation.columns) from None
    return LogisticModel(**origin_of(train, preparation), kernel=kernel.name, fit=fit)


def train_linear(train: Table, open_rows: OpenRows) -> LinearModel:
    """Least squares of the 0/1 label on the prepared columns."""
    preparation = Preparation.fit(train)
    fit = fit_linear(open_rows(train, preparation))
    return LinearModel(**origin_of(train, preparation), fit=fit)
