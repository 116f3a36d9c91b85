"""Rows whose blocks are summed in any order, and added as a tree."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lr_pipeline.core.rows import Block, HeldRows, Value, add, concatenate


@dataclass(frozen=True)
class ShuffledRows:
    """Rows in memory, in blocks of uneven length, in an order set by ``seed``."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None = None
    cuts: tuple[int, ...] = ()
    seed: int = 0

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return len(self.X)

    @property
    def num_columns(self) -> int:
        """Number of columns."""
        return int(self.X.shape[1])

    @property
    def block_rows(self) -> int:
        """Upper bound on a block's rows: their total number."""
        return len(self.X)

    def sum(self, block_function: Callable[[Block], Value]) -> Value:
        """Add the blocks' results two by two."""
        results = [block_function(block) for block in self._blocks()]
        while len(results) > 1:
            first, second, *rest = results
            results = [*rest, add(first, second)]
        return results[0]

    def hold(self, *blocks: Block) -> HeldRows:
        """Return blocks in memory as rows, in order."""
        return HeldRows(concatenate(blocks))

    def _blocks(self) -> list[Block]:
        edges = [0, *sorted(set(self.cuts) & set(range(1, len(self.y)))), len(self.y)]
        parts = [slice(a, b) for a, b in pairwise(edges)]
        order = np.random.default_rng(self.seed).permutation(len(parts))
        weight = self.weight
        return [
            Block(self.X[p], self.y[p], None if weight is None else weight[p])
            for p in (parts[i] for i in order)
        ]
