"""What each feature looks like in either class: counts, range, mean and deviation."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa

from lr_pipeline.core.moments import moments_of, standard_deviation
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import is_text, labels, plain_values

CLASSES = {"negative": 0.0, "positive": 1.0}
LEVELS_SHOWN = 20


def profile_features(table: Table) -> dict[str, Any]:
    """Describe the features class by class; one pass over the blocks.

    ``{"rows", "target", "positive", "classes": {"negative": rows, "positive": rows},
    "features": {name: {"negative": {…}, "positive": {…}}}}`` where a number or boolean has
    ``count, missing, min, max, mean, deviation`` and text has ``count, missing, levels``
    (level → rows, the 20 most frequent). Mean and deviation are the normal distribution's
    maximum-likelihood estimate μ = Σx/n, σ² = Σ(x − μ)²/n over the values that are not missing;
    ``None`` where there are none. Rows count once each, whatever their weight.
    """
    roles = table.roles
    classes = Counter[str]()
    summaries = {feature: {name: _Summary() for name in CLASSES} for feature in roles.features}
    for block in prefetched(table.blocks(columns=[*roles.features, roles.target])):
        y = labels(roles.target, block.column(roles.target), roles.positive)
        for name, label in CLASSES.items():
            of_class = block.filter(pa.array(y == label))
            classes[name] += of_class.num_rows
            for feature in roles.features:
                summaries[feature][name].add(plain_values(of_class.column(feature)))
    return {
        "rows": table.num_rows,
        "target": roles.target,
        "positive": roles.positive,
        "classes": {name: classes[name] for name in CLASSES},
        "features": {
            feature: {name: one.to_dict() for name, one in by_class.items()}
            for feature, by_class in summaries.items()
        },
    }


class _Summary:
    """One feature in one class, gathered block by block."""

    def __init__(self) -> None:
        self.text = False
        self.count = self.missing = 0
        self.levels = Counter[str]()
        self.least, self.greatest = np.inf, -np.inf
        self.moments = moments_of(np.empty((0, 1)))

    def add(self, values: pa.Array) -> None:
        """Take in the next rows of the class."""
        self.text = is_text(values.type)
        self.missing += values.null_count
        known = values.drop_null()
        self.count += len(known)
        if self.text:
            for pair in known.value_counts().to_pylist():
                self.levels[pair["values"]] += pair["counts"]
        elif len(known):
            numbers = known.cast(pa.uint8()) if values.type == pa.bool_() else known
            x = np.asarray(numbers.cast(pa.float64()), dtype=np.float64)
            self.least = min(self.least, float(x.min()))
            self.greatest = max(self.greatest, float(x.max()))
            self.moments = self.moments + moments_of(x[:, None])

    def to_dict(self) -> dict[str, Any]:
        """The summary of all rows."""
        summary: dict[str, Any] = {"count": self.count, "missing": self.missing}
        if self.text:
            counts = sorted(self.levels.items(), key=lambda pair: (-pair[1], pair[0]))
            return summary | {"levels": dict(counts[:LEVELS_SHOWN])}
        if self.count == 0:
            return summary | dict.fromkeys(("min", "max", "mean", "deviation"))
        return summary | {
            "min": self.least,
            "max": self.greatest,
            "mean": float(self.moments.mean[0]),
            "deviation": float(standard_deviation(self.moments)[0]),
        }
