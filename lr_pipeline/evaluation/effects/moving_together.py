"""Sets of columns whose coefficients cannot be told apart, by name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse.csgraph import connected_components

from lr_pipeline.core.columns.rank import ColumnAnalysis
from lr_pipeline.core.inference.collinearity import inseparable_groups
from lr_pipeline.core.inference.inference import LogisticInference
from lr_pipeline.core.types import Columns

PART = 1e-9  # of the largest entry of a projection: below it, a column takes no part


@dataclass(frozen=True)
class MovingGroup:
    """Columns that move together; ``exact``: one of them is a combination of the others.

    ``inflation``: the largest variance inflation of one of them, None where it is infinite.
    """

    columns: tuple[str, ...]
    exact: bool
    inflation: float | None = None


def moving_groups(
    analysis: ColumnAnalysis, inference: LogisticInference, names: Sequence[str]
) -> list[MovingGroup]:
    """Return the exact groups, then those that are inseparable, each in the columns' order."""
    inflation = np.asarray(inference.variance_inflation)
    found = [MovingGroup(tuple(names[j] for j in group), True) for group in _dependent(analysis)]
    groups = inseparable_groups(analysis, inflation) if inference.inseparable else []
    return [*found, *(_inseparable(group, inflation, names) for group in groups)]


def _inseparable(group: Sequence[int], inflation: Columns, names: Sequence[str]) -> MovingGroup:
    finite = inflation[list(group)]
    worst = float(finite[np.isfinite(finite)].max())
    return MovingGroup(tuple(names[j] for j in group), False, worst)


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
