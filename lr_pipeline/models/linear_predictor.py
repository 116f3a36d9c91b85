"""Linear predictors over a table, block by block."""

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.types import Columns, Parameters
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import Table


def linear_predictor(
    table: Table,
    preparation: Preparation,
    center: Columns,
    scale: Columns,
    parameters: Parameters,
) -> Float64[np.ndarray, " rows"]:
    """Return z = w₀ + ((x − center) / scale) · w for every row of ``table``, in its order.

    The columns are centred before they are multiplied, so that a column with a large mean costs
    no digits.
    """
    wanted = set(preparation.roles.features)
    features = [name for name in table.schema.names if name in wanted]  # `design` names the others
    designs = (preparation.design(batch) for batch in table.blocks(columns=features))
    z = [np.empty(0)]
    for X in prefetched(designs):
        standardized = X - center
        standardized /= scale
        z.append(parameters[0] + standardized @ parameters[1:])
    return np.concatenate(z)
