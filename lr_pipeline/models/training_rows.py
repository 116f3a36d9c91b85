"""Check that nothing in a stored model was fitted on test rows, by fitting it again."""

from dataclasses import replace
from itertools import chain

import numpy as np

from lr_pipeline.core.acceleration.warm_start import possible_standardizations
from lr_pipeline.core.acceleration.wide_start import wide_standardizations
from lr_pipeline.core.rows import Rows
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.provenance import require_same_table
from lr_pipeline.models.train import OpenRows
from lr_pipeline.models.trained_model import TrainedModel
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.preparation.encoding import CategoryEncoding, NumberEncoding
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.split.perturbation import encoded_otherwise
from lr_pipeline.tables.table import Table

Encoding = NumberEncoding | CategoryEncoding

# Tolerance as a share of the deviation: sums in another order differ by less, means of other rows
# by more.
SAME = 1e-9
ROUNDING = 4 * float(np.finfo(np.float64).eps)


def not_of_training_rows(
    model: TrainedModel, train: Table, open_rows: OpenRows, aggregate: Aggregate = aggregate_here
) -> list[str]:
    """Return the features and column scalers that differ when fitted again on ``train``.

    Each feature's median, levels and missing indicator must be the same, and the center and scale
    of each design column, if the model has them, must be equal up to rounding. The median of a
    sample is not compared: it imputes no training row, and each engine draws another sample.

    Raises
    ------
    ProvenanceError
        The model was trained on another table.
    """
    require_same_table("the model", model.train_fingerprint, train)
    preparation = Preparation.fit(train, aggregate)
    alike = _with_samples_of(model.preparation, preparation)
    if otherwise := encoded_otherwise(model.preparation, alike):
        return [f"preparation of {feature}" for feature in otherwise]
    if not isinstance(model, LogisticModel):
        return []
    columns = _scaled_otherwise(model, open_rows(train, preparation))
    return [f"scaler of {preparation.columns[j]}" for j in columns]


def _with_samples_of(known: Preparation, found: Preparation) -> Preparation:
    """Return what was found, with the known medians where either median is of a sample."""
    before = {one.name: one for one in known.encodings}
    return replace(
        found, encodings=tuple(_as_sampled(before.get(one.name), one) for one in found.encodings)
    )


def _as_sampled(known: Encoding | None, found: Encoding) -> Encoding:
    if not (isinstance(known, NumberEncoding) and isinstance(found, NumberEncoding)):
        return found
    if not (known.sampled_rows or found.sampled_rows):
        return found
    return replace(found, median=known.median, sampled_rows=known.sampled_rows)


def _scaled_otherwise(model: LogisticModel, rows: Rows) -> list[int]:
    """Return columns, from 0, whose center or scale is that of neither all rows nor a sample."""
    differ: list[int] = []
    for center, scale in chain(wide_standardizations(rows), possible_standardizations(rows)):
        tolerance = SAME * scale + ROUNDING * np.abs(center)
        moved = np.abs(model.fit.center - center) > tolerance
        moved |= np.abs(model.fit.scale - scale) > tolerance
        differ = np.flatnonzero(moved).tolist()
        if not differ:
            break
    return differ
