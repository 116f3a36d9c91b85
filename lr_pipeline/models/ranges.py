"""The least and the greatest value of each numeric feature in the training set."""

from collections.abc import Iterator, Mapping

import numpy as np

from lr_pipeline.tables.encoding import NumberEncoding, numbers_of
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import Table

Ranges = Mapping[str, tuple[float, float]]


def training_ranges(train: Table, preparation: Preparation) -> dict[str, tuple[float, float]]:
    """Numeric feature → (least, greatest) of its values in ``train``; one pass over its blocks.

    Missing values are no values, and a boolean is 0 or 1.
    """
    names = [one.name for one in preparation.encodings if isinstance(one, NumberEncoding)]
    if not names:
        return {}
    least, greatest = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for lower, upper in _block_ranges(train, names):
        np.fmin(least, lower, out=least)
        np.fmax(greatest, upper, out=greatest)
    bounds = zip(least.tolist(), greatest.tolist(), strict=True)
    return dict(zip(names, bounds, strict=True))


def _block_ranges(train: Table, names: list[str]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each block the least and the greatest values (names,), NaN where all are missing."""
    for block in prefetched(train.blocks(columns=names)):
        columns = [numbers_of(name, block.column(name)) for name in names]
        yield (
            np.array([np.fmin.reduce(values) for values in columns]),
            np.array([np.fmax.reduce(values) for values in columns]),
        )
