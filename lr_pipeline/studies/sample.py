"""A sample of a table's rows, on which a study is computed."""

from dataclasses import dataclass, replace

import numpy as np

from lr_pipeline.core.rows import Block, gather
from lr_pipeline.core.types import RowVector
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.tables.case_counts import are_whole
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.row_batches import RowIndices
from lr_pipeline.tables.table import Table


@dataclass(frozen=True, eq=False)
class Sample:
    """Cases of a table with its design columns by name; missing values are imputed.

    A row of weight 3 is three cases, so that the rows of the block have no weights.
    """

    columns: tuple[str, ...]
    block: Block

    def column(self, name: str) -> RowVector:
        """Return the values of one design column.

        Raises
        ------
        ValueError
            There is no column of this name.
        """
        if name not in self.columns:
            names = ", ".join(self.columns)
            raise ValueError(f"expected one of the design columns {names}; found {name!r}")
        return np.ascontiguousarray(self.block.X[:, self.columns.index(name)])

    def rows(self) -> ArrayRows:
        """Return the same rows in the form that solvers take."""
        return ArrayRows(*self.block)


def sample_table(table: Table, max_rows: int) -> Sample:
    """Return at most ``max_rows`` cases of ``table``, evenly spaced, so that a study is fast."""
    preparation = Preparation.fit(table)
    if table.roles.weight is not None:
        roles = replace(table.roles, weight=None)
        table = replace(table.take(_spaced_cases(table, max_rows)), roles=roles)
        preparation = replace(preparation, roles=roles)
    elif table.num_rows > max_rows:
        table = table.take(np.linspace(0, table.num_rows - 1, max_rows).astype(np.int64))
    return Sample(preparation.columns, gather(TableRows(table, preparation)))


def _spaced_cases(table: Table, most: int) -> RowIndices:
    """Return rows (m,) of all cases, or of as many as allowed, equally spaced by weight."""
    weight = table.weights()
    assert weight is not None
    ends = np.cumsum(weight)
    if are_whole(weight) and ends[-1] <= most:
        return np.repeat(np.arange(len(weight)), weight.astype(np.int64))
    places = (np.arange(most) + 0.5) * (ends[-1] / most)
    return np.asarray(np.minimum(np.searchsorted(ends, places, side="right"), len(weight) - 1))
