"""The page's table of how each feature was prepared."""

from collections.abc import Sequence
from typing import NamedTuple

from lr_pipeline.evaluation.findings import FeatureRow
from lr_pipeline.evaluation.number_format import UNDEFINED, count, plain

ROW_LIMIT = 200
LEVELS_SHOWN = 12


class FeatureTable(NamedTuple):
    """Headings and cells as text; ``left_out`` is how many features after these are not shown."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int


def feature_table(features: Sequence[FeatureRow]) -> FeatureTable:
    """Return the features in their order; a column that would be empty is left out."""
    shown = features[:ROW_LIMIT]
    columns: dict[str, list[str]] = {
        "Kind": [row.kind for row in shown],
        "Missing in training": [_missing(row) for row in shown],
        "Where missing": [_imputed(row) for row in shown],
        "Reference level": [row.reference or UNDEFINED for row in shown],
        "Levels with a coefficient": [_listed(row.levels) for row in shown],
        "Pooled as (other)": [_listed(row.pooled) for row in shown],
    }
    filled = {name: cells for name, cells in columns.items() if set(cells) - {UNDEFINED}}
    names = [row.name for row in shown]
    rows = tuple(zip(names, *filled.values(), strict=True))
    return FeatureTable(("Feature", *filled), rows, len(features) - len(shown))


def _missing(row: FeatureRow) -> str:
    if not row.missing:
        return UNDEFINED
    indicator = "with an indicator" if row.marked else "too few for an indicator"
    return f"{count(row.missing)}, {indicator}"


def _imputed(row: FeatureRow) -> str:
    """Return what replaces a missing value, in training and in prediction."""
    return "the reference level" if row.median is None else f"median {plain(row.median)}"


def _listed(levels: Sequence[str]) -> str:
    rest = len(levels) - LEVELS_SHOWN
    listed = ", ".join(levels[:LEVELS_SHOWN]) or UNDEFINED
    return f"{listed} and {count(rest)} more" if rest > 0 else listed
