"""The page's table of how each feature was prepared."""

from collections.abc import Sequence

from lr_pipeline.core.listed_names import listed
from lr_pipeline.evaluation.findings import FeatureRow
from lr_pipeline.evaluation.number_format import UNDEFINED, count, plain
from lr_pipeline.report.page_table import ROW_LIMIT, PageTable, filled_table

LEVELS_SHOWN = 12


def feature_table(features: Sequence[FeatureRow]) -> PageTable:
    """Return the features in their order; a column that would be empty is left out."""
    shown = features[:ROW_LIMIT]
    columns: dict[str, list[str]] = {
        "Kind": [row.kind for row in shown],
        "Missing in training": [_missing(row) for row in shown],
        "Where missing": [_imputed(row) for row in shown],
        "Reference level": [row.reference or UNDEFINED for row in shown],
        "Levels with a coefficient": [
            listed(row.levels, LEVELS_SHOWN) or UNDEFINED for row in shown
        ],
        "Pooled as (other)": [listed(row.pooled, LEVELS_SHOWN) or UNDEFINED for row in shown],
    }
    names = [row.name for row in shown]
    return filled_table("Feature", names, columns, len(features) - len(shown))


def _missing(row: FeatureRow) -> str:
    if not row.missing:
        return UNDEFINED
    indicator = "with an indicator" if row.marked else "too few for an indicator"
    return f"{count(row.missing)}, {indicator}"


def _imputed(row: FeatureRow) -> str:
    """Return what replaces a missing value, in training and in prediction."""
    return "the reference level" if row.median is None else f"median {plain(row.median)}"
