"""One look at the rows of a large table: classes and a sample."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Integer

from lr_pipeline.core.columns.classes import ClassCounts
from lr_pipeline.core.columns.moments import counted_rows
from lr_pipeline.core.rows import Block, Rows, concatenate
from lr_pipeline.core.types import Design


@dataclass(frozen=True, eq=False)
class Survey:
    """What one pass over the rows found; rows of zero weight do not count.

    ``sample``: about a given share of the rows, drawn at random from each block.
    """

    classes: ClassCounts
    sample: Block


def survey(rows: Rows, share: float) -> Survey:
    """Look at every label once. The same rows are drawn each time from the same blocks.

    Raises
    ------
    ValueError
        Labels other than 0 and 1, or one class alone.
    """
    places = min(rows.block_rows, rows.num_rows)
    drawn = np.flatnonzero(np.random.default_rng(0).random(places) < share)

    def look(block: Block) -> tuple[ClassCounts, list[Block]]:
        X, y, weight = counted_rows(block)
        chosen = drawn[: np.searchsorted(drawn, len(y))]
        sample = Block(_taken(X, chosen), y[chosen], None if weight is None else weight[chosen])
        return ClassCounts.of(block), [sample]

    classes, samples = rows.sum(look)
    return Survey(classes.require_both(), concatenate(samples))


def _taken(X: Design, rows: Integer[np.ndarray, " m"]) -> Float64[np.ndarray, "m d"]:
    """Some rows, each stored in one piece.

    Taken column by column where columns are, in half of the time or, of a wide block, in a tenth.
    """
    if X.flags.c_contiguous:
        return X.take(rows, axis=0)
    return np.ascontiguousarray(X.T.take(rows, axis=1).T)
