"""The configuration of a model's threshold and recalibration, as the Launchpad shows it."""

from collections.abc import Callable
from typing import Literal

from pydantic import Field, model_validator

from lr_pipeline.models.decision.decision import THRESHOLD, Costs
from lr_pipeline.models.decision.threshold_rules import (
    Capacity,
    FixedThreshold,
    LowestCost,
    TargetPrecision,
    TargetRecall,
    ThresholdRule,
    Youden,
)
from lr_pipeline.orchestration.config.strict_config import StrictConfig

# Kind → what makes the rule of its settings.
RULES: dict[str, Callable[..., ThresholdRule]] = {
    "fixed": FixedThreshold,
    "cost": lambda **costs: LowestCost(Costs(**costs)),
    "precision": TargetPrecision,
    "recall": TargetRecall,
    "capacity": Capacity,
    "youden": Youden,
}


class RuleConfig(StrictConfig):
    """Settings of a rule that chooses a threshold: its kind, and the fields of the rule."""

    def rule(self) -> ThresholdRule:
        """Return the rule that these settings describe."""
        settings = self.model_dump()
        return RULES[settings.pop("kind")](**settings)


class FixedThresholdConfig(RuleConfig):
    """A given threshold."""

    kind: Literal["fixed"] = "fixed"
    threshold: float = Field(
        default=THRESHOLD, gt=0, lt=1, description="Yes where the probability is above it."
    )


class CostConfig(RuleConfig):
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


class PrecisionConfig(RuleConfig):
    """The most positive rows found while enough of the flagged rows are positive."""

    kind: Literal["precision"] = "precision"
    target: float = Field(
        default=0.8, gt=0, le=1, description="Share of the flagged rows that must be positive."
    )


class RecallConfig(RuleConfig):
    """The fewest rows flagged while enough of the positive rows are among them."""

    kind: Literal["recall"] = "recall"
    target: float = Field(
        default=0.8, gt=0, le=1, description="Share of the positive rows that must be flagged."
    )


class CapacityConfig(RuleConfig):
    """Flags as many rows as can be handled."""

    kind: Literal["capacity"] = "capacity"
    per_thousand: float = Field(
        default=50.0, gt=0, lt=1000, description="Rows flagged of a thousand, at most."
    )


class YoudenConfig(RuleConfig):
    """The largest recall + specificity − 1."""

    kind: Literal["youden"] = "youden"


DecisionConfig = (
    FixedThresholdConfig
    | CostConfig
    | PrecisionConfig
    | RecallConfig
    | CapacityConfig
    | YoudenConfig
)
