"""Training configuration: bounds, misspelt fields, options that need each other."""

import numpy as np
import pytest
from pydantic import ValidationError

from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.solvers.gradient_descent import GradientDescent
from lr_pipeline.core.solvers.lbfgs import Lbfgs
from lr_pipeline.core.solvers.newton import Newton
from lr_pipeline.engines.torch.torch_descent import ManualGradientDescent
from lr_pipeline.orchestration.config.evaluation_config import EvaluationConfig
from lr_pipeline.orchestration.config.study_config import (
    DescentStudyConfig,
    LearningRateStudyConfig,
    LikelihoodStudyConfig,
    RegressionStudyConfig,
)
from lr_pipeline.orchestration.config.training_config import (
    GradientDescentConfig,
    LbfgsConfig,
    NewtonConfig,
    NumpyTrainingConfig,
    TorchTrainingConfig,
)


def test_defaults_are_different_algorithms() -> None:
    """Their agreement is evidence for both."""
    assert NumpyTrainingConfig().training().solver == Newton()
    assert TorchTrainingConfig().training().solver == Lbfgs()


@pytest.mark.parametrize("config", [NumpyTrainingConfig, TorchTrainingConfig, NewtonConfig])
def test_a_misspelt_field_is_an_error(config) -> None:
    """Nothing is dropped silently."""
    with pytest.raises(ValidationError, match="tolerence"):
        config(tolerence=1e-3)


@pytest.mark.parametrize(
    ("config", "field", "value"),
    [
        (NewtonConfig, "tolerance", 0.0),
        (NewtonConfig, "max_iterations", 0),
        (LbfgsConfig, "memory", 0),
        (GradientDescentConfig, "learning_rate", -1e-3),
        (GradientDescentConfig, "iterations", 0),
        (NumpyTrainingConfig, "penalty", "lasso"),
    ],
)
def test_bounds_fail_early(config, field, value) -> None:
    """The error names the field."""
    with pytest.raises(ValidationError, match=field):
        config(**{field: value})


@pytest.mark.parametrize("fields", [{"l2": 1.0}, {"penalty": "l2"}])
def test_l2_and_its_strength_go_together(fields) -> None:
    """An option without effect would be a defect."""
    with pytest.raises(ValidationError, match="Give both or neither"):
        NumpyTrainingConfig(**fields)


@pytest.mark.parametrize("penalty", ["auto", "none", "firth"])
def test_the_strength_of_log_f_is_for_log_f(penalty) -> None:
    """An option without effect would be a defect; log-f itself has a default."""
    with pytest.raises(ValidationError, match="log_f= sets the strength of penalty log-f"):
        TorchTrainingConfig(penalty=penalty, log_f=2.0)
    assert NumpyTrainingConfig(penalty="log-f").training().penalty == LogF(2.0)
    assert TorchTrainingConfig(penalty="log-f", log_f=3.0).training().penalty == LogF(3.0)


def test_every_setting_reaches_the_solver() -> None:
    """The numbers differ from every default."""
    assert NewtonConfig(tolerance=1e-5, max_iterations=7).solver() == Newton(1e-5, 7)
    assert LbfgsConfig(memory=3, tolerance=1e-5, max_iterations=7).solver() == Lbfgs(3, 1e-5, 7)
    settings = {"learning_rate": 0.5, "iterations": 9, "record_every": 2, "standardize": True}
    assert GradientDescentConfig(**settings).solver() == GradientDescent(**settings)


def test_gradient_descent_in_torch_is_the_tutorials_manual_loop() -> None:
    """It has the same settings."""
    config = GradientDescentConfig(learning_rate=0.5, iterations=9)
    solver = TorchTrainingConfig(solver=config).training().solver
    assert isinstance(solver, ManualGradientDescent)
    assert (solver.learning_rate, solver.iterations) == (0.5, 9)


def test_initial_weights_are_those_asked_for() -> None:
    """They are drawn from the seed with intercept 0, are zeros, or are left to the core."""
    drawn = NumpyTrainingConfig(solver=GradientDescentConfig(seed=4)).training().start(5)
    assert drawn[0] == 0.0
    assert np.array_equal(drawn[1:], np.random.default_rng(4).standard_normal(4))
    zeros = NumpyTrainingConfig(solver=GradientDescentConfig(initial="zeros")).training().start(5)
    assert np.array_equal(zeros, np.zeros(5))
    assert NumpyTrainingConfig().training().start is None


def small_numbers(value: object) -> list[float]:
    """Yield numbers below 1e-6 anywhere in a configuration."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in small_numbers(item)]
    return [value] if isinstance(value, float) and 0.0 < abs(value) < 1e-6 else []


@pytest.mark.parametrize(
    "config",
    [
        NewtonConfig,
        LbfgsConfig,
        GradientDescentConfig,
        NumpyTrainingConfig,
        TorchTrainingConfig,
        EvaluationConfig,
        DescentStudyConfig,
        LearningRateStudyConfig,
        LikelihoodStudyConfig,
        RegressionStudyConfig,
    ],
)
def test_the_launchpad_can_read_the_defaults_that_it_fills_in(config) -> None:
    """It writes 1e-9, which YAML reads as text, so no default is that small."""
    assert small_numbers(config().model_dump()) == []
