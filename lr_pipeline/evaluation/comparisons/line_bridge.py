"""From the line to the logistic curve: where least squares and logistic regression agree."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.ranking import CountsByScore
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.evaluation.intervals.scored_cases import Predictions
from lr_pipeline.tables.level_counts import plain_count

EXAMPLES = 5


@dataclass(frozen=True)
class OutsideRow:
    """A test row, by number from 0, whose prediction by the line is no probability."""

    row: int
    line: float
    probability: float
    label: int


@dataclass(frozen=True)
class LineBridge:
    """A straight line beside a logistic model, both by name, on the same ``cases``.

    ``rank_correlation``: Spearman's, of their scores, None where one is constant.
    ``disagreement``: the share of cases that they answer differently. ``below`` and ``above``:
    cases whose prediction by the line is less than 0 or more than 1, with the most extreme
    ``examples``.
    """

    linear: str
    logistic: str
    cases: int | float
    rank_correlation: float | None
    disagreement: float
    below: int | float
    above: int | float
    examples: tuple[OutsideRow, ...] = ()

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return asdict(self) | {"examples": [asdict(one) for one in self.examples]}


def line_bridge(
    held_out: HeldOutRows, models: Sequence[ModelSection], predicted: Sequence[Predictions]
) -> LineBridge | None:
    """Compare the first straight line with the first logistic model; None without both."""
    line = next((p for m, p in zip(models, predicted, strict=True) if _is_line(m)), None)
    curve = next((one for one in predicted if one.z is not None), None)
    if line is None or curve is None:
        return None
    weight = line.cases.weight
    differ = float(np.sum(weight * (line.answers != curve.answers)))
    return LineBridge(
        line.name,
        curve.name,
        plain_count(line.cases.total),
        rank_correlation(line, curve),
        differ / line.cases.total,
        plain_count(float(weight[line.p < 0.0].sum())),
        plain_count(float(weight[line.p > 1.0].sum())),
        _examples(held_out, line, curve),
    )


def _is_line(model: ModelSection) -> bool:
    """Whether it is a fit of ours without a linear predictor, or leaves [0, 1]."""
    p = model.probabilities
    return model.linear_predictor is None and (
        bool(model.objective) or bool(((p < 0.0) | (p > 1.0)).any())
    )


def rank_correlation(first: Predictions, second: Predictions) -> float | None:
    """Spearman's correlation of two models' scores: Pearson's of the midranks of the cases."""
    weight = first.cases.weight
    ranks = [_midranks(one.counts)[one.places] for one in (first, second)]
    x, y = (rank - np.sum(weight * rank) / first.cases.total for rank in ranks)
    norm = math.sqrt(float(np.sum(weight * x * x)) * float(np.sum(weight * y * y)))
    return float(np.sum(weight * x * y)) / norm if norm > 0.0 else None


def _midranks(counts: CountsByScore) -> Float64[np.ndarray, " k"]:
    """The mean rank of the cases at each distinct score."""
    total = counts.negative + counts.positive
    return np.asarray(np.cumsum(total) - (total - 1.0) / 2.0)


def _examples(
    held_out: HeldOutRows, line: Predictions, curve: Predictions
) -> tuple[OutsideRow, ...]:
    """Return the rows that are furthest outside of [0, 1], furthest first."""
    beyond: RowVector = np.maximum(-line.p, line.p - 1.0)
    order = np.argsort(-beyond, kind="stable")[:EXAMPLES]
    numbers = np.arange(held_out.labels.size)
    if held_out.weight is not None:
        numbers = numbers[held_out.weight > 0]
    return tuple(
        OutsideRow(
            int(numbers[row]) * held_out.step,
            float(line.p[row]),
            float(curve.p[row]),
            int(line.cases.labels[row]),
        )
        for row in order
        if beyond[row] > 0.0
    )
