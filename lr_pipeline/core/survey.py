"""One look at all rows of a large table: classes, extremes and a sample."""

from dataclasses import dataclass

import numpy as np

from lr_pipeline.core.classes import ClassCounts
from lr_pipeline.core.moments import Extremes, counted_rows, require_finite
from lr_pipeline.core.rows import Block, Rows, concatenate


@dataclass(frozen=True, eq=False)
class Survey:
    """What one pass over the rows found; rows of zero weight do not count.

    ``sample``: about a given share of the rows, drawn at random from each block.
    """

    classes: ClassCounts
    extremes: Extremes
    sample: Block


def survey(rows: Rows, share: float) -> Survey:
    """Look at every row once. The same rows are drawn each time from the same blocks.

    Raises
    ------
    ValueError
        Labels other than 0 and 1, one class alone, or a value that is not finite.
    """
    drawn = np.random.default_rng(0).random(min(rows.block_rows, rows.num_rows)) < share

    def look(block: Block) -> tuple[ClassCounts, Extremes, list[Block]]:
        counted = counted_rows(block)
        X, y, weight = counted
        chosen = np.flatnonzero(drawn[: len(y)])
        sample = Block(X[chosen], y[chosen], None if weight is None else weight[chosen])
        return ClassCounts.of(block), Extremes.of(X), [sample]

    classes, extremes, samples = rows.sum(look)
    require_finite(rows, extremes.finite)
    return Survey(classes.require_both(), extremes, concatenate(samples))
