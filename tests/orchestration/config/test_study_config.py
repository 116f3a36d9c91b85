"""Study configuration: bounds, misspelt fields, defaults."""

import pytest
from pydantic import ValidationError

from lr_pipeline.orchestration.config.study_config import (
    DescentStudyConfig,
    LearningRateStudyConfig,
    LikelihoodStudyConfig,
    RegressionStudyConfig,
)
from lr_pipeline.studies.descent import TOLERANCE


def test_the_defaults_are_the_tutorials() -> None:
    """Learning rates, iterations and tolerance are the tutorial's."""
    config = DescentStudyConfig()
    assert config.learning_rates == [0.1, 0.01, 0.001, 0.8, 1.1]
    assert (config.iterations, config.diverging_steps) == (10_000, 10)
    assert TOLERANCE == 1e-8  # if the config does not set it


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        (DescentStudyConfig, {"learning_rates": []}),
        (DescentStudyConfig, {"learning_rates": [0.1, 0.0]}),
        (DescentStudyConfig, {"learning_rates": [-0.1]}),
        (DescentStudyConfig, {"learning_rates": [float("nan")]}),
        (DescentStudyConfig, {"learning_rates": [0.1] * 16}),
        (DescentStudyConfig, {"iterations": 0}),
        (DescentStudyConfig, {"iterations": 1_000_000}),
        (DescentStudyConfig, {"tolerance": 0.0}),
        (DescentStudyConfig, {"diverging_steps": 0}),
        (LearningRateStudyConfig, {"learning_rates": [float("inf")]}),
        (LearningRateStudyConfig, {"iterations": 0}),
        (LearningRateStudyConfig, {"max_rows": 1}),
        (LikelihoodStudyConfig, {"deviations": [1.0, -1.0]}),
        (RegressionStudyConfig, {"max_rows": 0}),
    ],
)
def test_bounds_fail_early(config, fields) -> None:
    """The error names the field."""
    with pytest.raises(ValidationError, match=next(iter(fields))):
        config(**fields)


@pytest.mark.parametrize(
    "config",
    [DescentStudyConfig, LearningRateStudyConfig, LikelihoodStudyConfig, RegressionStudyConfig],
)
def test_a_misspelt_field_is_an_error(config) -> None:
    """Nothing is dropped silently."""
    with pytest.raises(ValidationError, match="learning_rats"):
        config(learning_rats=[0.1])
