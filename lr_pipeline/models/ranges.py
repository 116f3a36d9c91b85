"""The least and the greatest value of each numeric feature in the training set."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pyarrow as pa

from lr_pipeline.core.columns.moments import Extremes
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.preparation.encoding import NumberEncoding, numbers_of
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table

Ranges = Mapping[str, tuple[float, float]]


def training_ranges(
    train: Table, preparation: Preparation, aggregate: Aggregate = aggregate_here
) -> dict[str, tuple[float, float]]:
    """Return numeric feature → (least, greatest) value in ``train``, in one pass over its blocks.

    Missing values are ignored, and a boolean is 0 or 1.
    """
    names = [one.name for one in preparation.encodings if isinstance(one, NumberEncoding)]
    if not names:
        return {}
    found = aggregate(train, names, partial(_extremes, names))
    bounds = zip(found.lower.tolist(), found.upper.tolist(), strict=True)
    return dict(zip(names, bounds, strict=True))


def _extremes(names: Sequence[str], batch: pa.RecordBatch) -> Extremes:
    """Return each column's least and greatest value; +∞ and −∞ where all are missing."""
    columns = [numbers_of(name, batch.column(name)) for name in names]
    return Extremes(
        np.array([np.fmin.reduce(values, initial=np.inf) for values in columns]),
        np.array([np.fmax.reduce(values, initial=-np.inf) for values in columns]),
    )
