"""The rows of a table that a study looks at."""

from dataclasses import dataclass

import numpy as np

from lr_pipeline.core.rows import Block, gather
from lr_pipeline.core.types import RowVector
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import Table


@dataclass(frozen=True, eq=False)
class Sample:
    """Design columns by name, and the rows of positive weight; missing values are imputed."""

    columns: tuple[str, ...]
    block: Block

    def column(self, name: str) -> RowVector:
        """Values of one design column.

        Raises
        ------
        ValueError
            There is no such column.
        """
        if name not in self.columns:
            names = ", ".join(self.columns)
            raise ValueError(f"expected one of the design columns {names}; found {name!r}")
        return np.ascontiguousarray(self.block.X[:, self.columns.index(name)])

    def rows(self) -> ArrayRows:
        """The same rows, as solvers visit them."""
        return ArrayRows(*self.block)


def sample_table(table: Table, max_rows: int) -> Sample:
    """At most ``max_rows`` rows of ``table``, evenly spaced, so that a study stays quick."""
    preparation = Preparation.fit(table)
    if table.num_rows > max_rows:
        table = table.take(np.linspace(0, table.num_rows - 1, max_rows).astype(np.int64))
    return Sample(preparation.columns, gather(TableRows(table, preparation)))
