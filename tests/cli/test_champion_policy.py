"""``run --champion``: what a new model must show to take the champion's place."""

from typing import get_args

import pytest

from lr_pipeline.cli.champion_policy import METRICS, champion_policy
from lr_pipeline.lifecycle.challenge import DecidingMetric, Policy
from lr_pipeline.orchestration.config.champion_config import ChampionConfig


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("log_loss", Policy("superiority", "log_loss")),
        ("roc_auc", Policy("superiority", "roc_auc")),
        ("roc_auc:0.01", Policy("non-inferiority", "roc_auc", 0.01)),
    ],
)
def test_each_form_is_a_configuration_of_the_launchpad(text, policy) -> None:
    """The metrics are those of the test."""
    assert get_args(DecidingMetric) == METRICS
    assert ChampionConfig(**champion_policy(text)).policy() == policy


@pytest.mark.parametrize(
    "text", ["accuracy", "roc_auc:", "roc_auc:0", "roc_auc:-1", "log_loss:nan"]
)
def test_other_forms_are_refused_before_anything_is_stored(run, folder, text) -> None:
    """The message names the option and what was expected."""
    result = run("run", "shop.csv", "--target", "y", "--champion", text)
    assert result.exit_code == 2
    assert "Invalid value for '--champion': expected log_loss or roc_auc" in result.output
    assert not (folder / ".dagster_home").exists()
