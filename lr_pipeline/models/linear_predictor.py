"""Compute linear predictors over a table, block by block."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from lr_pipeline.core.logistic.row_scores import score_rows
from lr_pipeline.core.types import Columns, Design, Parameters, RowVector
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table


@dataclass(frozen=True, eq=False)
class LinearPredictor:
    """z = w₀ + (x − center) · w of rows as they are stored, the same bits for the same numbers.

    The columns are centred before they are multiplied, so that a column with a large mean costs
    no digits.
    """

    preparation: Preparation
    center: Columns
    parameters: Parameters

    def of_block(self, block: pa.RecordBatch) -> RowVector:
        """Return z (n,) of the rows of a block."""
        return self.of_design(self.preparation.design(block))

    def of_design(self, X: Design) -> RowVector:
        """Return z (n,) of rows of the design."""
        return score_rows(X, self.center, self.parameters)

    def of_table(
        self, table: Table, aggregate: Aggregate = aggregate_here
    ) -> Float64[np.ndarray, " rows"]:
        """Return z of every row of ``table``, in its order."""
        wanted = set(self.preparation.roles.features)
        # `design` names columns that are missing.
        features = [name for name in table.schema.names if name in wanted]
        return np.concatenate(aggregate(table, features, self._scores))

    def _scores(self, batch: pa.RecordBatch) -> list[RowVector]:
        return [self.of_block(batch)]
