"""The configuration of the champion and of a rollback, as the Launchpad shows it."""

from pydantic import Field, model_validator

from lr_pipeline.lifecycle.challenge import Aim, DecidingMetric, Policy
from lr_pipeline.orchestration.config.strict_config import StrictConfig


class ChampionConfig(StrictConfig):
    """What a newly trained model must show to take the place of the one in use."""

    aim: Aim = Field(
        default="superiority",
        description="superiority: better than the model in use. non-inferiority: worse by less "
        "than `margin`.",
    )
    metric: DecidingMetric = Field(default="log_loss", description="log_loss or roc_auc.")
    margin: float = Field(
        default=0.0, ge=0, description="For non-inferiority, in the metric's own unit."
    )
    alpha: float = Field(
        default=0.05,
        gt=0,
        lt=0.5,
        description="Probability that any of all decisions on the same test rows promotes a model "
        "that does not fulfil the aim.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> "ChampionConfig":
        """Refuse a margin without its aim, and the reverse."""
        self.policy()
        return self

    def policy(self) -> Policy:
        """Return the policy of the lifecycle."""
        return Policy(self.aim, self.metric, self.margin, self.alpha)


class RollbackConfig(StrictConfig):
    """Names the earlier champion to go back to, and the reason."""

    because: str = Field(min_length=1, description="Why; it is kept with the ruling.")
    to: str | None = Field(
        default=None, description="Version of an earlier champion; empty: the one before this one."
    )
