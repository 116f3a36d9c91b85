"""Blocks held in memory, summed by several threads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from lr_pipeline.core.rows import Block, Value, added, row_slices
from lr_pipeline.engines.parallel import in_order

# A part with fewer rows gets no thread of its own.
LEAST_ROWS = 1280
# Blocks are added within each of this many groups, then the groups are added. This gives the same
# bits for any number of threads, and few partial sums at a time.
GROUPS = 8
# Below this many numbers, starting threads takes as long as the sums.
THREADED_NUMBERS = 2**20

Item = TypeVar("Item")


@dataclass(frozen=True)
class HeldBlocks:
    """Float64 or float32 blocks held in memory, summed by several threads."""

    blocks: Sequence[Block]

    @property
    def num_rows(self) -> int:
        """Number of rows n."""
        return sum(len(block.y) for block in self.blocks)

    @property
    def num_columns(self) -> int:
        """Number of columns d of the design, not counting the intercept."""
        return int(self.blocks[0].X.shape[1])

    @property
    def block_rows(self) -> int:
        """The number of rows of the largest block."""
        return max(len(block.y) for block in self.blocks)

    def sum(self, block_function: Callable[[Block], Value]) -> Value:
        """Add ``block_function(block)`` over all blocks, in a fixed order."""
        numbers = sum(block.X.size for block in self.blocks)
        return sum_in_groups(block_function, self.blocks, numbers)

    def hold(self, *blocks: Block) -> "HeldBlocks":
        """Hold some of these rows in blocks of their own."""
        return held_by_threads(*blocks)


def held_by_threads(*blocks: Block) -> HeldBlocks:
    """Return blocks in memory as rows; a single block is cut into parts for several threads.

    There are 1, 2, 4 or 8 parts, so that two or four threads share the work equally.
    """
    if len(blocks) > 1:
        return HeldBlocks(blocks)
    rows, parts = len(blocks[0].y), GROUPS
    while parts > 1 and rows < parts * LEAST_ROWS:
        parts //= 2
    return HeldBlocks(tuple(row_slices(blocks[0], -(-rows // parts))))


def sum_in_groups(function: Callable[[Item], Value], items: Sequence[Item], numbers: int) -> Value:
    """Add ``function(item)`` over all items, in a fixed order.

    Several threads do so where there is much to do; ``numbers`` is the count of numbers in all
    items.
    """

    def add_group(group: Sequence[Item]) -> Value:
        return added(map(function, group))

    apply = in_order if numbers >= THREADED_NUMBERS else map
    return added(apply(add_group, _groups(items)))


def _groups(blocks: Sequence[Item]) -> list[Sequence[Item]]:
    """Cut the blocks into at most ``GROUPS`` groups of neighbours; sizes differ by at most one."""
    groups = min(GROUPS, len(blocks))
    edges = [len(blocks) * group // groups for group in range(groups + 1)]
    return [blocks[start:end] for start, end in pairwise(edges)]
