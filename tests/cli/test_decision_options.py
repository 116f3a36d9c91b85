"""``run --threshold`` and ``--recalibrate``: their forms, and what they do to model and scores."""

from pathlib import Path

import pandas as pd
import pytest

import lr_pipeline
from lr_pipeline.cli.decision_options import SETTINGS, folds_by_repeats, threshold_rule
from lr_pipeline.models.decision.decision import Costs
from lr_pipeline.models.decision.recalibration import Platt
from lr_pipeline.orchestration.config.evaluation_config import EvaluationConfig
from lr_pipeline.orchestration.config.training_config import NumpyTrainingConfig

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


@pytest.mark.parametrize(
    ("text", "config"),
    [
        ("0.3", {"fixed": {"threshold": 0.3}}),
        ("cost:1:5", {"cost": {"false_positive": 1.0, "false_negative": 5.0}}),
        (
            "cost:1:5:2:0",
            {
                "cost": {
                    "false_positive": 1.0,
                    "false_negative": 5.0,
                    "true_positive": 2.0,
                    "true_negative": 0.0,
                }
            },
        ),
        (
            "cost:0:5:0:1",
            {
                "cost": {
                    "false_positive": 0.0,
                    "false_negative": 5.0,
                    "true_positive": 0.0,
                    "true_negative": 1.0,
                }
            },
        ),
        ("precision:0.8", {"precision": {"target": 0.8}}),
        ("recall:1", {"recall": {"target": 1.0}}),
        ("capacity:50", {"capacity": {"per_thousand": 50.0}}),
        ("youden", {"youden": {}}),
    ],
)
def test_each_form_is_a_configuration_of_the_launchpad(text, config) -> None:
    """The names are those of the Launchpad's fields, whose bounds it keeps."""
    assert threshold_rule(text) == config
    ((kind, settings),) = config.items()
    assert NumpyTrainingConfig(decision={kind: settings}).choice().rule.words
    assert kind in SETTINGS


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "1",
        "nan",
        "half",
        "cost:1",
        "cost:0:5",
        "cost:1:inf",
        "cost:1:nan",
        "precision:0",
        "precision:1.1",
        "recall",
        "recall:x",
        "capacity:1000",
        "capacity:-1",
        "youden:1",
    ],
)
def test_other_forms_are_refused_before_anything_is_stored(run, folder, text) -> None:
    """The message names the option and what was expected."""
    result = run("run", SAMPLES / "spector.csv", "--target", "GRADE", "--threshold", text)
    assert result.exit_code == 2
    assert "Invalid value for '--threshold': expected " in result.output
    assert not (folder / ".dagster_home").exists()


def test_a_run_chooses_what_predict_then_uses(run, folder) -> None:
    """Both models have threshold and recalibration; the scores' labels follow them."""
    options = ["--threshold", "cost:1:5", "--recalibrate", "platt", "--name", "ship"]
    trained = run("run", SAMPLES / "titanic.csv", "--target", "survived", *options)
    assert trained.exit_code == 0, trained.output
    home = folder / ".dagster_home"
    models = [lr_pipeline.load(f"ship/{name}_model", home=home) for name in ("numpy", "torch")]
    for model in models:
        assert model.decision.costs == Costs(1.0, 5.0)
        assert isinstance(model.decision.recalibration, Platt)
    threshold = models[0].decision.threshold
    assert threshold == pytest.approx(models[1].decision.threshold, rel=1e-4)
    output = folder / "scores.csv"
    scored = run("predict", SAMPLES / "titanic.csv", "--model", "ship", "--output", output)
    assert scored.exit_code == 0, scored.output
    found = pd.read_csv(output)
    assert (found["label"] == (found["probability"] > threshold)).all()
    report = lr_pipeline.load("ship/evaluation_report", home=home)
    probabilities = models[0].predict_proba(lr_pipeline.load("ship/test_set", home=home))
    flagged = report["models"]["numpy_model"]
    assert flagged["true_positive"] + flagged["false_positive"] == (probabilities > threshold).sum()


@pytest.mark.parametrize(
    ("text", "config"), [("5x10", {"folds": 5, "repeats": 10}), ("0", {"repeats": 0})]
)
def test_folds_and_repeats_are_a_configuration_of_the_launchpad(text, config) -> None:
    """Its bounds hold here too."""
    assert folds_by_repeats(text) == config
    assert EvaluationConfig(cv=config).cv.choice().repeats == config["repeats"]


@pytest.mark.parametrize("text", ["5", "1x10", "51x1", "5x201", "x", "5x", "-1", ""])
def test_other_folds_and_repeats_are_refused(run, text) -> None:
    """The message says what was expected."""
    result = run("run", SAMPLES / "spector.csv", "--target", "GRADE", "--cv", text)
    assert result.exit_code == 2
    assert "expected 2 to 50 folds" in result.output
