"""The share of positive rows, which the baseline predicts for every row."""

from functools import partial

import numpy as np
import pyarrow as pa

from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.weights import weights_of


def prevalence(table: Table, aggregate: Aggregate = aggregate_here) -> float:
    """Σ weight y / Σ weight over the rows of a table."""
    roles = table.roles
    columns = [roles.target] if roles.weight is None else [roles.target, roles.weight]
    positive, total = aggregate(table, columns, partial(_weights, roles))
    return positive / total


def _weights(roles: ColumnRoles, batch: pa.RecordBatch) -> tuple[float, float]:
    """Σ weight y and Σ weight."""
    y = labels(roles.target, batch.column(roles.target), roles.positive)
    weight = np.ones(len(y)) if roles.weight is None else weights_of(batch, roles.weight)
    return float(weight @ y), float(weight.sum())
