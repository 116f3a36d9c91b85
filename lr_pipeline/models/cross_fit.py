"""Cross-fitting: scores of training rows, each by a model that was trained without the row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Int64

from lr_pipeline.core.types import Columns, Parameters, RowVector
from lr_pipeline.engines.design import Prepare, PreparedRows
from lr_pipeline.models.linear_predictor import LinearPredictor
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.split.folds import Fold, FoldPlan, divide
from lr_pipeline.tables.split.split_table import number_of_classes
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.weights import weights_of

# From prepared rows to the center (d,) and parameters (p,) of a linear predictor.
FitRows = Callable[[PreparedRows], tuple[Columns, Parameters]]


@dataclass(frozen=True, eq=False)
class HeldOutScores:
    """Score, label, weight and fold (m,) of the rows that were held out, fold after fold.

    A row whose cases lie in several folds occurs in each of them; the earliest rows of a division
    by time are never held out. ``folds``: how the rows were divided, in words.
    """

    z: RowVector
    y: RowVector
    weight: RowVector
    fold: Int64[np.ndarray, " n"]
    folds: str

    @property
    def number_of_folds(self) -> int:
        """How many folds were held out."""
        return len(np.unique(self.fold))


def cross_fit(
    train: Table,
    prepare: Prepare,
    fit: FitRows,
    plan: FoldPlan,
    aggregate: Aggregate = aggregate_here,
    repeat: int = 0,
) -> HeldOutScores:
    """Score the rows of each fold by a model of the other folds' rows (or, by time, of earlier).

    The preparation (medians, levels, missing indicators) is learned again from the rows that a
    model is trained on. Only the scores of a fold are kept.
    """
    found = [
        held_out_scores(train, prepared, fit(prepared), fold, aggregate)
        for fold, prepared in prepared_folds(train, prepare, plan, repeat)
    ]
    y, weight, z = (np.concatenate(parts) for parts in zip(*found, strict=True))
    fold = np.repeat(np.arange(len(found)), [len(part[0]) for part in found])
    return HeldOutScores(z, y, weight, fold, plan.description)


def prepared_folds(
    train: Table, prepare: Prepare, plan: FoldPlan, repeat: int = 0
) -> Iterator[tuple[Fold, PreparedRows]]:
    """Yield each fold with its training rows, whose preparation knows no other row.

    Raises
    ------
    TableError
        The training rows of a fold are all of one class.
    """
    for number, fold in enumerate(divide(train, plan, repeat), 1):
        training = train.where(fold.training)
        if number_of_classes(training) < 2:
            raise table_error(
                f"the training rows of fold {number} of {plan.description} are all of one class",
                "Give a threshold instead of a rule that chooses one, or add rows of both classes",
                train.roles.target,
            )
        yield fold, prepare(training)


def held_out_scores(
    train: Table,
    prepared: PreparedRows,
    fitted: tuple[Columns, Parameters],
    fold: Fold,
    aggregate: Aggregate = aggregate_here,
) -> tuple[RowVector, RowVector, RowVector]:
    """Return label, weight and score of the rows of a fold, in their order."""
    roles = train.roles
    scorer = _Scorer(LinearPredictor(prepared.preparation, *fitted), roles)
    wanted = {*roles.features, roles.target, roles.weight}
    columns = [name for name in train.schema.names if name in wanted]
    y, weight, z = aggregate(train.where(fold.held_out), columns, scorer)
    return np.concatenate(y), np.concatenate(weight), np.concatenate(z)


@dataclass(frozen=True, eq=False)
class _Scorer:
    """Computes label, weight and score of the rows of a block, as lists of one array."""

    predictor: LinearPredictor
    roles: ColumnRoles

    def __call__(
        self, block: pa.RecordBatch
    ) -> tuple[list[RowVector], list[RowVector], list[RowVector]]:
        roles = self.roles
        y = labels(roles.target, block.column(roles.target), roles.positive)
        weight = np.ones_like(y) if roles.weight is None else weights_of(block, roles.weight)
        return [y], [weight], [self.predictor.of_block(block)]
