"""The cells in which a reader, and the PSI, see a distribution: tenths of a number, or levels."""

from itertools import pairwise

import numpy as np

from lr_pipeline.evaluation.number_format import significant
from lr_pipeline.lifecycle.drift.effect_sizes import CellCounts
from lr_pipeline.lifecycle.drift.new_counts import CategoryCounts
from lr_pipeline.lifecycle.drift.reference_profile import CategoryProfile, NumberProfile

LEVELS_SHOWN = 10
Cells = tuple[tuple[str, float, float], ...]  # label, share in training, share in new rows
LabelledCells = tuple[list[str], CellCounts, CellCounts]


def tenths(profile: NumberProfile, bins: CellCounts) -> LabelledCells:
    """Return the cells between the training deciles, with the training and the new cases.

    A cell holds its upper end. Where values repeat there are fewer cells.
    """
    ends = profile.deciles
    labels = [significant(float(profile.points[place])) for place in ends]
    names = [f"{low} to {high}" for low, high in pairwise(labels)]
    names = [f"≤ {labels[0]}", *names, f"> {labels[-1]}"] if labels else ["all values"]
    reached = profile.cumulative[ends]
    before = np.diff(np.concatenate([[0.0], reached, [profile.sampled]]))
    new = np.cumsum(bins)
    after = np.diff(np.concatenate([[0.0], new[ends], [new[-1]]]))
    return names, before, after


def level_cells(profile: CategoryProfile, counts: CategoryCounts) -> LabelledCells:
    """Return the cells of a category: its most frequent levels, the other ones, the unseen."""
    before, after = np.array(profile.counts, dtype=float), counts.levels
    order = np.argsort(
        -(before / max(before.sum(), 1) + after / max(after.sum(), 1)), kind="stable"
    )
    shown, rest = order[:LEVELS_SHOWN], order[LEVELS_SHOWN:]
    names = [*(profile.levels[place] for place in shown), "other levels", "unseen levels"]
    first = [*before[shown], before[rest].sum() + profile.other, profile.once]
    second = [*after[shown], after[rest].sum() + counts.other, counts.unseen]
    cells = np.array(first, dtype=float), np.array(second, dtype=float)
    held = cells[0] + cells[1] > 0
    kept = [name for name, one in zip(names, held, strict=True) if one]
    return kept, cells[0][held], cells[1][held]
