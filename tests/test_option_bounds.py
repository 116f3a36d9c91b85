"""Options and arguments out of bounds are refused by name and bound before anything is stored."""

from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

import lr_pipeline
from lr_pipeline.core.solvers import GradientDescent, Lbfgs, Newton
from lr_pipeline.orchestration.config.training_config import (
    GradientDescentConfig,
    LbfgsConfig,
    NewtonConfig,
    NumpyTrainingConfig,
    TorchTrainingConfig,
)
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import source_from_dict
from lr_pipeline.tables.split.split_table import SplitPolicy

SPECTOR = Path(__file__).parents[1] / "data" / "samples" / "spector.csv"
X = np.array([[0.0], [1.0], [2.0], [3.0]])
y = np.array([0.0, 1.0, 0.0, 1.0])


@pytest.mark.parametrize(
    ("option", "value", "bound"),
    [
        ("--test-size", "nan", "not a finite number"),
        ("--test-size", "0", "0<x<1"),
        ("--test-size", "1", "0<x<1"),
        ("--test-size", "half", "not a valid float"),
        ("--seed", "-1", "0<=x<=4294967295"),
        ("--seed", "4294967296", "0<=x<=4294967295"),
        ("--seed", "1.5", "not a valid integer"),
        ("--l2", "inf", "not a finite number"),
        ("--l2", "nan", "not a finite number"),
        ("--l2", "-1", "x>0"),
        ("--log-f", "inf", "not a finite number"),
        ("--log-f", "0", "x>0"),
    ],
)
def test_run_refuses_an_option_before_it_stores_anything(run, folder, option, value, bound) -> None:
    """The message has the option's name, the value and the bound, and no home is made."""
    penalty = ["--penalty", option[2:]] if option in ("--l2", "--log-f") else []
    result = run("run", SPECTOR, "--target", "GRADE", *penalty, option, value)
    assert result.exit_code == 2
    assert f"Invalid value for '{option}': " in result.output
    assert value in result.output
    assert bound in result.output
    assert not (folder / ".dagster_home").exists()


@pytest.mark.parametrize("value", ["nan", "inf", "0", "1"])
def test_predict_refuses_a_threshold(run, value) -> None:
    """A threshold must be a probability."""
    result = run("predict", SPECTOR, "--model", "spector", "--threshold", value)
    assert result.exit_code == 2
    assert "Invalid value for '--threshold': " in result.output


@pytest.mark.parametrize("seed", [-1, 2**32, True])
def test_a_split_takes_the_seeds_that_its_generator_takes(seed) -> None:
    """The rule is the same in Python, in YAML and on the command line."""
    with pytest.raises(TableError, match="seed must be a whole number from 0 to 4294967295, found"):
        SplitPolicy(seed=seed)
    with pytest.raises(TableError, match="seed must be a whole number from 0 to 4294967295, found"):
        declared = {"kind": "file", "path": "t.csv", "target": "y", "split": {"seed": seed}}
        source_from_dict(declared)


@pytest.mark.parametrize("share", [nan, inf, 0.0, 1.0, -0.1, 1.1])
def test_a_split_takes_a_share_between_0_and_1(share) -> None:
    """The share may be of any type of number."""
    with pytest.raises(TableError, match="test_size must lie between 0 and 1, found"):
        SplitPolicy(test_size=share)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tolerance": nan}, "tolerance must be positive and finite, found nan"),
        ({"tolerance": 0.0}, "tolerance must be positive and finite, found 0.0"),
        ({"tolerance": -1e-3}, "tolerance must be positive and finite, found -0.001"),
        ({"penalty": "l2", "l2": inf}, "l2 must be positive and finite, found inf"),
        ({"penalty": "l2", "l2": nan}, "l2 must be positive and finite, found nan"),
        ({"penalty": "log-f", "log_f": inf}, "log_f must be positive and finite, found inf"),
        ({"penalty": "log-f", "log_f": 0.0}, "log_f must be positive and finite, found 0.0"),
        ({"start": [0.0, nan]}, "start must have finite numbers, found NaN or infinity"),
        ({"start": [inf, 0.0]}, "start must have finite numbers, found NaN or infinity"),
        ({"start": [0.0]}, "start must have 2 parameters, found 1"),
    ],
)
def test_a_fit_of_arrays_refuses_an_argument(arguments, message) -> None:
    """The fit raises before its first iteration."""
    with pytest.raises(ValueError, match=message):
        lr_pipeline.fit_logistic(X, y, **arguments)


@pytest.mark.parametrize(
    ("solver", "settings"),
    [
        (Newton, {"tolerance": nan}),
        (Newton, {"max_iterations": 0}),
        (Lbfgs, {"tolerance": inf}),
        (Lbfgs, {"memory": 0}),
        (Lbfgs, {"refresh_every": 0}),
        (GradientDescent, {"learning_rate": nan}),
        (GradientDescent, {"learning_rate": 0.0}),
        (GradientDescent, {"iterations": 0}),
        (GradientDescent, {"record_every": 0}),
        (GradientDescent, {"tolerance": nan}),
    ],
)
def test_a_solver_refuses_a_setting_by_name(solver, settings) -> None:
    """The message begins with the setting."""
    (name,) = settings
    with pytest.raises(ValueError, match=rf"^{name} must be"):
        solver(**settings)


@pytest.mark.parametrize("level", [nan, 0.0, 1.0, 95.0])
def test_inference_refuses_a_level(level) -> None:
    """A level is a probability."""
    fit = lr_pipeline.fit_logistic(X, y)
    with pytest.raises(ValueError, match="level must be between 0 and 1, found"):
        lr_pipeline.infer(fit, X, y, level=level)


@pytest.mark.parametrize(
    ("config", "settings"),
    [
        (NumpyTrainingConfig, {"penalty": "l2", "l2": inf}),
        (NumpyTrainingConfig, {"penalty": "l2", "l2": nan}),
        (TorchTrainingConfig, {"penalty": "log-f", "log_f": inf}),
        (NewtonConfig, {"tolerance": nan}),
        (LbfgsConfig, {"tolerance": nan}),
        (GradientDescentConfig, {"learning_rate": inf}),
    ],
)
def test_the_launchpads_numbers_are_finite(config, settings) -> None:
    """``gt`` alone would accept infinity."""
    with pytest.raises(ValidationError, match=r"finite number|greater than|less than"):
        config(**settings)
