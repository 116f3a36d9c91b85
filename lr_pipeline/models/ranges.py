"""The least and the greatest value of each numeric feature in the training set."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pyarrow as pa

from lr_pipeline.tables.aggregate import Visit, visit_blocks
from lr_pipeline.tables.preparation.encoding import NumberEncoding, numbers_of
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table

Ranges = Mapping[str, tuple[float, float]]


def training_ranges(
    train: Table, preparation: Preparation, visit: Visit = visit_blocks
) -> dict[str, tuple[float, float]]:
    """Numeric feature → (least, greatest) of its values in ``train``; one pass over its blocks.

    Missing values are no values, and a boolean is 0 or 1.
    """
    names = [one.name for one in preparation.encodings if isinstance(one, NumberEncoding)]
    if not names:
        return {}
    found = visit(train, names, partial(_Ranges, names))
    bounds = zip(found.least.tolist(), found.greatest.tolist(), strict=True)
    return dict(zip(names, bounds, strict=True))


class _Ranges:
    """Least and greatest values (names,), gathered block by block."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.least, self.greatest = np.full(len(names), np.inf), np.full(len(names), -np.inf)

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        columns = [numbers_of(name, block.column(name)) for name in self.names]
        lower = np.array([np.fmin.reduce(values) for values in columns])
        upper = np.array([np.fmax.reduce(values) for values in columns])
        self.least, self.greatest = np.fmin(self.least, lower), np.fmax(self.greatest, upper)

    def __add__(self, other: "_Ranges") -> "_Ranges":
        """Return the ranges of both sets of rows."""
        both = _Ranges(self.names)
        both.least = np.fmin(self.least, other.least)
        both.greatest = np.fmax(self.greatest, other.greatest)
        return both
