"""The number of cases of each value of a text column."""

import numpy as np
import pyarrow as pa

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.values.column_values import plain_values
from lr_pipeline.tables.values.spelling import merged_spellings

DIGITS = 12  # of a sum of weights; further digits depend on the order of the rows


class LevelCounts:
    """Value → number of its rows, or the sum of their weights; the key None: missing values."""

    def __init__(self, *counts: dict[str | None, int | float]) -> None:
        self.of_value: dict[str | None, int | float] = {}
        for one in counts:
            self._add(one)

    @classmethod
    def of(cls, column: pa.Array, weight: RowVector | None = None) -> "LevelCounts":
        """Count the rows of a column."""
        values = plain_values(column)
        if weight is None:
            pairs = values.value_counts().to_pylist()
            return cls({pair["values"]: pair["counts"] for pair in pairs})
        coded = values.dictionary_encode("encode")
        levels = coded.dictionary.to_pylist()
        sums = np.bincount(coded.indices.to_numpy(), weight, len(levels))
        return cls(dict(zip(levels, sums.tolist(), strict=True)))

    def __add__(self, other: "LevelCounts") -> "LevelCounts":
        """Return the counts of both sets of rows."""
        return LevelCounts(self.of_value, other.of_value)

    def __iadd__(self, later: "LevelCounts") -> "LevelCounts":
        """Take in the counts of further rows."""
        self._add(later.of_value)
        return self

    def merged(self) -> "LevelCounts":
        """Return the counts with all spellings of a value added up (see ``spelling``)."""
        return LevelCounts(merged_spellings(self.of_value))

    @property
    def known(self) -> dict[str, int | float]:
        """The counts of the values that are not missing."""
        counts = self.of_value.items()
        return {value: plain_count(n) for value, n in counts if value is not None}

    @property
    def missing(self) -> int | float:
        """The count of the missing values."""
        return plain_count(self.of_value.get(None, 0))

    @property
    def total(self) -> int | float:
        """The sum of all counts."""
        return sum(self.of_value.values())

    def _add(self, counts: dict[str | None, int | float]) -> None:
        for value, n in counts.items():
            self.of_value[value] = self.of_value.get(value, 0) + n


def plain_count(total: int | float) -> int | float:
    """Return a number of cases as an integer where it is one, else with 12 digits."""
    return int(total) if float(total).is_integer() else float(f"{total:.{DIGITS}g}")
