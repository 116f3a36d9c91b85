"""The configuration of the predictions, as the Launchpad shows it."""

from pydantic import Field

from lr_pipeline.orchestration.config.strict_config import StrictConfig


class ScoringConfig(StrictConfig):
    """The new rows, and the probability above which the answer is yes."""

    score_path: str | None = Field(
        default=None,
        description="CSV or Parquet with the columns of training: a file, folder, pattern or URL. "
        "Without it nothing is scored.",
    )
    threshold: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Label 1 where the probability is above it; empty: the model's own threshold.",
    )
