"""The least and the greatest value of each numeric feature in the training set."""

from collections.abc import Mapping

from lr_pipeline.engines.design import PreparedRows
from lr_pipeline.tables.preparation.encoding import NumberEncoding

Ranges = Mapping[str, tuple[float, float]]


def training_ranges(train: PreparedRows) -> dict[str, tuple[float, float]]:
    """Return numeric feature → (least, greatest) value in the training set.

    They are those of the design: an imputed median lies between them. A boolean is 0 or 1.
    """
    names = {one.name for one in train.preparation.encodings if isinstance(one, NumberEncoding)}
    if not names:
        return {}
    bounds = zip(train.extremes.lower.tolist(), train.extremes.upper.tolist(), strict=True)
    columns = zip(train.preparation.columns, bounds, strict=True)
    return {column: found for column, found in columns if column in names}
