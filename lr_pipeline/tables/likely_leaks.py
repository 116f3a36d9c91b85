"""Features that alone predict the target almost perfectly: more often a leak than a discovery."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.encoding import numbers_of
from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import is_text, labels, plain_values

ALMOST_PERFECT = 0.995  # area under the ROC curve
FEWEST_OF_A_CLASS = 20  # with fewer, chance alone can order them so
FIRST_ROWS = 100_000


def likely_leaks(table: Table) -> list[Problem]:
    """Warn of each feature that alone orders the classes almost perfectly.

    By the area under the ROC curve, 0.995 or more in either direction, of a number's values, of
    a text's levels (ordered by their share of positive rows), or of whether the value is missing;
    over the first 100,000 rows, where both classes have 20 of them.
    """
    roles = table.roles
    columns = [*roles.features, roles.target]
    rows = pa.Table.from_batches(
        islice(table.blocks(FIRST_ROWS, columns), 1),
        schema=pa.schema([table.schema.field(name) for name in columns]),
    )
    y = labels(roles.target, rows.column(roles.target), roles.positive)
    if min(y.sum(), len(y) - y.sum()) < FEWEST_OF_A_CLASS:
        return []
    return [
        Problem(
            f"feature {name!r} alone tells the classes apart (area under the ROC curve {area:.4f})",
            f"If it is known only after the answer, set exclude=[{name!r}]",
            name,
            severity="warning",
        )
        for name in roles.features
        if (area := _best_area(name, rows.column(name).combine_chunks(), y)) >= ALMOST_PERFECT
    ]


def _best_area(name: str, column: pa.Array, y: RowVector) -> float:
    return max(max(area, 1.0 - area) for area in _areas(name, plain_values(column), y))


def _areas(name: str, column: pa.Array, y: RowVector) -> Iterator[float]:
    """Areas of the values, and of whether they are missing."""
    missing = np.asarray(column.is_null().to_numpy(zero_copy_only=False))
    yield _area(missing.astype(np.float64), y)
    if is_text(column.type):
        codes = column.dictionary_encode().indices.fill_null(-1).to_numpy() + 1
        shares = np.bincount(codes, weights=y) / np.maximum(np.bincount(codes), 1)
        yield _area(shares[codes], y)
    else:
        known = ~missing
        if 0.0 < y[known].sum() < known.sum() and known.mean() >= 0.5:
            yield _area(numbers_of(name, column)[known], y[known])


def _area(scores: Float64[np.ndarray, " n"], y: RowVector) -> float:
    """P(score of a positive row > that of a negative one) + half of P(equal), by mean ranks."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[places]
    positive = y.sum()
    above = ranks[y == 1.0].sum() - positive * (positive + 1) / 2.0
    return float(above / (positive * (len(y) - positive)))
