"""Columns whose coefficients no amount of such rows tells apart, though a fit has them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool
from scipy.sparse.csgraph import connected_components

from lr_pipeline.core.columns.rank import ColumnAnalysis
from lr_pipeline.core.existence.existence import NAMED_COLUMNS
from lr_pipeline.core.types import Columns

# Of the variance of a coefficient: its standard error is 100 times that of a column by itself. What
# the column has of its own is less than a hundredth of its deviation, as rounding of a file may be.
LARGEST_INFLATION = 1e4
# Eigenvalues of the correlation matrix along which columns cancel, and the least entry of the
# projection on these directions that is no rounding or chance: of m copies it is 1 / m.
CANCELLING = 1e-3
MOVING_TOGETHER = 0.01
GROUPS_SHOWN = 6


def inseparable_columns(inflation: Columns) -> Bool[np.ndarray, " d"]:
    """(d,) whether a variance inflation factor 1 / (1 − R²) is finite and above 10⁴."""
    return np.asarray(np.isfinite(inflation) & (inflation > LARGEST_INFLATION))


def inseparable_groups(analysis: ColumnAnalysis, inflation: Columns) -> list[list[int]]:
    """Columns that move together, at least one of each group inseparable from the others.

    Linked are columns i and j with |P_ij| ≥ 0.01, P the projection on the eigenvectors of the
    correlation matrix RᵀR whose eigenvalues are at most 0.001: sums of columns, each of deviation
    1, that hardly vary.
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
    """Which columns move together, what is withheld for it, and what to do; "" without groups."""
    if not groups:
        return ""
    shown = "; ".join(_listed(group, names) for group in groups[:GROUPS_SHOWN])
    more = f"; and {len(groups) - GROUPS_SHOWN} more groups" if len(groups) > GROUPS_SHOWN else ""
    worst = float(inflation[inseparable_columns(inflation)].max())
    return (
        f"these columns move together, so that their coefficients cannot be told apart: {shown}"
        f"{more} (variance inflation up to {worst:.1e}). No interval, test or odds ratio is given "
        "for them; predictions are not affected. Leave out all but one of each group, or use their "
        "sum or difference instead"
    )


def _listed(group: Sequence[int], names: Sequence[str] | None) -> str:
    shown = [str(j) if names is None else names[j] for j in group[:NAMED_COLUMNS]]
    rest = len(group) - NAMED_COLUMNS
    return ", ".join(shown) + (f" and {rest} more" if rest > 0 else "")
