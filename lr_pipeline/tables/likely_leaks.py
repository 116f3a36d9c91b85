"""Features that alone predict the target almost perfectly: more often a leak than a discovery."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.encoding import numbers_of
from lr_pipeline.tables.errors import Problem
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.row_hash import keyed_hashes
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import is_text, labels, plain_values

ALMOST_PERFECT = 0.995  # area under the ROC curve
FEWEST_OF_A_CLASS = 20  # with fewer, chance alone can order them so
CLASS_ROWS = 50_000  # drawn of either class, or fewer where there are many columns
HELD_VALUES = 20_000_000


def likely_leaks(table: Table) -> list[Problem]:
    """Warn of each feature that alone orders the classes almost perfectly.

    By the area under the ROC curve, 0.995 or more in either direction, of a number's values, of
    a text's levels (ordered by their share of positive rows), or of whether the value is missing;
    over about 50,000 rows of either class, drawn from the whole table by the hash of their number,
    where both classes have 20 of them. (How many rows a class has does not move the area.)
    """
    roles = table.roles
    columns = [*roles.features, roles.target]
    schema = pa.schema([table.schema.field(name) for name in columns])
    rows = pa.Table.from_batches(_drawn_rows(table, columns), schema=schema)
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


def _drawn_rows(table: Table, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Some rows of either class, the same at every call."""
    positive = sum(float(y.sum()) for y in table.label_blocks())
    wanted = min(CLASS_ROWS, HELD_VALUES // (2 * len(columns)))
    shares = wanted / np.maximum([table.num_rows - positive, positive], 1.0)
    start = 0
    for block in prefetched(table.blocks(columns=columns)):
        y = labels(table.roles.target, block.column(table.roles.target), table.roles.positive)
        numbers = pa.array(np.arange(start, start + block.num_rows))
        drawn = keyed_hashes(numbers, seed=0) / 2.0**64 < shares[y.astype(int)]
        start += block.num_rows
        yield block.filter(pa.array(drawn))


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
