"""Linear predictors over a table, block by block."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from lr_pipeline.core.logistic.row_scores import score_rows
from lr_pipeline.core.types import Columns, Design, Parameters, RowVector
from lr_pipeline.tables.aggregate import Visit, visit_blocks
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

    def of_table(self, table: Table, visit: Visit = visit_blocks) -> Float64[np.ndarray, " rows"]:
        """Return z of every row of ``table``, in its order."""
        wanted = set(self.preparation.roles.features)
        # `design` names those that are missing.
        features = [name for name in table.schema.names if name in wanted]
        return np.concatenate([np.empty(0), *visit(table, features, partial(_Scores, self)).z])


class _Scores:
    """z of each block."""

    def __init__(self, predictor: LinearPredictor) -> None:
        self.predictor, self.z = predictor, list[RowVector]()

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        self.z.append(self.predictor.of_block(block))

    def __add__(self, other: "_Scores") -> "_Scores":
        """Return both, in the order of the rows."""
        both = _Scores(self.predictor)
        both.z = [np.concatenate([*self.z, *other.z])] if self.z or other.z else []
        return both
