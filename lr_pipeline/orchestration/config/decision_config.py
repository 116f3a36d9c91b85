"""The configuration of a model's threshold and recalibration, as the Launchpad shows it."""

from typing import Literal

from pydantic import Field, model_validator

from lr_pipeline.models.decision.decision import THRESHOLD, Costs
from lr_pipeline.models.decision.threshold_rules import (
    Capacity,
    FixedThreshold,
    LowestCost,
    TargetPrecision,
    TargetRecall,
    Youden,
)
from lr_pipeline.orchestration.config.strict_config import StrictConfig


class FixedThresholdConfig(StrictConfig):
    """A given threshold."""

    kind: Literal["fixed"] = "fixed"
    threshold: float = Field(
        default=THRESHOLD, gt=0, lt=1, description="Yes where the probability is above it."
    )

    def rule(self) -> FixedThreshold:
        """The rule that these settings describe."""
        return FixedThreshold(self.threshold)


class CostConfig(StrictConfig):
    """The threshold of the lowest cost on held-out training rows."""

    kind: Literal["cost"] = "cost"
    false_positive: float = Field(default=1.0, ge=0, description="Cost of a wrong yes, per row.")
    false_negative: float = Field(default=1.0, ge=0, description="Cost of a wrong no, per row.")
    true_positive: float = Field(default=0.0, ge=0, description="Benefit of a right yes, per row.")
    true_negative: float = Field(default=0.0, ge=0, description="Benefit of a right no, per row.")

    @model_validator(mode="after")
    def _errors_cost(self) -> "CostConfig":
        yes, no = self.false_negative + self.true_positive, self.false_positive + self.true_negative
        if not (yes > 0 and no > 0):
            raise ValueError(
                "a wrong yes and a wrong no must each lose something, found "
                f"false_positive={self.false_positive:g}, false_negative={self.false_negative:g}. "
                "Give both a cost above 0."
            )
        return self

    def rule(self) -> LowestCost:
        """The rule that these settings describe."""
        return LowestCost(
            Costs(self.false_positive, self.false_negative, self.true_positive, self.true_negative)
        )


class PrecisionConfig(StrictConfig):
    """The most positive rows found while enough of the flagged rows are positive."""

    kind: Literal["precision"] = "precision"
    target: float = Field(
        default=0.8, gt=0, le=1, description="Share of the flagged rows that must be positive."
    )

    def rule(self) -> TargetPrecision:
        """The rule that these settings describe."""
        return TargetPrecision(self.target)


class RecallConfig(StrictConfig):
    """The fewest rows flagged while enough of the positive rows are among them."""

    kind: Literal["recall"] = "recall"
    target: float = Field(
        default=0.8, gt=0, le=1, description="Share of the positive rows that must be flagged."
    )

    def rule(self) -> TargetRecall:
        """The rule that these settings describe."""
        return TargetRecall(self.target)


class CapacityConfig(StrictConfig):
    """As many rows flagged as can be handled."""

    kind: Literal["capacity"] = "capacity"
    per_thousand: float = Field(
        default=50.0, gt=0, lt=1000, description="Rows flagged of a thousand, at most."
    )

    def rule(self) -> Capacity:
        """The rule that these settings describe."""
        return Capacity(self.per_thousand)


class YoudenConfig(StrictConfig):
    """The largest recall + specificity − 1."""

    kind: Literal["youden"] = "youden"

    def rule(self) -> Youden:
        """The rule that these settings describe."""
        return Youden()


DecisionConfig = (
    FixedThresholdConfig
    | CostConfig
    | PrecisionConfig
    | RecallConfig
    | CapacityConfig
    | YoudenConfig
)
