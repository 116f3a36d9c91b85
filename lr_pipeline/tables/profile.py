"""What each feature looks like in either class: counts, range, mean and deviation."""

from typing import Any

import numpy as np
import pyarrow as pa

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import Column, is_text, plain_values

CLASSES = {"negative": 0.0, "positive": 1.0}
LEVELS_SHOWN = 20


def profile_features(table: Table) -> dict[str, Any]:
    """Describe the features class by class; reads one column at a time.

    ``{"rows", "target", "positive", "classes": {"negative": rows, "positive": rows},
    "features": {name: {"negative": {…}, "positive": {…}}}}`` where a number or boolean has
    ``count, missing, min, max, mean, deviation`` and text has ``count, missing, levels``
    (level → rows, the 20 most frequent). Mean and deviation are the normal distribution's
    maximum-likelihood estimate μ = Σx/n, σ² = Σ(x − μ)²/n over the values that are not missing;
    ``None`` where there are none. Rows count once each, whatever their weight.
    """
    y = table.labels()
    return {
        "rows": table.num_rows,
        "target": table.roles.target,
        "positive": table.roles.positive,
        "classes": {name: int((y == label).sum()) for name, label in CLASSES.items()},
        "features": {
            feature: _by_class(plain_values(table.column(feature)), y)
            for feature in table.roles.features
        },
    }


def _by_class(values: Column, y: RowVector) -> dict[str, Any]:
    describe = _text_summary if is_text(values.type) else _number_summary
    return {name: describe(values.filter(pa.array(y == label))) for name, label in CLASSES.items()}


def _number_summary(values: Column) -> dict[str, Any]:
    known = values.drop_null().cast(pa.float64() if values.type != pa.bool_() else pa.uint8())
    x = np.asarray(known, dtype=np.float64)
    summary: dict[str, Any] = {"count": len(x), "missing": values.null_count}
    if len(x) == 0:
        return summary | dict.fromkeys(("min", "max", "mean", "deviation"))
    numbers = {"min": x.min(), "max": x.max(), "mean": x.mean(), "deviation": x.std()}
    return summary | {name: float(value) for name, value in numbers.items()}


def _text_summary(values: Column) -> dict[str, Any]:
    known = values.drop_null()
    counts = [(pair["values"], pair["counts"]) for pair in known.value_counts().to_pylist()]
    counts.sort(key=lambda pair: (-pair[1], pair[0]))
    return {
        "count": len(known),
        "missing": values.null_count,
        "levels": dict(counts[:LEVELS_SHOWN]),
    }
