"""The rows on a separating hyperplane: they decide whether another hyperplane separates more.

Let (2y − 1) x̃ᵀb ≥ 0 in every row, and 0 in the rows T. If no direction separates T, every c with
(2y − 1) x̃ᵀc ≥ 0 in all rows is 0 in all of T, and so separates no row that b does not. If some c
separates T, then b + ε c separates more (Albert & Anderson, 1984, Biometrika 71).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lr_pipeline.core.columns.standardize import Coordinates
from lr_pipeline.core.existence.separation import is_on_hyperplane
from lr_pipeline.core.rows import Block, Rows, Value
from lr_pipeline.core.types import Parameters


@dataclass(frozen=True, eq=False)
class RowsOnHyperplane:
    """The same rows, with zero weight unless x̃ᵀ direction = 0 to rounding.

    ``direction`` (k + 1,) in ``coordinates``, those of standardized columns.
    """

    rows: Rows
    coordinates: Coordinates
    direction: Parameters

    @property
    def block_rows(self) -> int:
        """Largest number of rows in a block."""
        return self.rows.block_rows

    @property
    def num_rows(self) -> int:
        """Number of rows, of zero weight or not."""
        return self.rows.num_rows

    @property
    def num_columns(self) -> int:
        """Number of columns."""
        return self.rows.num_columns

    def sum(self, block_function: Callable[[Block], Value]) -> Value:
        """Add ``block_function`` over the blocks with these weights."""
        return self.rows.sum(lambda block: block_function(self._weighted(block)))

    def hold(self, *blocks: Block) -> Rows:
        """Return blocks in memory as rows of the same engine."""
        return self.rows.hold(*blocks)

    def _weighted(self, block: Block) -> Block:
        at = self.coordinates
        X = (block.X[:, list(at.columns)] - at.center) / at.scale
        on_hyperplane = is_on_hyperplane(np.column_stack([np.ones(len(X)), X]), self.direction)
        return block._replace(
            weight=on_hyperplane * (1.0 if block.weight is None else block.weight)
        )
