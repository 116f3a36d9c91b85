"""Predictions of the test rows, and the metrics of all of them, whoever visits the rows.

The predictions of up to ``HELD_ROWS`` rows are gathered and ranked here. Of more, every so manyth
is gathered, to be drawn; losses are summed where the rows are, and the areas under the curves are
counted exactly, one range of scores after the other, each of about ``HELD_ROWS`` rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.findings import WholeTestSet
from lr_pipeline.evaluation.metrics import Metrics
from lr_pipeline.evaluation.score_sums import RankSums, ScoreCounts, ScoreSums, count_scores
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.linear_predictor import LinearPredictor
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.aggregate import Visit
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.row_choice import EveryRow
from lr_pipeline.tables.table import Table, weights_of
from lr_pipeline.tables.target import labels

HELD_ROWS = 2**22

Models = Mapping[str, LinearModel | LogisticModel]
Scored = tuple[RowVector, RowVector, dict[str, RowVector]]  # label, weight, scores by model


@dataclass(frozen=True)
class Judged:
    """Every ``step``-th test row's label, weight and score by each model.

    A score is z for logistic models, the prediction for others. ``whole`` and ``metrics`` are of
    all test rows, None and empty where these are all. ``ranking``: how the areas are found.
    """

    labels: RowVector
    weight: RowVector | None
    scores: dict[str, RowVector]
    step: int
    ranking: str
    whole: WholeTestSet | None = None
    metrics: Mapping[str, Metrics] = field(default_factory=dict)


def judge_models(models: Models, test_set: Table, visit: Visit) -> Judged:
    """Predict the rows of ``test_set`` by each model, and compare with their labels.

    Raises
    ------
    ValueError
        A prediction is not finite, where rows are summed; else ``evaluate`` says so.
    """
    rows = test_set.num_rows
    step = max(1, -(-rows // HELD_ROWS))
    reading = _Reading(
        test_set.roles,
        {name: model.predictor for name, model in models.items()},
        frozenset(name for name, model in models.items() if isinstance(model, LogisticModel)),
    )
    wanted = {column for model in models.values() for column in model.features}
    also = (test_set.roles.target, test_set.roles.weight)
    columns = [name for name in test_set.schema.names if name in wanted or name in also]
    drawn = test_set if step == 1 else test_set.where(EveryRow(step))
    found = visit(drawn, columns, partial(_Gathered, reading))
    weight = None if test_set.roles.weight is None else found.weight
    judged = Judged(found.y, weight, found.scores, step, f"exact: all {rows:,} scores sorted")
    if step == 1:
        return judged
    summed = visit(test_set, columns, partial(_Summed, reading))
    metrics = {}
    for name, drawn_scores in found.scores.items():
        ranks = RankSums()
        for low, high in _ranges_downwards(drawn_scores, step):
            begin = partial(_Counted, reading.of_one(name), low, high)
            ranks = ranks.then(visit(test_set, columns, begin).counts)
        metrics[name] = Metrics.of(summed.sums[name], ranks)
    return replace(
        judged,
        ranking=f"exact: rows counted by score, in {step:,} ranges of scores one after the other; "
        f"curves are drawn from one row in {step:,}",
        whole=WholeTestSet(rows, (summed.negative, summed.positive)),
        metrics=metrics,
    )


def _ranges_downwards(scores: RowVector, number: int) -> list[tuple[float, float]]:
    """Ranges [low, high), the highest first, of about equally many of some scores each."""
    inner = np.unique(np.quantile(scores, np.linspace(0.0, 1.0, number + 1)[1:-1]))
    edges = [np.inf, *inner[::-1].tolist(), -np.inf]
    return [(low, high) for high, low in pairwise(edges)]


@dataclass(frozen=True, eq=False)
class _Reading:
    """How labels, weights and scores are read off a block; z are the scores of ``logistic``."""

    roles: ColumnRoles
    predictors: dict[str, LinearPredictor]
    logistic: frozenset[str]

    def of_one(self, name: str) -> "_Reading":
        """For one model alone."""
        return replace(self, predictors={name: self.predictors[name]})

    def __call__(self, block: pa.RecordBatch) -> Scored:
        """Label, weight and scores of each row."""
        roles = self.roles
        y = labels(roles.target, block.column(roles.target), roles.positive)
        weight = np.ones_like(y) if roles.weight is None else weights_of(block, roles.weight)
        scores = {name: one.of_block(block) for name, one in self.predictors.items()}
        return y, weight, scores

    def of_counted(self, block: pa.RecordBatch) -> Scored:
        """The same of the rows that count."""
        y, weight, scores = self(block)
        counted = weight > 0
        return y[counted], weight[counted], {name: z[counted] for name, z in scores.items()}


class _Gathered:
    """Labels, weights and scores, in the order of the rows."""

    def __init__(self, reading: _Reading) -> None:
        self.reading = reading
        self.blocks: list[Scored] = []

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        self.blocks.append(self.reading(block))

    def __add__(self, other: "_Gathered") -> "_Gathered":
        """Return both, one after the other."""
        both = _Gathered(self.reading)
        both.blocks = [*self.blocks, *other.blocks]
        return both

    @property
    def y(self) -> RowVector:
        """(n,) labels."""
        return np.concatenate([np.empty(0), *(y for y, _, _ in self.blocks)])

    @property
    def weight(self) -> RowVector:
        """(n,) weights, 1 where no column says so."""
        return np.concatenate([np.empty(0), *(weight for _, weight, _ in self.blocks)])

    @property
    def scores(self) -> dict[str, RowVector]:
        """Model → (n,)."""
        return {
            name: np.concatenate([np.empty(0), *(scores[name] for _, _, scores in self.blocks)])
            for name in self.reading.predictors
        }


class _Summed:
    """Weights of the classes, and what is summed of each model's predictions."""

    def __init__(self, reading: _Reading) -> None:
        self.reading = reading
        self.negative = self.positive = 0.0
        self.sums = dict.fromkeys(reading.predictors, ScoreSums())

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        y, weight, scores = self.reading.of_counted(block)
        self.negative += float(weight @ (1.0 - y))
        self.positive += float(weight @ y)
        for name, score in scores.items():
            z = score if name in self.reading.logistic else None
            self.sums[name] += ScoreSums.of(y, score if z is None else sigmoid(z), weight, z)

    def __add__(self, other: "_Summed") -> "_Summed":
        """Return the sums over both sets of rows."""
        both = _Summed(self.reading)
        both.negative = self.negative + other.negative
        both.positive = self.positive + other.positive
        both.sums = {name: self.sums[name] + other.sums[name] for name in self.sums}
        return both


class _Counted:
    """Rows of either class by score, of one model's scores in [low, high)."""

    def __init__(self, reading: _Reading, low: float, high: float) -> None:
        self.reading, self.low, self.high = reading, low, high
        self.found: list[ScoreCounts] = []

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""
        y, weight, scores = self.reading.of_counted(block)
        (score,) = scores.values()
        inside = (score >= self.low) & (score < self.high)
        self.found.append(count_scores(y[inside], score[inside], weight[inside]))

    def __add__(self, other: "_Counted") -> "_Counted":
        """Return the counts of both sets of rows."""
        both = _Counted(self.reading, self.low, self.high)
        both.found = [self.counts, other.counts]
        return both

    @property
    def counts(self) -> ScoreCounts:
        """All of them."""
        return ScoreCounts.joined(ScoreCounts(*np.empty((3, 0))), *self.found)
