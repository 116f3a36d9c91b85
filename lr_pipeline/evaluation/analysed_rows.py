"""Training rows in memory, for results that need every column of a row: evenly spaced ones.

The same limits hold for the test rows that slices look at.
"""

from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.types import Design, RowVector

MOST_ROWS = 100_000
MOST_NUMBERS = 2**22  # in the design of these rows: 32 MiB, copied a few times


@dataclass(frozen=True, eq=False)
class AnalysedRows:
    """Every ``step``-th row of a design that has positive weight.

    ``X`` (n, d), ``y`` (n,); ``weight`` (n,) 1 where rows have none; ``number`` (n,) the row's
    place in the training set, from 0. ``of_rows``: the rows from which they are. ``group`` (n,): a
    number from 0 for each row's group, where the table has groups.
    """

    X: Design
    y: RowVector
    weight: RowVector
    number: Int[np.ndarray, " n"]
    step: int
    of_rows: int
    group: Int[np.ndarray, " n"] | None = None

    @cached_property
    def counts(self) -> RowVector | None:
        """The weights, None where all are 1, which makes quantiles faster."""
        return None if (self.weight == 1.0).all() else self.weight

    @property
    def groups(self) -> int:
        """How many groups these rows have, 0 where the table has none."""
        return 0 if self.group is None else int(self.group.max(initial=-1)) + 1

    @property
    def cases(self) -> float:
        """Σ weight of these rows."""
        return float(self.weight.sum())

    @property
    def described(self) -> str:
        """The rows, in words."""
        if self.step == 1:
            return "all training rows"
        return f"one row in {self.step:,} of the {self.of_rows:,} training rows"


class _Taken(NamedTuple):
    """Parts of blocks, and how many rows each block has."""

    blocks: list[Block]
    sizes: list[int]


def analysed_rows(
    rows: Rows, most_rows: int = MOST_ROWS, most_numbers: int = MOST_NUMBERS
) -> AnalysedRows:
    """Take at most ``most_rows`` rows and ``most_numbers`` numbers, every k-th of each block."""
    most = max(1, min(most_rows, most_numbers // max(rows.num_columns, 1)))
    step = max(1, -(-rows.num_rows // most))
    taken = rows.sum(partial(_every, step))
    starts = np.cumsum([0, *taken.sizes[:-1]])
    number = np.concatenate(
        [start + np.arange(0, size, step) for start, size in zip(starts, taken.sizes, strict=True)]
    )
    X, y = (np.concatenate(parts) for parts in list(zip(*taken.blocks, strict=True))[:2])
    weight = np.ones_like(y)
    if taken.blocks[0].weight is not None:
        weight = np.concatenate([np.asarray(block.weight) for block in taken.blocks])
    counted = weight > 0
    if not counted.all():
        X, y, weight, number = X[counted], y[counted], weight[counted], number[counted]
    return AnalysedRows(X, y, weight, number, step, rows.num_rows)


def _every(step: int, block: Block) -> _Taken:
    """Take every ``step``-th row of a block."""
    X, y, weight = block
    if step == 1:
        return _Taken([block], [len(y)])
    weight = None if weight is None else weight[::step].copy()
    part = Block(X[::step].copy(), y[::step].copy(), weight)  # a view would keep the whole block
    return _Taken([part], [len(y)])
