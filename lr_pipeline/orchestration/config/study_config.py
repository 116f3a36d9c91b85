"""The configuration of the studies, which a reader edits in the Launchpad."""

from math import inf
from typing import Annotated

from pydantic import AfterValidator, Field

from lr_pipeline.orchestration.config.strict_config import StrictConfig
from lr_pipeline.studies.descent import LEARNING_RATES
from lr_pipeline.studies.likelihood import DEVIATIONS

MOST_PATHS = 15


def _positive(values: list[float]) -> list[float]:
    """Return the values; raise an error unless each is a positive number."""
    wrong = [value for value in values if not 0.0 < value < inf]
    if wrong:
        raise ValueError(f"expected positive numbers, found {wrong}")
    return values


PositiveNumbers = Annotated[list[float], AfterValidator(_positive)]


class DescentStudyConfig(StrictConfig):
    """Gradient descent on (θ − 2.5)² − 1 from θ = 0."""

    learning_rates: PositiveNumbers = Field(
        default=list(LEARNING_RATES),
        min_length=1,
        max_length=MOST_PATHS,
        description="η, one path each: edit this list to try your own.",
    )
    iterations: int = Field(default=10_000, gt=0, le=100_000, description="Most steps of a path.")
    # The default is not 1e-8: the Launchpad would write it in a form that YAML reads as text.
    tolerance: float | None = Field(
        default=None, gt=0, description="Stop when the loss changes by less; empty: 1.0e-8."
    )
    diverging_steps: int = Field(
        default=10, gt=0, description="Steps of the second, short run of a rate that diverges."
    )


class TableStudyConfig(StrictConfig):
    """Settings that the studies of the training set share."""

    max_rows: int = Field(
        default=1_000, gt=1, description="Rows studied at most, evenly spaced in the training set."
    )


class LearningRateStudyConfig(TableStudyConfig):
    """Gradient descent on the training set's mean log loss from w = 0."""

    learning_rates: PositiveNumbers = Field(
        default=[],
        max_length=100,
        description="η at the first step; empty: a grid from 0.01 to beyond 2/λ*.",
    )
    iterations: int = Field(default=1_000, gt=0, le=100_000, description="Steps of each run.")
    standardize: bool = Field(
        default=False,
        description="Descend on columns of mean 0 and deviation 1 instead of the raw ones.",
    )


class LikelihoodStudyConfig(TableStudyConfig):
    """Likelihood of a feature's values and of the labels."""

    feature: str | None = Field(
        default=None, description="Column of the design; empty: the first one."
    )
    deviations: PositiveNumbers = Field(
        default=list(DEVIATIONS),
        min_length=1,
        max_length=5,
        description="σ of the normal densities drawn.",
    )


class RegressionStudyConfig(TableStudyConfig):
    """Least squares of the label on one column, and on all."""

    feature: str | None = Field(
        default=None,
        description="Column of the design; empty: the one most correlated with the label.",
    )
