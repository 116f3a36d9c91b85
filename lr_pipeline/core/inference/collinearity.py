"""Columns so nearly dependent that their fitted coefficients cannot be told apart."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool
from scipy.sparse.csgraph import connected_components

from lr_pipeline.core.columns.column_list import list_columns
from lr_pipeline.core.columns.rank import ColumnAnalysis
from lr_pipeline.core.types import Columns

# Limit of the variance inflation factor. At this limit the standard error is 100 times that of an
# uncorrelated column: the part of the column that others do not explain is a hundredth of its
# deviation, which may be only the rounding of the numbers in a file.
LARGEST_INFLATION = 1e4
# Columns cancel along eigenvectors of the correlation matrix with eigenvalues up to CANCELLING. In
# the projection on these, entries below MOVING_TOGETHER are rounding or chance: m equal columns
# have entries 1 / m.
CANCELLING = 1e-3
MOVING_TOGETHER = 0.01
GROUPS_SHOWN = 6


def inseparable_columns(inflation: Columns) -> Bool[np.ndarray, " d"]:
    """Whether each column's (d,) variance inflation 1 / (1 − R²) is finite and above 10⁴."""
    return np.asarray(np.isfinite(inflation) & (inflation > LARGEST_INFLATION))


def inseparable_groups(analysis: ColumnAnalysis, inflation: Columns) -> list[list[int]]:
    """Return groups of columns that move together; each has at least one inseparable column.

    Columns i and j are linked where |P_ij| ≥ 0.01. P is the projection on the eigenvectors of the
    correlation matrix RᵀR with eigenvalues of at most 0.001: along these, sums of standardized
    columns hardly vary.
    """
    independent = np.asarray(analysis.independent, dtype=int)
    tied = inseparable_columns(inflation)[independent]
    if not tied.any():
        return []
    R = analysis.factor
    eigenvalues, vectors = np.linalg.eigh(R.T @ R)
    cancelling = vectors[:, eigenvalues <= CANCELLING]
    linked = np.abs(cancelling @ cancelling.T) >= MOVING_TOGETHER
    number, label = connected_components(linked, directed=False)
    groups = [independent[label == k].tolist() for k in range(number) if tied[label == k].any()]
    return sorted(groups)


def describe_inseparable(
    groups: Sequence[Sequence[int]], inflation: Columns, names: Sequence[str] | None
) -> str:
    """Say which columns move together, what is withheld and what to do; "" without groups."""
    if not groups:
        return ""
    shown = "; ".join(list_columns(group, names) for group in groups[:GROUPS_SHOWN])
    more = f"; and {len(groups) - GROUPS_SHOWN} more groups" if len(groups) > GROUPS_SHOWN else ""
    worst = float(inflation[inseparable_columns(inflation)].max())
    return (
        f"these columns move together, so that their coefficients cannot be told apart: {shown}"
        f"{more} (variance inflation up to {worst:.1e}). No interval, test or odds ratio is given "
        "for them; predictions are not affected. Leave out all but one of each group, or use their "
        "sum or difference instead"
    )
