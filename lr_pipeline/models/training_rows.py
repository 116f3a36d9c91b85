"""Check that nothing in a stored model was fitted on test rows, by fitting it again."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, tee

import numpy as np

from lr_pipeline.core.acceleration.warm_start import possible_standardizations
from lr_pipeline.core.acceleration.wide_start import wide_standardizations
from lr_pipeline.core.types import Columns
from lr_pipeline.engines.design import Prepare
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.provenance import require_same_table
from lr_pipeline.models.trained_model import TrainedModel
from lr_pipeline.tables.preparation.encoding import CategoryEncoding, NumberEncoding
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.split.perturbation import encoded_otherwise
from lr_pipeline.tables.table import Table

Encoding = NumberEncoding | CategoryEncoding

# Tolerance as a share of the deviation: sums in another order differ by less, means of other rows
# by more.
SAME = 1e-9
ROUNDING = 4 * float(np.finfo(np.float64).eps)


class SecondFit:
    """The preparation of a training table and its possible scalers, fitted again for any models."""

    def __init__(self, train: Table, prepare: Prepare) -> None:
        self.train, prepared = train, prepare(train)
        self.preparation, rows = prepared.preparation, prepared.rows
        self._scalers: Iterator[tuple[Columns, Columns]] = chain(
            wide_standardizations(rows), possible_standardizations(rows)
        )

    def scalers(self) -> Iterator[tuple[Columns, Columns]]:
        """Yield the pairs ``center``, ``scale`` (d,) that a fit may have, each computed once."""
        self._scalers, found = tee(self._scalers)
        return found


def not_of_training_rows(model: TrainedModel, again: SecondFit) -> list[str]:
    """Return the model's features and column scalers that differ from the second fit.

    Each feature's median, levels and missing indicator must be the same, and the center and scale
    of each design column, if the model has them, must be equal up to rounding. The median of a
    sample is not compared: it imputes no training row, and each engine draws another sample.

    Raises
    ------
    ProvenanceError
        The model was trained on another table.
    """
    require_same_table("the model", model.train_fingerprint, again.train)
    alike = _with_samples_of(model.preparation, again.preparation)
    if otherwise := encoded_otherwise(model.preparation, alike):
        return [f"preparation of {feature}" for feature in otherwise]
    if not isinstance(model, LogisticModel):
        return []
    columns = _scaled_otherwise(model, again)
    return [f"scaler of {again.preparation.columns[j]}" for j in columns]


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


def _scaled_otherwise(model: LogisticModel, again: SecondFit) -> list[int]:
    """Return columns, from 0, whose center or scale is that of neither all rows nor a sample."""
    differ: list[int] = []
    for center, scale in again.scalers():
        tolerance = SAME * scale + ROUNDING * np.abs(center)
        moved = np.abs(model.fit.center - center) > tolerance
        moved |= np.abs(model.fit.scale - scale) > tolerance
        differ = np.flatnonzero(moved).tolist()
        if not differ:
            break
    return differ
