"""The configuration of the evaluation report, as the Launchpad shows it."""

from pydantic import Field

from lr_pipeline.evaluation.validation_folds.cross_validation import ValidationChoice
from lr_pipeline.orchestration.config.strict_config import StrictConfig


class CrossValidationConfig(StrictConfig):
    """Repeated cross-validation of the models on the training rows."""

    folds: int = Field(default=5, ge=2, le=50, description="Parts, each held out in turn.")
    repeats: int | None = Field(
        default=None,
        ge=0,
        le=200,
        description="Divisions into folds; empty: as many as take about a second, and none for "
        "large tables and where the test set has 500 rows of the rarer class; 0: none.",
    )

    def choice(self) -> ValidationChoice:
        """Return what these settings describe."""
        return ValidationChoice(self.folds, self.repeats)


class EvaluationConfig(StrictConfig):
    """Cross-validation, the test row that is shown, and groups by which answers are compared."""

    row_seed: int = Field(default=0, ge=0, description="Seed that draws the row at random.")
    protected: list[str] = Field(
        default=[],
        description="Columns of the table by whose groups the report compares the model's answers, "
        "besides those that are declared with the table.",
    )
    cv: CrossValidationConfig = Field(
        default=CrossValidationConfig(),
        description="Cross-validation of the training rows, beside the test set.",
    )
