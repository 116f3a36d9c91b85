"""The configurations of what reads new rows: the predictions and the drift report."""

from pydantic import Field

from lr_pipeline.orchestration.config.strict_config import StrictConfig


class ScoreConfig(StrictConfig):
    """How rows are scored: the threshold, the reasons, and what may score."""

    threshold: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="Label 1 where the probability is above it; empty: the model's own threshold.",
    )
    reasons: int | None = Field(
        default=None,
        ge=1,
        description="Add the columns that moved each row's score most, so many of them; empty: "
        "none.",
    )
    reference: str | None = Field(
        default=None,
        description="YAML or JSON below the data root, with the row that reasons are measured from "
        "and the scale of points; empty: the training means, and no points.",
    )
    anyway: bool = Field(
        default=False,
        description="Score by the latest `numpy_model` where there is no champion, and although "
        "its checks failed. Each row then says so.",
    )


class ScoringConfig(ScoreConfig):
    """The new rows, and how they are scored."""

    score_path: str | None = Field(
        default=None,
        description="CSV or Parquet with the columns of training: a file, folder or pattern below "
        "the data root, or what the declaration names. Without it nothing is scored.",
    )


class DriftConfig(StrictConfig):
    """The new rows that are compared with the training set."""

    score_path: str | None = Field(
        default=None,
        description="CSV or Parquet with the columns of training, and its target where answers are "
        "known: a file, folder or pattern below the data root, or what the declaration names. "
        "Without it nothing is compared.",
    )
