"""How each feature is prepared, learned from the training rows, as the report lists it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lr_pipeline.evaluation.findings import FeatureRow
from lr_pipeline.tables.preparation.encoding import CategoryEncoding, NumberEncoding


def feature_rows(encodings: Sequence[NumberEncoding | CategoryEncoding]) -> list[FeatureRow]:
    """Return what a preparation learned of each feature."""
    rows = []
    for one in encodings:
        if isinstance(one, NumberEncoding):
            row = FeatureRow(one.name, "number", median=one.median)
        else:
            texts: dict[str, Any] = {
                "reference": one.reference,
                "levels": one.levels,
                "pooled": one.pooled,
            }
            row = FeatureRow(one.name, "category", **texts)
        rows.append(replace(row, missing=one.missing, marked=one.marks_missing))
    return rows
