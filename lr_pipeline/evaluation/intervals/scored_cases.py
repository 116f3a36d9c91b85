"""One model's predictions for the cases, with what several metrics need of them, computed once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lr_pipeline.core.ranking import CountsByScore
from lr_pipeline.core.types import RowVector
from lr_pipeline.evaluation.findings import HeldOutRows, ModelSection
from lr_pipeline.evaluation.intervals.influence import (
    Places,
    auc_influence,
    mean_influence,
    places_of,
    precision_influence,
    row_losses,
)
from lr_pipeline.evaluation.intervals.units import Cases
from lr_pipeline.evaluation.metrics import Metrics
from lr_pipeline.models.decision.decision import THRESHOLD


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's ``metrics`` and predictions for the rows that count.

    ``p`` (n,) predictions; ``z`` (n,) with p = σ(z), if there is one; ``score`` (n,) ranks the rows
    as the model did before any recalibration; ``threshold``: the answer is yes above it.
    ``counts``: the cases counted by score.
    """

    name: str
    metrics: Metrics
    cases: Cases
    p: RowVector
    z: RowVector | None
    score: RowVector
    threshold: float
    counts: CountsByScore

    @property
    def constant(self) -> bool:
        """Whether every row has the same score."""
        return bool(self.score.min() == self.score.max())

    @cached_property
    def answers(self) -> RowVector:
        """(n,) 1 where the answer is yes."""
        return np.asarray(self.p > self.threshold, np.float64)

    @cached_property
    def places(self) -> Places:
        """(n,) where each row's score is among the distinct ones."""
        return places_of(self.score)

    @cached_property
    def auc_influence(self) -> RowVector:
        """(n,) each row's influence on the ROC AUC."""
        return auc_influence(self.counts, self.places, self.cases)

    @cached_property
    def precision_influence(self) -> RowVector:
        """(n,) each row's influence on the average precision."""
        return precision_influence(self.counts, self.places, self.cases)

    @cached_property
    def losses(self) -> RowVector:
        """(n,) each row's log loss; only where the model's log loss is defined."""
        return row_losses(self.cases.labels, self.p, self.z)

    @cached_property
    def squares(self) -> RowVector:
        """(n,) each row's (p − y)²."""
        return np.asarray((self.p - self.cases.labels) ** 2)

    def mean_influence(self, metric: str) -> RowVector:
        """(n,) each row's influence on log loss or Brier score."""
        values = self.losses if metric == "log_loss" else self.squares
        return mean_influence(values, self.cases)


def predictions_of(
    model: ModelSection,
    metrics: Metrics,
    held_out: HeldOutRows,
    cases: Cases,
    counts: CountsByScore,
) -> Predictions:
    """Return a model's predictions for the rows of positive weight."""
    p, z, score = model.probabilities, model.linear_predictor, model.score
    if held_out.weight is not None:
        kept = held_out.weight > 0
        p, z, score = p[kept], None if z is None else z[kept], score[kept]
    return Predictions(model.name, metrics, cases, p, z, score, model.threshold, counts)


def constant_predictions(
    name: str, metrics: Metrics, prevalence: float, cases: Cases
) -> Predictions:
    """Return those of a baseline that predicts one probability for every row."""
    negative, positive = (np.array([one]) for one in cases.classes)
    counts = CountsByScore(np.array([prevalence]), negative, positive)
    p = np.full_like(cases.labels, prevalence)
    return Predictions(name, metrics, cases, p, None, p, THRESHOLD, counts)
