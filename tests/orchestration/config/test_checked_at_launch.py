"""Bounds of settings are looked at when a run is planned, before there is a run."""

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.api import create_execution_plan

from lr_pipeline.orchestration.config.checked_at_launch import SettingsError
from lr_pipeline.orchestration.maintenance import build_maintenance
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.tables.sources.declared_tables import FileTable

SPECTOR = Path(__file__).parents[3] / "data/samples/spector.csv"
MODEL = "spector__numpy_model"


@pytest.fixture(scope="module")
def job() -> dg.JobDefinition:
    """The training job of a table that declares a penalty."""
    training = {"penalty": "l2", "l2": 0.5}
    defs = build_definitions(FileTable(SPECTOR, "GRADE"), "spector", training=training)
    return defs.resolve_job_def("spector__training_job")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"l2": -1.0}, "l2: Input should be greater than 0, found -1.0. Correct"),
        ({"folds": 1}, "folds: Input should be greater than or equal to 2, found 1. Correct"),
        (
            {"solver": {"gradient_descent": {"learning_rate": -1.0}}},
            "solver.gradient_descent.learning_rate: Input should be greater than 0, found -1.0.",
        ),
    ],
)
def test_a_setting_out_of_bounds_is_refused_when_the_run_is_planned(job, settings, said) -> None:
    """The message has the place and the value; so it is for a run of one asset."""
    config = {"ops": {MODEL: {"config": settings}}}
    alone = job.get_subset(asset_selection={dg.AssetKey(["spector", "numpy_model"])})
    for one in (job, alone):
        with pytest.raises(SettingsError) as caught:
            create_execution_plan(one, config)
        assert f"{MODEL}.config.{said}" in str(caught.value)


def test_settings_within_bounds_are_those_of_the_run(job) -> None:
    """Those of the declaration stay where the run gives none, and nothing is changed."""
    given = {"solver": {"gradient_descent": {"learning_rate": 0.1}}}
    found = dg.validate_run_config(job, {"ops": {MODEL: {"config": given}}})["ops"][MODEL]["config"]
    assert (found["penalty"], found["l2"]) == ("l2", 0.5)
    assert found["solver"]["gradient_descent"]["learning_rate"] == 0.1


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("prune_home", {"keep_runs": 0}, "keep_runs: Input should be greater than or equal to 1"),
        ("spector__return_to_champion", {"because": ""}, "because: String should have at least 1"),
    ],
)
def test_so_are_the_settings_of_maintenance_and_rollback(name, settings, said) -> None:
    """They are operations, no assets."""
    defs = build_definitions(FileTable(SPECTOR, "GRADE"), "spector")
    jobs = {
        "prune_home": build_maintenance().resolve_job_def("maintenance_job"),
        "spector__return_to_champion": defs.resolve_job_def("spector__rollback_job"),
    }
    with pytest.raises(SettingsError) as caught:
        create_execution_plan(jobs[name], {"ops": {name: {"config": settings}}})
    assert f"{name}.config.{said}" in str(caught.value)
