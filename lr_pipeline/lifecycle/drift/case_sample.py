"""A systematic sample of cases: every k-th case of a stream of rows, where a row may be several."""

import math

import numpy as np
from jaxtyping import Int64

from lr_pipeline.core.types import RowVector

SAMPLED_CASES = 2**16
SAMPLED_VALUES = 2**24  # of all columns together: 134 MB

RowPlaces = Int64[np.ndarray, " n"]


def sampling_step(cases: float, columns: int, most_cases: int = SAMPLED_CASES) -> int:
    """Return k such that every k-th of the cases gives at most so many, or 2²⁴ values if less."""
    limit = min(most_cases, SAMPLED_VALUES // max(1, columns))
    return max(1, math.ceil(cases / limit))


class CaseSampler:
    """Chooses the cases k, 2k, 3k … of all cases in their order, block by block.

    A row of weight w is w cases, so that a table with repeated rows and the same table with weights
    give the same sample. With k = 1 each row is chosen with its weight.
    """

    def __init__(self, step: int) -> None:
        self.step = step
        self.passed = 0.0

    def choose(self, weight: RowVector) -> tuple[RowPlaces, RowVector]:
        """Return the places of the chosen rows of the next block, and the chosen cases of each."""
        if self.step == 1:
            chosen = np.flatnonzero(weight > 0)
            return chosen, weight[chosen]
        reached = np.floor((self.passed + np.cumsum(weight)) / self.step)
        before = math.floor(self.passed / self.step)
        cases = np.diff(reached, prepend=float(before))
        self.passed += float(weight.sum())
        chosen = np.flatnonzero(cases > 0)
        return chosen, cases[chosen]
