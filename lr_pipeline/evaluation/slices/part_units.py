"""The independent units in each of many parts of the rows: cases, or groups of rows.

An interval for a share is Wilson's for the number of independent cases that would tell as much.

Source: E. L. Korn and B. I. Graubard, Survey Methodology 24 (1998), 193–201, who give the number
for groups.
"""

from dataclasses import dataclass, field
from math import erf, erfc, sqrt

import numpy as np
from jaxtyping import Float64, Int
from scipy.special import ndtri, stdtr, stdtrit

from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.intervals.interval import FEWEST_GROUPS_FOR_INTERVAL
from lr_pipeline.evaluation.slices.row_partitions import Codes

UPPER = 0.975  # of a 95 % interval

Sums = Float64[np.ndarray, " parts"]
GroupCodes = Int[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class PartUnits:
    """The part of each row (n,), and its group in that part, where rows have groups.

    ``pair`` (n,) is the place of the row's part and group among all pairs, ``part`` (k,) the part
    of each pair; ``groups`` (parts,) counts them.
    """

    codes: Codes
    parts: int
    pair: Int[np.ndarray, " n"] | None = None
    part: Int[np.ndarray, " k"] = field(default_factory=lambda: np.zeros(0, np.int64))
    groups: Sums = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(cls, codes: Codes, parts: int, group: GroupCodes | None) -> "PartUnits":
        """Find the groups in each part of rows with these codes (n,) and groups (n,)."""
        if group is None:
            return cls(codes, parts)
        width = int(group.max(initial=0)) + 1
        pairs, pair = np.unique(codes.astype(np.int64) * width + group, return_inverse=True)
        part = pairs // width
        counts = np.bincount(part, minlength=parts).astype(np.float64)
        return cls(codes, parts, np.asarray(pair), part, counts)

    def sums(self, values: RowVector) -> Sums:
        """Return the sum over the rows of each part."""
        return np.bincount(self.codes, values, self.parts)

    def variances(self, values: RowVector, weight: RowVector) -> Sums:
        """Return the variance of Σ weight · value in each part, of values (n,) of mean 0.

        It is Σ weight · value²; for groups G / (G − 1) Σ_g (Σ over the group's rows)².
        """
        if self.pair is None:
            return self.sums(weight * values * values)
        of_groups = np.bincount(self.pair, weight * values, len(self.part))
        squares = np.bincount(self.part, of_groups * of_groups, self.parts)
        return np.asarray(squares * self.groups / np.maximum(self.groups - 1.0, 1.0))

    def independent(self, part: RowVector, whole: RowVector, weight: RowVector) -> Sums:
        """Return the number of independent cases of Σ ``part`` / Σ ``whole`` in each part.

        ``part`` and ``whole`` (n,) are 0 or 1. Where rows have groups, the number is at most that
        of the cases; for a share of 0 or 1 each group counts as one case.
        """
        cases = self.sums(weight * whole)
        if self.pair is None:
            return cases
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(cases > 0, self.sums(weight * part) / cases, 0.0)
            spread = self.variances(part - share[self.codes] * whole, weight)
            number = cases**2 * share * (1.0 - share) / spread
        held = np.bincount(self.pair, weight * whole, len(self.part)) > 0
        all_alike = np.bincount(self.part, held, self.parts)
        certain = (share <= 0.0) | (share >= 1.0)
        number = np.where(certain, all_alike, np.nan_to_num(number, nan=np.inf))
        return np.asarray(np.minimum(number, cases))

    def enough(self, part: int) -> bool:
        """Whether a part has enough groups for an interval."""
        return self.pair is None or bool(self.groups[part] >= FEWEST_GROUPS_FOR_INTERVAL)

    def quantile(self, part: int) -> float:
        """Return half the length of a 95 % interval in standard errors: normal, or t for groups."""
        if self.pair is None:
            return float(ndtri(UPPER))
        return float(stdtrit(self.groups[part] - 1.0, UPPER))

    def level(self, part: int) -> float:
        """Return the level of a normal interval that reaches as far."""
        return erf(self.quantile(part) / sqrt(2.0))

    def p_value(self, part: int, errors: float) -> float:
        """Return the two-sided p-value of so many standard errors, by the same distribution."""
        if self.pair is None:
            return erfc(abs(errors) / sqrt(2.0))
        return float(2.0 * stdtr(self.groups[part] - 1.0, -abs(errors)))
