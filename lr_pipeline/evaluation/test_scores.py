"""Test scores: each model's scores of the test rows, and metrics of very large test sets.

Up to ``held_rows`` rows, all scores are gathered and ranked in this process. Beyond that, only
every k-th row is gathered, for the figures; losses are summed where the rows are, and the areas
under the curves are computed exactly, one range of scores after the other, each of about
``held_rows`` rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa

from lr_pipeline.core.ranking import CountsByScore, RankSums, count_scores
from lr_pipeline.core.types import Design, RowVector
from lr_pipeline.evaluation.findings import WholeTestSet
from lr_pipeline.evaluation.metrics import Metrics
from lr_pipeline.evaluation.roc_hull import RocHull
from lr_pipeline.evaluation.score_sums import ScoreSums
from lr_pipeline.models.decision.decision import Decision
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.linear_predictor import LinearPredictor
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.aggregate import Aggregate
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.row_choice import EveryRow
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.values.row_hash import RowHashes, row_hashes
from lr_pipeline.tables.weights import weights_of

HELD_ROWS = 2**21  # with what is computed from them, 100 bytes each for three models

Models = Mapping[str, LinearModel | LogisticModel]
Scored = tuple[RowVector, RowVector, dict[str, RowVector]]  # label, weight, scores by model
Pieces = list[RowVector]


@dataclass(frozen=True)
class ScoredTestSet:
    """Label, weight, group and each model's score of every ``step``-th test row.

    A score is z for logistic models and the prediction for others. ``whole`` and ``metrics``
    describe all test rows; if ``step`` is 1 they are None and empty. ``ranking`` says how the areas
    under the curves were computed.
    """

    labels: RowVector
    weight: RowVector | None
    scores: dict[str, RowVector]
    step: int
    ranking: str
    whole: WholeTestSet | None = None
    metrics: Mapping[str, Metrics] = field(default_factory=dict)
    group: RowHashes | None = None


def score_test_set(
    models: Models, test_set: Table, aggregate: Aggregate, held_rows: int = HELD_ROWS
) -> ScoredTestSet:
    """Score the rows of ``test_set`` by each model; beyond ``held_rows`` compute the metrics too.

    Raises
    ------
    ValueError
        Rows are summed and a prediction is not finite; for fewer rows ``evaluate`` raises this.
    """
    rows = test_set.num_rows
    step = max(1, -(-rows // held_rows))
    scorer = _RowScorer(
        test_set.roles,
        _with_shared_preparations({name: model.predictor for name, model in models.items()}),
        {name: one.decision for name, one in models.items() if isinstance(one, LogisticModel)},
    )
    wanted = {column for model in models.values() for column in model.features}
    also = (test_set.roles.target, test_set.roles.weight)
    columns = [name for name in test_set.schema.names if name in wanted or name in also]
    group = test_set.roles.group
    keyed = columns if group is None or group in columns else [*columns, group]
    drawn = test_set if step == 1 else test_set.where(EveryRow(step))
    y, weights, groups, scores = aggregate(drawn, keyed, scorer.gathered)
    scored = ScoredTestSet(
        np.concatenate(y),
        None if test_set.roles.weight is None else np.concatenate(weights),
        {name: np.concatenate(scores.pop(name)) for name in models},  # the pieces are freed
        step,
        f"exact: all {rows:,} scores sorted",
        group=None if group is None else np.concatenate(groups),
    )
    if step == 1:
        return scored
    class_weights, sums = aggregate(test_set, columns, scorer.summed)
    metrics = {}
    for name, drawn_scores in scored.scores.items():
        ranks, hull = RankSums(), RocHull()
        for low, high in _ranges_downwards(drawn_scores, step):
            counts = aggregate(test_set, columns, partial(scorer.of_one(name).counted, low, high))
            ranks = ranks.then(of_range := CountsByScore.joined(*counts))
            hull = hull.above(RocHull.of(of_range))
        metrics[name] = Metrics.of(sums[name], ranks, hull)
    return replace(
        scored,
        ranking=f"exact: rows counted by score, in {step:,} ranges of scores one after the other; "
        f"curves are drawn from one row in {step:,}",
        whole=WholeTestSet(rows, class_weights),
        metrics=metrics,
    )


def _with_shared_preparations(predictors: dict[str, LinearPredictor]) -> dict[str, LinearPredictor]:
    """Return the predictors with one object in place of equal preparations."""
    found: list[Preparation] = []
    for one in predictors.values():
        if one.preparation not in found:
            found.append(one.preparation)
    return {
        name: replace(one, preparation=found[found.index(one.preparation)])
        for name, one in predictors.items()
    }


def _ranges_downwards(scores: RowVector, number: int) -> list[tuple[float, float]]:
    """Return ranges [low, high), the highest first, each with about as many of the scores."""
    inner = np.unique(np.quantile(scores, np.linspace(0.0, 1.0, number + 1)[1:-1]))
    edges = [np.inf, *inner[::-1].tolist(), -np.inf]
    return [(low, high) for high, low in pairwise(edges)]


@dataclass(frozen=True, eq=False)
class _RowScorer:
    """Computes label, weight and scores of each row; models with a decision have z as score."""

    roles: ColumnRoles
    predictors: dict[str, LinearPredictor]
    decisions: Mapping[str, Decision]

    def of_one(self, name: str) -> "_RowScorer":
        """Return a scorer of one model alone."""
        return replace(self, predictors={name: self.predictors[name]})

    def __call__(self, block: pa.RecordBatch) -> Scored:
        """Return label, weight and scores of each row."""
        roles = self.roles
        y = labels(roles.target, block.column(roles.target), roles.positive)
        weight = np.ones_like(y) if roles.weight is None else weights_of(block, roles.weight)
        designs: dict[int, Design] = {}  # one for all models of one preparation
        scores = {}
        for name, one in self.predictors.items():
            key = id(one.preparation)
            if key not in designs:
                designs[key] = one.preparation.design(block)
            scores[name] = one.of_design(designs[key])
        return y, weight, scores

    def gathered(
        self, block: pa.RecordBatch
    ) -> tuple[Pieces, Pieces, list[RowHashes], dict[str, Pieces]]:
        """Return label, weight, group and scores as lists, which concatenate in rows' order."""
        y, weight, scores = self(block)
        weights = [] if self.roles.weight is None else [weight]
        groups = [] if self.roles.group is None else [row_hashes(block, [self.roles.group])]
        return [y], weights, groups, {name: [score] for name, score in scores.items()}

    def summed(self, block: pa.RecordBatch) -> tuple[tuple[float, float], dict[str, ScoreSums]]:
        """Return the weight of each class, and the sums of each model's scores."""
        y, weight, scores = self._counted_rows(block)
        sums = {}
        for name, score in scores.items():
            decision = self.decisions.get(name)
            if decision is None:
                sums[name] = ScoreSums.of(y, score, weight)
                continue
            p, z = decision.probability(score), decision.log_odds(score)
            sums[name] = ScoreSums.of(y, p, weight, z, decision.threshold)
        return (float(weight @ (1.0 - y)), float(weight @ y)), sums

    def counted(self, low: float, high: float, block: pa.RecordBatch) -> list[CountsByScore]:
        """Count the rows of each class by score, for the only model's scores in [low, high)."""
        y, weight, scores = self._counted_rows(block)
        (score,) = scores.values()
        inside = (score >= low) & (score < high)
        return [count_scores(y[inside], score[inside], weight[inside])]

    def _counted_rows(self, block: pa.RecordBatch) -> Scored:
        """Return label, weight and scores of the rows with positive weight."""
        y, weight, scores = self(block)
        counted = weight > 0
        return y[counted], weight[counted], {name: z[counted] for name, z in scores.items()}
