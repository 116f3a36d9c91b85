"""The share of positive rows, which the baseline predicts for every row."""

from functools import partial

import numpy as np
import pyarrow as pa

from lr_pipeline.tables.aggregate import Visit, visit_blocks
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.weights import weights_of


def prevalence(table: Table, visit: Visit = visit_blocks) -> float:
    """Σ weight y / Σ weight over the rows of a table."""
    roles = table.roles
    columns = [roles.target] if roles.weight is None else [roles.target, roles.weight]
    found = visit(table, columns, partial(_Weights, roles))
    return found.positive / found.total


class _Weights:
    """Σ weight y and Σ weight, gathered block by block."""

    def __init__(self, roles: ColumnRoles) -> None:
        self.roles, self.positive, self.total = roles, 0.0, 0.0

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        roles = self.roles
        y = labels(roles.target, block.column(roles.target), roles.positive)
        weight = np.ones(len(y)) if roles.weight is None else weights_of(block, roles.weight)
        self.positive += float(weight @ y)
        self.total += float(weight.sum())

    def __add__(self, other: "_Weights") -> "_Weights":
        """Return the sums over both sets of rows."""
        both = _Weights(self.roles)
        both.positive, both.total = self.positive + other.positive, self.total + other.total
        return both
