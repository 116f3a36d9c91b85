"""Configurations with the defaults of one table."""

import dagster as dg
import pytest

from lr_pipeline.orchestration.config.evaluation_config import EvaluationConfig
from lr_pipeline.orchestration.config.own_defaults import own_defaults
from lr_pipeline.orchestration.config.scoring_config import ScoringConfig
from lr_pipeline.orchestration.config.training_config import NumpyTrainingConfig


def shown(kind: type[dg.Config], **given: object) -> dict[str, object]:
    """Return the configuration that a run has, where only ``given`` is set."""

    @dg.op
    def model(config: kind) -> None:
        """Do nothing."""

    @dg.job
    def training() -> None:
        model()

    ops = {"model": {"config": given}} if given else {}
    return dg.validate_run_config(training, {"ops": ops})["ops"]["model"]["config"]


def test_a_run_that_sets_nothing_has_the_tables_settings() -> None:
    """The other fields keep the usual defaults; a run's own setting comes first."""
    kind = own_defaults(NumpyTrainingConfig, {"penalty": "l2", "l2": 2.5})
    settings, usual = shown(kind), shown(NumpyTrainingConfig)
    assert (settings["penalty"], settings["l2"]) == ("l2", 2.5)
    assert settings | {"penalty": "auto", "l2": None} == usual
    assert shown(kind, l2=0.5)["l2"] == 0.5
    assert kind().training().penalty.l2 == 2.5


def test_a_field_of_several_kinds_is_written_as_in_a_runs_configuration() -> None:
    """Its kind comes first."""
    kind = own_defaults(NumpyTrainingConfig, {"solver": {"gradient_descent": {"iterations": 7}}})
    assert kind().training().solver.iterations == 7
    assert shown(kind)["solver"]["gradient_descent"]["iterations"] == 7


def test_bounds_stay() -> None:
    """A default does not lift them."""
    kind = own_defaults(NumpyTrainingConfig, {"penalty": "l2", "l2": 2.5})
    with pytest.raises(ValueError, match="greater than 0"):
        kind(penalty="l2", l2=-1.0)
    with pytest.raises(ValueError, match="Give both or neither"):
        kind(penalty="none")


@pytest.mark.parametrize("settings", [{}, {"penalty": "auto"}, {"l2": None}])
def test_the_usual_settings_need_no_other_class(settings) -> None:
    """A location of many tables loads in the time that one class takes."""
    assert own_defaults(NumpyTrainingConfig, settings) is NumpyTrainingConfig


def test_a_wrong_setting_is_refused() -> None:
    """Its field is named."""
    with pytest.raises(ValueError, match="penalty"):
        own_defaults(NumpyTrainingConfig, {"penalty": "l3"})
    with pytest.raises(ValueError, match="scores"):
        own_defaults(ScoringConfig, {"scores": "x"})


def test_a_configuration_within_a_configuration_has_its_own_values() -> None:
    """Its other fields keep the usual ones."""
    kind = own_defaults(EvaluationConfig, {"cv": {"folds": 10}})
    assert kind().cv.folds == 10
    assert shown(kind)["cv"] == shown(EvaluationConfig)["cv"] | {"folds": 10}
