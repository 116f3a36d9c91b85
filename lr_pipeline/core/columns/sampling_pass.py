"""One pass over the rows of a large table: its classes and a sample."""

import numpy as np
from jaxtyping import Float64, Integer

from lr_pipeline.core.columns.classes import ClassCounts
from lr_pipeline.core.rows import Block, Rows, concatenate, counted_rows
from lr_pipeline.core.types import Design


def draw_sample(rows: Rows, share: float) -> tuple[ClassCounts, Block]:
    """Count all labels, and draw about a share of the rows at random from each block.

    Rows of zero weight do not count. The same rows are drawn each time from the same blocks.

    Raises
    ------
    ValueError
        Labels other than 0 and 1, or one class alone.
    """
    places = min(rows.block_rows, rows.num_rows)
    drawn = np.flatnonzero(np.random.default_rng(0).random(places) < share)

    def count_and_draw(block: Block) -> tuple[ClassCounts, list[Block]]:
        X, y, weight = counted_rows(block)
        chosen = drawn[: np.searchsorted(drawn, len(y))]
        sample = Block(_taken(X, chosen), y[chosen], None if weight is None else weight[chosen])
        return ClassCounts.of(block), [sample]

    classes, samples = rows.sum(count_and_draw)
    return classes.require_both(), concatenate(samples)


def _taken(X: Design, rows: Integer[np.ndarray, " m"]) -> Float64[np.ndarray, "m d"]:
    """Copy some rows, each contiguous in memory.

    Where columns are contiguous, copying column by column takes half of the time, and a tenth of it
    for a wide block.
    """
    if X.flags.c_contiguous:
        return X.take(rows, axis=0)
    return np.ascontiguousarray(X.T.take(rows, axis=1).T)
