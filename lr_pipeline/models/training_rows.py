"""That a stored model knows its training rows alone: whatever was fitted is fitted again."""

from itertools import chain

import numpy as np

from lr_pipeline.core.rows import Rows
from lr_pipeline.core.warm_start import possible_standardizations
from lr_pipeline.core.wide_start import wide_standardizations
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.models.provenance import require_same_table
from lr_pipeline.models.train import OpenRows
from lr_pipeline.models.trained_model import TrainedModel
from lr_pipeline.tables.perturbation import encoded_otherwise
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.visit import Visit, visit_blocks

# Of a deviation: sums in another order differ by less, a mean of other rows by more.
SAME = 1e-9
ROUNDING = 4 * float(np.finfo(np.float64).eps)


def not_of_training_rows(
    model: TrainedModel, train: Table, open_rows: OpenRows, visit: Visit = visit_blocks
) -> list[str]:
    """What of the model is not what the rows of ``train`` give: features, or columns' scalers.

    Compared are each feature's median, levels and missing mark, exactly, and the center and scale
    of each design column where the model has them.

    Raises
    ------
    ProvenanceError
        The model was trained on another table than ``train``.
    """
    require_same_table("the model", model.train_fingerprint, train)
    preparation = Preparation.fit(train, visit)
    if otherwise := encoded_otherwise(model.preparation, preparation):
        return [f"preparation of {feature}" for feature in otherwise]
    if not isinstance(model, LogisticModel):
        return []
    columns = _scaled_otherwise(model, open_rows(train, preparation))
    return [f"scaler of {preparation.columns[j]}" for j in columns]


def _scaled_otherwise(model: LogisticModel, rows: Rows) -> list[int]:
    """Columns, from 0, whose center or scale is not that of all rows, or of the fit's sample."""
    differ: list[int] = []
    for center, scale in chain(wide_standardizations(rows), possible_standardizations(rows)):
        tolerance = SAME * scale + ROUNDING * np.abs(center)
        moved = np.abs(model.fit.center - center) > tolerance
        moved |= np.abs(model.fit.scale - scale) > tolerance
        differ = np.flatnonzero(moved).tolist()
        if not differ:
            break
    return differ
