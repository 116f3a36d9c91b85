"""The group of each training row and the sum of the scores of each group, in one pass."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

from lr_pipeline.core.inference.group_inference import (
    few_groups,
    infer_by_groups,
    infer_nothing,
    sandwich_covariance,
)
from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.types import Design, ParameterMatrix, RowVector
from lr_pipeline.evaluation.test_scores import Models
from lr_pipeline.models.logistic_model import LogisticModel
from lr_pipeline.tables.aggregate import Aggregate
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.target import labels
from lr_pipeline.tables.values.row_hash import RowHashes, row_hashes
from lr_pipeline.tables.weights import weights_of

MOST_NUMBERS = 2**22  # in the scores of the groups: 32 MiB; of more groups a random half is kept

Scores = Float64[np.ndarray, "g p"]


@dataclass(frozen=True, eq=False)
class GroupScores:
    """Scores (g, p) of groups by their hash, in order; they add up.

    Groups whose hash is among the lowest 2⁻ʰᵃˡᵛⁱⁿᵍˢ of all hashes are kept: which these are depends
    only on the groups, not on the order of the sums. ``most_numbers``: of the scores that are kept.
    """

    hashes: RowHashes
    scores: Scores
    halvings: int = 0
    most_numbers: int = MOST_NUMBERS

    @classmethod
    def of(
        cls, hashes: RowHashes, scores: Scores, halvings: int = 0, most_numbers: int = MOST_NUMBERS
    ) -> "GroupScores":
        """Add the scores of rows, or of groups, with the same hash."""
        inside = hashes <= np.uint64(2 ** (64 - halvings) - 1)
        hashes, scores = hashes[inside], scores[inside]
        order = np.argsort(hashes, kind="stable")
        hashes = hashes[order]
        starts = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1]])[: len(hashes)])
        if len(starts):
            scores = np.add.reduceat(scores[order], starts, axis=0)
        if scores.size > most_numbers:
            return cls.of(hashes[starts], scores, halvings + 1, most_numbers)
        return cls(hashes[starts], scores, halvings, most_numbers)

    def __add__(self, other: "GroupScores") -> "GroupScores":
        """Return the scores of the groups of both."""
        return GroupScores.of(
            np.concatenate([self.hashes, other.hashes]),
            np.concatenate([self.scores, other.scores]),
            max(self.halvings, other.halvings),
            self.most_numbers,
        )

    @property
    def outer(self) -> ParameterMatrix:
        """Σ_g s_g s_gᵀ (p, p), estimated from those that are kept."""
        return np.asarray(self.scores.T @ self.scores) * 2.0**self.halvings


@dataclass(frozen=True, eq=False)
class TrainingGroups:
    """The hash of each training row's group (n,), how many groups there are, and their scores."""

    of_rows: RowHashes
    number: int
    scores: Mapping[str, GroupScores]

    def inferred(self, models: Models) -> Models:
        """Return the models with standard errors and inference that take the groups as units."""
        return {
            name: self._inferred(name, one) if isinstance(one, LogisticModel) else one
            for name, one in models.items()
        }

    def _inferred(self, name: str, model: LogisticModel) -> LogisticModel:
        fit, inference = model.fit, model.inference
        reason = inference.withheld or fit.inference_withheld
        reason = reason or few_groups(self.number, 1 + len(fit.coefficients))
        if reason:
            fit, inference = infer_nothing(fit, inference, reason)
        else:
            V = sandwich_covariance(fit, self.scores[name].outer, self.number)
            fit, inference = infer_by_groups(fit, inference, V, self.number)
        return replace(model, fit=fit, inference=inference)


def training_groups(models: Models, train_set: Table, aggregate: Aggregate) -> TrainingGroups:
    """Read the groups of ``train_set``, and sum the scores of models whose errors are known."""
    group = train_set.roles.group
    assert group is not None
    scorer = _GroupScorer(
        train_set,
        {
            name: one
            for name, one in models.items()
            if isinstance(one, LogisticModel) and one.fit.covariance is not None
        },
    )
    wanted = {name for one in scorer.models.values() for name in one.features}
    wanted |= {group, train_set.roles.target, train_set.roles.weight or group}
    columns = [name for name in train_set.schema.names if name in wanted]
    hashes, scores = aggregate(train_set, columns, scorer)
    of_rows = np.concatenate(hashes)
    return TrainingGroups(of_rows, len(np.unique(of_rows)), scores)


@dataclass(frozen=True, eq=False)
class _GroupScorer:
    """Computes the groups of a batch of rows, and their scores by model."""

    table: Table
    models: Mapping[str, LogisticModel]

    def __call__(self, block: pa.RecordBatch) -> tuple[list[RowHashes], dict[str, GroupScores]]:
        """Return the hash of each counted row's group, and model → scores."""
        roles = self.table.roles
        y = labels(roles.target, block.column(roles.target), roles.positive)
        weight = np.ones_like(y) if roles.weight is None else weights_of(block, roles.weight)
        assert roles.group is not None
        hashes, counted = row_hashes(block, [roles.group]), weight > 0
        scores = {
            name: GroupScores.of(
                hashes[counted], _scores(one, one.preparation.design(block), y, weight)[counted]
            )
            for name, one in self.models.items()
        }
        return [hashes], scores


def _scores(model: LogisticModel, X: Design, y: RowVector, weight: RowVector) -> Scores:
    """ω (y − p) (1, (x − center) / scale) of each row."""
    fit = model.fit
    residual = weight * (y - sigmoid(model.predictor.of_design(X)))
    scores = np.empty((len(y), 1 + X.shape[1]))
    scores[:, 0] = residual
    np.subtract(X, np.asarray(fit.center), out=scores[:, 1:])
    scores[:, 1:] *= residual[:, None] / np.asarray(fit.scale)
    return scores
