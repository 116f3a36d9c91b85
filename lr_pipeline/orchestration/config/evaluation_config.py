"""The configuration of the evaluation report, as the Launchpad shows it."""

from pydantic import Field

from lr_pipeline.orchestration.config.strict_config import StrictConfig


class EvaluationConfig(StrictConfig):
    """Which test row the report predicts one by one, and by which groups it compares answers."""

    row_seed: int = Field(default=0, ge=0, description="Seed that draws the row at random.")
    protected: list[str] = Field(
        default=[],
        description="Columns of the table by whose groups the report compares the model's answers, "
        "besides those that are declared with the table.",
    )
