"""Two tables in one workspace, from files to scored rows, read by a browser."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import lr_pipeline
from tests.test_web_ui import BIN, ROOT, ask, browser_tab, text_at, web_ui

pytestmark = pytest.mark.slow

TABLES = {"titanic": ("titanic.csv", "survived"), "fair": ("fair.csv", "affair")}
LOCATIONS = "{workspaceOrError {... on Workspace {locationEntries {name loadStatus}}}}"
LAUNCH = """
mutation($location: String!, $job: String!, $config: RunConfigData!) {
  launchRun(executionParams: {
    selector: {
      repositoryLocationName: $location, repositoryName: "__repository__", jobName: $job
    },
    runConfigData: $config
  }) { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } }
}
"""
STATUS = "query($id: ID!) {runOrError(runId: $id) {... on Run {status}}}"
SCHEDULES = """
{schedulesOrError(repositorySelector: {
  repositoryLocationName: "titanic", repositoryName: "__repository__"
}) {... on Schedules {results {name cronSchedule scheduleState {status}}}}}
"""


def give(folder: Path, *arguments: object) -> str:
    """Run a command in the folder; return its output."""
    command = [BIN / "lr-pipeline", *map(str, arguments)]
    environment = os.environ | {"DAGSTER_HOME": str(folder / ".dagster_home")}
    result = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A clone in which two tables are code locations."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "data").mkdir()
    (folder / "data" / "samples").symlink_to(ROOT / "data" / "samples")
    shutil.copy(ROOT / "workspace.yaml", folder)
    for name, (file, target) in TABLES.items():
        schedule = ("--schedule", "0 2 * * *") if name == "titanic" else ()
        give(folder, "new", name, f"data/samples/{file}", "--target", target, *schedule)
    give(folder, "init")
    return folder


@pytest.fixture(scope="module")
def address(folder) -> Iterator[str]:
    """The UI of that workspace."""
    environment = os.environ | {"DAGSTER_HOME": str(folder / ".dagster_home")}
    with web_ui(folder, environment) as found:
        yield found


@pytest.fixture(scope="module")
def page(address, tmp_path_factory) -> Iterator[object]:
    """A tab of a headless browser with a new profile."""
    with browser_tab(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


def launch(address: str, location: str, job: str, **config: object) -> str:
    """Start a job of a location as the Launchpad does; return the run's id."""
    ops = {"ops": {f"{location}__{name}": {"config": value} for name, value in config.items()}}
    variables = {"location": location, "job": job, "config": json.dumps(ops)}
    launched = ask(address, LAUNCH, **variables)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    return launched["run"]["runId"]


def outcome(address: str, run: str) -> str:
    """Wait at most four minutes for the end of a run; return its status."""
    for _ in range(480):
        status = ask(address, STATUS, id=run)["runOrError"]["status"]
        if status in {"SUCCESS", "FAILURE"}:
            return status
        time.sleep(0.5)
    raise AssertionError(f"run {run} is still {status}")


@pytest.fixture(scope="module")
def trained(address) -> dict[str, str]:
    """Train both tables at the same time with one home; return how each run ended."""
    runs = {name: launch(address, name, f"{name}__training_job") for name in TABLES}
    return {name: outcome(address, run) for name, run in runs.items()}


def test_the_workspace_loads_both_beside_the_default(address) -> None:
    """Three code locations load without an error."""
    entries = ask(address, LOCATIONS)["workspaceOrError"]["locationEntries"]
    assert {entry["name"]: entry["loadStatus"] for entry in entries} == dict.fromkeys(
        ("lr_pipeline", *TABLES), "LOADED"
    )


def test_the_schedule_is_on_where_it_was_asked_for(page, address) -> None:
    """It runs every night at two, and was turned on without a click."""
    (schedule,) = ask(address, SCHEDULES)["schedulesOrError"]["results"]
    assert schedule["cronSchedule"] == "0 2 * * *"
    assert schedule["scheduleState"]["status"] == "RUNNING"
    text_at(page, f"{address}/automation", "titanic__daily_training")


def test_two_tables_trained_at_once_keep_apart(trained, folder) -> None:
    """Each has its own artifacts, with its own columns."""
    assert set(trained.values()) == {"SUCCESS"}
    home = folder / ".dagster_home"
    for name, (_, target) in TABLES.items():
        assert lr_pipeline.load(f"{name}/numpy_model", home).target == target
        assert lr_pipeline.load(f"{name}/train_set", home).roles.target == target
    made = {path.name for path in (folder / "data" / "artifacts").iterdir()}
    assert made == set(TABLES)


def test_the_location_shows_its_graph_and_its_checks(trained, page, address) -> None:
    """The pages show the jobs and the asset graph of titanic, and the checks of its model."""
    location = f"{address}/locations/__repository__@titanic"
    text = text_at(page, f"{location}/jobs", "titanic__scoring_job")
    assert "titanic__training_job" in text
    text = text_at(page, f"{location}/jobs/titanic__training_job", re.compile(r"View \d+ assets"))
    assert "At 02:00 AM UTC" in text
    page.get_by_text("titanic", exact=True).first.wait_for(timeout=60_000)
    text_at(page, f"{address}/assets/titanic/numpy_model?view=checks", "converged")


def test_new_rows_are_scored_from_the_launchpad(trained, page, address, folder) -> None:
    """The counts are in the metadata; scoring the same rows again gives the same version."""
    config = {"predictions": {"score_path": "data/samples/titanic.csv"}}
    for _ in range(2):
        assert (
            outcome(address, launch(address, "titanic", "titanic__scoring_job", **config))
            == "SUCCESS"
        )
    text = text_at(page, f"{address}/assets/titanic/predictions", "interval_withheld")
    assert "1,309 rows by model" in text
    versions = folder / "data" / "artifacts" / "titanic" / "predictions"
    assert len(list(versions.iterdir())) == 1


def test_a_file_of_another_table_is_refused_with_the_differences(trained, address, folder) -> None:
    """The run fails before anything is written."""
    config = {"predictions": {"score_path": "data/samples/titanic.csv"}}
    assert outcome(address, launch(address, "fair", "fair__scoring_job", **config)) == "FAILURE"
    assert not (folder / "data" / "artifacts" / "fair" / "predictions").exists()
