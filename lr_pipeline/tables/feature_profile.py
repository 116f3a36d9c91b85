"""What each feature looks like in either class: counts, range, mean and deviation."""

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from lr_pipeline.core.columns.moments import moments_of, standard_deviation
from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.aggregate import Visit, visit_blocks
from lr_pipeline.tables.level_counts import LevelCounts, plain_count
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.sources.source_content import known_content
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.values.column_values import is_text, plain_values
from lr_pipeline.tables.weights import weights_of

CLASSES = {"negative": 0.0, "positive": 1.0}
LEVELS_SHOWN = 20


def profile_features(table: Table, visit: Visit = visit_blocks) -> dict[str, Any]:
    """Describe the features class by class; one pass over the blocks.

    ``{"rows", "target", "positive", "classes": {"negative": rows, "positive": rows},
    "features": {name: {"negative": {…}, "positive": {…}}}}`` where a number or boolean has
    ``count, missing, min, max, mean, deviation`` and text has ``count, missing, levels``
    (level → rows, the 20 most frequent). Mean and deviation are the normal distribution's
    maximum-likelihood estimate μ = Σx/n, σ² = Σ(x − μ)²/n over the values that are not missing;
    ``None`` where there are none. Where rows have weights, all counts but ``rows`` are of cases,
    and so are the moments; ``cases`` is how many there are.
    """
    roles = table.roles
    columns = [*roles.features, roles.target]
    weighted = [] if roles.weight is None else [roles.weight]
    found = visit(table, columns + weighted, partial(_Profile, roles))
    classes = {name: plain_count(found.classes[name]) for name in CLASSES}
    return {
        "rows": table.num_rows,
        **({"cases": plain_count(sum(found.classes.values()))} if weighted else {}),
        "target": roles.target,
        "positive": roles.positive,
        "classes": classes,
        "features": {
            feature: {name: found.summaries[feature, name].to_dict() for name in CLASSES}
            for feature in roles.features
        },
        **known_content(table.provenance),
    }


class _Profile:
    """The features by class, gathered block by block."""

    def __init__(self, roles: ColumnRoles) -> None:
        self.roles, self.classes = roles, dict.fromkeys(CLASSES, 0.0)
        self.summaries = {
            (feature, name): _Summary() for feature in roles.features for name in CLASSES
        }

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        roles = self.roles
        y = labels(roles.target, block.column(roles.target), roles.positive)
        for name, label in CLASSES.items():
            of_class = block.filter(pa.array(y == label))
            weight = None if roles.weight is None else weights_of(of_class, roles.weight)
            cases = of_class.num_rows if weight is None else float(weight.sum())
            self.classes[name] += cases
            for feature in roles.features:
                self.summaries[feature, name].add(plain_values(of_class.column(feature)), weight)

    def __add__(self, other: "_Profile") -> "_Profile":
        """Return the profile of both sets of rows."""
        both = _Profile(self.roles)
        both.classes = {name: self.classes[name] + other.classes[name] for name in CLASSES}
        both.summaries = {key: one + other.summaries[key] for key, one in self.summaries.items()}
        return both


class _Summary:
    """One feature in one class, gathered block by block."""

    def __init__(self) -> None:
        self.text = False
        self.count = self.missing = 0.0
        self.levels = LevelCounts()
        self.least, self.greatest = np.inf, -np.inf
        self.moments = moments_of(np.empty((0, 1)))

    def add(self, values: pa.Array, weight: RowVector | None) -> None:
        """Take in the next rows of the class."""
        self.text = is_text(values.type)
        missing = values.is_null().to_numpy(zero_copy_only=False)
        known = values.drop_null()
        if weight is None:
            self.missing, self.count = self.missing + values.null_count, self.count + len(known)
        else:
            self.missing += float(weight[missing].sum())
            weight = weight[~missing]
            self.count += float(weight.sum())
        if self.text:
            self.levels.add(known, weight)
        elif len(known):
            numbers = known.cast(pa.uint8()) if values.type == pa.bool_() else known
            x = np.asarray(numbers.cast(pa.float64()), dtype=np.float64) + 0.0  # 0 for −0
            self.least = min(self.least, float(x.min()))
            self.greatest = max(self.greatest, float(x.max()))
            self.moments = self.moments + moments_of(x[:, None], weight)

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
        counts = {"count": plain_count(self.count), "missing": plain_count(self.missing)}
        summary: dict[str, Any] = counts
        if self.text:
            counted = self.levels.merged().known
            by_count = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
            return summary | {"levels": dict(by_count[:LEVELS_SHOWN])}
        if self.count == 0:
            return summary | dict.fromkeys(("min", "max", "mean", "deviation"))
        return summary | {
            "min": self.least,
            "max": self.greatest,
            "mean": float(self.moments.mean[0]),
            "deviation": float(standard_deviation(self.moments)[0]),
        }
