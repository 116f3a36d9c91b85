"""Test scores: each model's scores of the test rows, and metrics of very large test sets.

Up to ``held_rows`` rows, all scores are gathered and ranked in this process. Beyond that, only
every k-th row is gathered, for the figures; losses are summed where the rows are, and the areas
under the curves are computed exactly, one range of scores after the other, each of about
``held_rows`` rows, in a pass for all models.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

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

HELD_ROWS = 2**19  # with what is computed from them, 320 bytes each for three models

Models = Mapping[str, LinearModel | LogisticModel]
Scored = tuple[RowVector, RowVector, dict[str, RowVector]]  # label, weight, scores by model
Pieces = list[RowVector]
Ranges = Mapping[str, tuple[float, float]]  # by model


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
    ranks, hulls = dict.fromkeys(models, RankSums()), dict.fromkeys(models, RocHull())
    for ranges in _ranges_downwards(scored.scores, step):
        counts = aggregate(test_set, columns, partial(scorer.counted, ranges))
        for name in ranges:
            of_range = CountsByScore.joined(*counts.pop(name))
            ranks[name] = ranks[name].then(of_range)
            hulls[name] = hulls[name].above(RocHull.of(of_range))
    metrics = {name: Metrics.of(sums[name], ranks[name], hulls[name]) for name in models}
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


def _ranges_downwards(scores: Mapping[str, RowVector], number: int) -> Iterator[Ranges]:
    """Yield a range [low, high) of each model's scores, the highest first, until none is left.

    A model's ranges have about as many of its scores each; equal scores make fewer ranges.
    """
    edges = {}
    for name, of_model in scores.items():
        inner = np.unique(np.quantile(of_model, np.linspace(0.0, 1.0, number + 1)[1:-1]))
        edges[name] = [-np.inf, *inner.tolist(), np.inf]
    for place in range(1, max(map(len, edges.values()), default=1)):
        yield {
            name: (found[-place - 1], found[-place])
            for name, found in edges.items()
            if place < len(found)
        }


@dataclass(frozen=True, eq=False)
class _RowScorer:
    """Computes label, weight and scores of each row; models with a decision have z as score."""

    roles: ColumnRoles
    predictors: dict[str, LinearPredictor]
    decisions: Mapping[str, Decision]

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

    def counted(self, ranges: Ranges, block: pa.RecordBatch) -> dict[str, list[CountsByScore]]:
        """Count the rows of each class by score, for each model's scores in its range."""
        y, weight, scores = self._counted_rows(block)
        counts = {}
        for name, (low, high) in ranges.items():
            inside = (scores[name] >= low) & (scores[name] < high)
            counts[name] = [count_scores(y[inside], scores[name][inside], weight[inside])]
        return counts

    def _counted_rows(self, block: pa.RecordBatch) -> Scored:
        """Return label, weight and scores of the rows with positive weight."""
        y, weight, scores = self(block)
        counted = weight > 0
        return y[counted], weight[counted], {name: z[counted] for name, z in scores.items()}
