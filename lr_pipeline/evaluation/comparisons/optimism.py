"""Metrics of training rows beside those of test rows: how much of a fit is only memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.evaluation.analysed_rows import AnalysedRows
from lr_pipeline.evaluation.metrics import Metrics, evaluate
from lr_pipeline.models.linear_model import LinearModel
from lr_pipeline.models.logistic_model import LogisticModel

OPTIMISTIC = ("log_loss", "roc_auc", "brier_score")


@dataclass(frozen=True)
class TrainingMetrics:
    """Metrics by model on training ``rows``, which are described in words."""

    rows: str = ""
    metrics: Mapping[str, Metrics] = field(default_factory=dict)


def training_metrics(
    models: Mapping[str, LinearModel | LogisticModel], prepared: LogisticModel, rows: AnalysedRows
) -> TrainingMetrics:
    """Predict training rows, which ``prepared``'s preparation made, by all models that share it."""
    return TrainingMetrics(
        rows.described,
        {
            name: _metrics(model, rows)
            for name, model in models.items()
            if model.preparation == prepared.preparation
        },
    )


def _metrics(model: LinearModel | LogisticModel, rows: AnalysedRows) -> Metrics:
    score = model.predictor.of_design(rows.X)
    if isinstance(model, LinearModel):
        return evaluate(rows.y, score, rows.counts)
    z = model.decision.log_odds(score)
    return evaluate(rows.y, sigmoid(z), rows.counts, z, threshold=model.decision.threshold)
