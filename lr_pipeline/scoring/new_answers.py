"""The answers in new rows that carry the target: which are yes, which no, which unknown."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Int16

from lr_pipeline.core.types import RowVector
from lr_pipeline.tables.values.column_values import plain_values
from lr_pipeline.tables.values.spelling import spelling_key

MOST_ANSWERS = 100  # different values that are told apart
MISSING, FURTHER = -1, -2

AnswerCodes = Int16[np.ndarray, " n"]


@dataclass
class AnswerCounts:
    """Cases of each value of the target in new rows, by its key (see ``answer_key``).

    A row's code is the place of its value among ``values``; −1: it has none; −2: it is a further
    value after a hundred different ones. ``negatives`` are the keys of the other answers that are
    known from training; if there are none, the most frequent value that is not ``positive`` is the
    other answer.
    """

    positive: str
    negatives: frozenset[str] = frozenset()
    values: list[str] = field(default_factory=list)
    cases: Counter[str] = field(default_factory=Counter)
    missing: float = 0.0
    further: float = 0.0

    @classmethod
    def of_answers(
        cls, positive: Any, answers: Iterable[tuple[Any, int | float]] = ()
    ) -> "AnswerCounts":
        """Return counts of no rows; ``answers`` are the values of training, if they are known."""
        yes = answer_key(positive)
        return cls(yes, frozenset(answer_key(value) for value, _ in answers) - {yes})

    def add(self, column: pa.Array, weight: RowVector | None = None) -> AnswerCodes:
        """Count the rows of a block, and return their codes."""
        coded = plain_values(column).dictionary_encode()
        keys = [answer_key(value) for value in coded.dictionary.to_pylist()]
        for key in keys:
            if key not in self.values and len(self.values) < MOST_ANSWERS:
                self.values.append(key)
        place = {key: k for k, key in enumerate(self.values)}
        known = np.array([*(place.get(key, FURTHER) for key in keys), MISSING], dtype=np.int16)
        codes: AnswerCodes = known[coded.indices.fill_null(len(keys)).to_numpy()]
        times = np.ones(len(codes)) if weight is None else weight
        sums = np.bincount(codes + 2, times, len(self.values) + 2)
        self.further += float(sums[0])
        self.missing += float(sums[1])
        for key, total in zip(self.values, sums[2:].tolist(), strict=True):
            self.cases[key] += total
        return codes

    @property
    def others(self) -> frozenset[str]:
        """The keys that count as the other answer."""
        if self.negatives:
            return self.negatives
        left = [key for key in self.values if key != self.positive]
        return frozenset(sorted(left, key=lambda key: (-self.cases[key], key))[:1])

    @property
    def unknown(self) -> dict[str, float]:
        """Value → cases, for values that are no answer."""
        answers = {self.positive, *self.others}
        found = {key: n for key, n in self.cases.most_common() if key not in answers and n}
        return found | ({"(further values)": self.further} if self.further else {})

    @property
    def positives(self) -> float:
        """Cases with the positive answer."""
        return float(self.cases[self.positive])

    @property
    def known(self) -> float:
        """Cases with an answer."""
        return self.positives + float(sum(self.cases[key] for key in self.others))

    def labels(self, codes: AnswerCodes) -> RowVector:
        """(n,) 1 for the positive answer, 0 for the other one, NaN for none."""
        others = self.others
        of_value = [
            1.0 if key == self.positive else 0.0 if key in others else np.nan for key in self.values
        ]
        return np.asarray(np.array([*of_value, np.nan, np.nan])[codes])


def answer_key(value: Any) -> str:
    """Return one text for all ways to write an answer: 1, 1.0 and "1"; Yes and yes; True."""
    key = spelling_key(str(value)).casefold()
    try:
        number = float(key)
    except ValueError:
        return key
    return f"{number:g}" if np.isfinite(number) and f"{number:g}" == f"{number:.15g}" else key
