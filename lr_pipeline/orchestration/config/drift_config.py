"""The configuration of the drift report, as the Launchpad shows it."""

from pydantic import Field

from lr_pipeline.orchestration.config.strict_config import StrictConfig


class DriftConfig(StrictConfig):
    """The new rows that are compared with the training set."""

    score_path: str | None = Field(
        default=None,
        description="CSV or Parquet with the columns of training, and its target where answers are "
        "known: a file, folder or pattern below the data root, or what the declaration names. "
        "Without it nothing is compared.",
    )
