"""Weight and number of the rows of each label, and the fit of the intercept alone from them."""

from dataclasses import dataclass
from math import log

import numpy as np

from lr_pipeline.core.rows import Block, Rows
from lr_pipeline.core.types import Parameters


@dataclass(frozen=True)
class ClassCounts:
    """Weight and number of the rows of label 0 and of label 1; rows of zero weight do not count.

    ``others``: rows with another label.
    """

    weight_0: float
    weight_1: float
    rows_0: int
    rows_1: int
    others: int

    @classmethod
    def of(cls, block: Block) -> "ClassCounts":
        """Count a block's rows."""
        y, weight = block.y, block.weight
        one, zero = y == 1.0, y == 0.0
        ones, zeros = int(np.count_nonzero(one)), int(np.count_nonzero(zero))
        others = len(y) - ones - zeros
        if weight is None:
            return cls(float(zeros), float(ones), zeros, ones, others)
        counted = weight > 0
        return cls(
            float(weight @ zero),
            float(weight @ one),
            int(np.count_nonzero(zero & counted)),
            int(np.count_nonzero(one & counted)),
            others,
        )

    def __add__(self, other: "ClassCounts") -> "ClassCounts":
        """Return the counts of both sets of rows."""
        return ClassCounts(
            self.weight_0 + other.weight_0,
            self.weight_1 + other.weight_1,
            self.rows_0 + other.rows_0,
            self.rows_1 + other.rows_1,
            self.others + other.others,
        )

    @property
    def weights(self) -> tuple[float, float]:
        """Weight of label 0 and of label 1."""
        return self.weight_0, self.weight_1

    @property
    def total_weight(self) -> float:
        """Σ weight."""
        return self.weight_0 + self.weight_1

    def require_both(self) -> "ClassCounts":
        """Return the counts, or raise ``ValueError`` for other labels or only one class."""
        if self.others:
            raise ValueError(f"labels must be 0 or 1, found {self.others} rows with another value")
        if self.rows_0 == 0 or self.rows_1 == 0:
            raise ValueError(
                f"expected rows of both classes, found {self.rows_0} of label 0 and "
                f"{self.rows_1} of label 1 with positive weight"
            )
        return self


def count_classes(rows: Rows) -> ClassCounts:
    """Count the labels in one pass.

    Raises
    ------
    ValueError
        Labels other than 0 and 1, or rows of one class alone.
    """
    return rows.sum(ClassCounts.of).require_both()


def prevalence_start(weight_0: float, weight_1: float, num_columns: int) -> Parameters:
    """Return the optimum of the intercept alone, log(weight₁ / weight₀), and zeros."""
    w = np.zeros(num_columns + 1)
    w[0] = log(weight_1 / weight_0)
    return w
