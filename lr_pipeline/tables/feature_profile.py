"""A profile of each feature in each class: counts, range, mean and standard deviation."""

from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from lr_pipeline.core.columns.moments import (
    Extremes,
    Moments,
    moments_of,
    standard_deviation,
)
from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.level_counts import LevelCounts, plain_count
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.sources.source_content import known_content
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.values.column_values import is_text, plain_values
from lr_pipeline.tables.weights import weights_of

CLASSES = {"negative": 0.0, "positive": 1.0}
LEVELS_SHOWN = 20

Cases = int | float


def profile_features(table: Table, aggregate: Aggregate = aggregate_here) -> dict[str, Any]:
    """Describe the features class by class; one pass over the blocks.

    ``{"rows", "target", "positive", "classes": {"negative": rows, "positive": rows},
    "features": {name: {"negative": {…}, "positive": {…}}}}`` where a number or boolean has
    ``count, missing, min, max, mean, deviation`` and text has ``count, missing, levels``
    (level → rows, the 20 most frequent). Mean and deviation are the normal distribution's
    maximum-likelihood estimate μ = Σx/n, σ² = Σ(x − μ)²/n over the values that are not missing;
    ``None`` where there are none. Where rows have weights, all counts but ``rows`` and the moments
    are of cases; ``cases`` is the number of cases.
    """
    roles = table.roles
    columns = [*roles.features, roles.target]
    weighted = [] if roles.weight is None else [roles.weight]
    found = aggregate(table, columns + weighted, partial(_profile, roles))
    classes = {name: plain_count(found.classes[name]) for name in CLASSES}
    return {
        "rows": table.num_rows,
        **({"cases": plain_count(sum(found.classes.values()))} if weighted else {}),
        "target": roles.target,
        "positive": roles.positive,
        "classes": classes,
        "features": {
            feature: {name: found.features[name][feature].to_dict() for name in CLASSES}
            for feature in roles.features
        },
        **known_content(table.provenance),
    }


class _NumberSummary(NamedTuple):
    """Counts, range and moments of a number or boolean in one class."""

    known: Cases
    missing: Cases
    extremes: Extremes
    moments: Moments

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain values."""
        summary: dict[str, Any] = _counts(self.known, self.missing)
        if self.known == 0:
            return summary | dict.fromkeys(("min", "max", "mean", "deviation"))
        return summary | {
            "min": float(self.extremes.lower[0]),
            "max": float(self.extremes.upper[0]),
            "mean": float(self.moments.mean[0]),
            "deviation": float(standard_deviation(self.moments)[0]),
        }


class _TextSummary(NamedTuple):
    """Numbers of cases of a text in one class, in all and by level."""

    known: Cases
    missing: Cases
    levels: LevelCounts

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as plain values."""
        counted = self.levels.merged().known
        by_count = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        return _counts(self.known, self.missing) | {"levels": dict(by_count[:LEVELS_SHOWN])}


class _Profile(NamedTuple):
    """By class: the cases, and the summary of each feature."""

    classes: dict[str, Cases]
    features: dict[str, dict[str, _NumberSummary | _TextSummary]]


def _profile(roles: ColumnRoles, batch: pa.RecordBatch) -> _Profile:
    """Describe the rows of a batch."""
    y = labels(roles.target, batch.column(roles.target), roles.positive)
    profile = _Profile({}, {})
    for name, label in CLASSES.items():
        of_class = batch.filter(pa.array(y == label))
        weight = None if roles.weight is None else weights_of(of_class, roles.weight)
        profile.classes[name] = of_class.num_rows if weight is None else float(weight.sum())
        profile.features[name] = {
            feature: _summary(plain_values(of_class.column(feature)), weight)
            for feature in roles.features
        }
    return profile


def _summary(values: pa.Array, weight: RowVector | None) -> _NumberSummary | _TextSummary:
    """Describe one feature in the rows of one class."""
    known = values.drop_null()
    count: Cases = len(known)
    missing: Cases = values.null_count
    if weight is not None:
        is_missing = values.is_null().to_numpy(zero_copy_only=False)
        missing, weight = float(weight[is_missing].sum()), weight[~is_missing]
        count = float(weight.sum())
    if is_text(values.type):
        return _TextSummary(count, missing, LevelCounts.of(known, weight))
    numbers = known.cast(pa.uint8()) if values.type == pa.bool_() else known
    X = np.asarray(numbers.cast(pa.float64()), dtype=np.float64)[:, None] + 0.0  # 0 for −0
    moments = moments_of(X, weight)
    extremes = moments.extremes if weight is None else Extremes.of(X)
    return _NumberSummary(count, missing, extremes, moments)


def _counts(known: Cases, missing: Cases) -> dict[str, Any]:
    return {"count": plain_count(known), "missing": plain_count(missing)}
