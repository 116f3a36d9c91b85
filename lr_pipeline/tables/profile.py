"""What each feature looks like in either class: counts, range, mean and deviation."""

from collections import Counter
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from lr_pipeline.core.moments import moments_of, standard_deviation
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.source_content import known_content
from lr_pipeline.tables.spelling import merged_spellings
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import is_text, labels, plain_values
from lr_pipeline.tables.visit import Visit, visit_blocks

CLASSES = {"negative": 0.0, "positive": 1.0}
LEVELS_SHOWN = 20


def profile_features(table: Table, visit: Visit = visit_blocks) -> dict[str, Any]:
    """Describe the features class by class; one pass over the blocks.

    ``{"rows", "target", "positive", "classes": {"negative": rows, "positive": rows},
    "features": {name: {"negative": {…}, "positive": {…}}}}`` where a number or boolean has
    ``count, missing, min, max, mean, deviation`` and text has ``count, missing, levels``
    (level → rows, the 20 most frequent). Mean and deviation are the normal distribution's
    maximum-likelihood estimate μ = Σx/n, σ² = Σ(x − μ)²/n over the values that are not missing;
    ``None`` where there are none. Rows count once each, whatever their weight.
    """
    roles = table.roles
    found = visit(table, [*roles.features, roles.target], partial(_Profile, roles))
    return {
        "rows": table.num_rows,
        "target": roles.target,
        "positive": roles.positive,
        "classes": {name: found.classes[name] for name in CLASSES},
        "features": {
            feature: {name: found.summaries[feature, name].to_dict() for name in CLASSES}
            for feature in roles.features
        },
        **known_content(table.provenance),
    }


class _Profile:
    """The features by class, gathered block by block."""

    def __init__(self, roles: ColumnRoles) -> None:
        self.roles, self.classes = roles, Counter[str]()
        self.summaries = {
            (feature, name): _Summary() for feature in roles.features for name in CLASSES
        }

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        y = labels(self.roles.target, block.column(self.roles.target), self.roles.positive)
        for name, label in CLASSES.items():
            of_class = block.filter(pa.array(y == label))
            self.classes[name] += of_class.num_rows
            for feature in self.roles.features:
                self.summaries[feature, name].add(plain_values(of_class.column(feature)))

    def __add__(self, other: "_Profile") -> "_Profile":
        """Return the profile of both sets of rows."""
        both = _Profile(self.roles)
        both.classes = self.classes + other.classes
        both.summaries = {key: one + other.summaries[key] for key, one in self.summaries.items()}
        return both


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
            x = np.asarray(numbers.cast(pa.float64()), dtype=np.float64) + 0.0  # 0 for −0
            self.least = min(self.least, float(x.min()))
            self.greatest = max(self.greatest, float(x.max()))
            self.moments = self.moments + moments_of(x[:, None])

    def __add__(self, other: "_Summary") -> "_Summary":
        """Return the summary of both sets of rows."""
        both = _Summary()
        both.text = self.text or other.text
        both.count, both.missing = self.count + other.count, self.missing + other.missing
        both.levels = self.levels + other.levels
        both.least, both.greatest = min(self.least, other.least), max(self.greatest, other.greatest)
        both.moments = self.moments + other.moments
        return both

    def to_dict(self) -> dict[str, Any]:
        """The summary of all rows."""
        summary: dict[str, Any] = {"count": self.count, "missing": self.missing}
        if self.text:
            counts = sorted(
                merged_spellings(self.levels).items(), key=lambda pair: (-pair[1], pair[0])
            )
            return summary | {"levels": dict(counts[:LEVELS_SHOWN])}
        if self.count == 0:
            return summary | dict.fromkeys(("min", "max", "mean", "deviation"))
        return summary | {
            "min": self.least,
            "max": self.greatest,
            "mean": float(self.moments.mean[0]),
            "deviation": float(standard_deviation(self.moments)[0]),
        }
