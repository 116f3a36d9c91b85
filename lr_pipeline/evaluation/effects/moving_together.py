"""Sets of columns whose coefficients cannot be told apart, by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from lr_pipeline.core.columns.rank import ColumnAnalysis
from lr_pipeline.core.inference.collinearity import inseparable_columns, inseparable_groups
from lr_pipeline.core.inference.inference import LogisticInference
from lr_pipeline.core.types import Columns

PART = 1e-9  # of the largest entry of a projection: below it, a column takes no part


@dataclass(frozen=True)
class MovingGroup:
    """Columns that move together; ``exact``: one of them is a combination of the others.

    ``inflation``: the largest finite variance inflation of those that are inseparable, if any is.
    """

    columns: tuple[str, ...]
    exact: bool
    inflation: float | None = None


def moving_groups(
    analysis: ColumnAnalysis, inference: LogisticInference, names: Sequence[str]
) -> list[MovingGroup]:
    """Return the sets, those with an exact combination first; sets that share a column are one."""
    inflation = np.asarray(inference.variance_inflation)
    exact = list(_dependent(analysis))
    near = inseparable_groups(analysis, inflation) if inference.inseparable else []
    sets = [(set(group), True) for group in exact] + [(set(group), False) for group in near]
    merged: list[tuple[set[int], bool]] = []
    for columns, is_exact in sets:
        apart = [one for one in merged if not one[0] & columns]
        joined = [one for one in merged if one[0] & columns]
        union = columns.union(*(one[0] for one in joined))
        merged = [*apart, (union, is_exact or any(one[1] for one in joined))]
    merged.sort(key=lambda one: (not one[1], min(one[0])))
    return [_named(sorted(columns), is_exact, inflation, names) for columns, is_exact in merged]


def _named(
    group: Sequence[int], exact: bool, inflation: Columns, names: Sequence[str]
) -> MovingGroup:
    finite = inflation[list(group)]
    finite = finite[np.isfinite(finite) & inseparable_columns(finite)]
    worst = float(finite.max()) if finite.size else None
    return MovingGroup(tuple(names[j] for j in group), exact, worst)


def _dependent(analysis: ColumnAnalysis) -> Iterator[list[int]]:
    """Yield the sets of columns that share a direction along which no prediction changes."""
    N = analysis.null_space * analysis.scale[:, None]
    if N.shape[1] == 0:
        return
    N /= np.abs(N).max(axis=0)
    taking_part = np.abs(N) > PART
    linked = taking_part.astype(int) @ taking_part.T.astype(int) > 0
    number, label = connected_components(linked, directed=False)
    for k in range(number):
        group = np.flatnonzero((label == k) & taking_part.any(axis=1)).tolist()
        if len(group) > 1:
            yield group
