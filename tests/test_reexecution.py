"""A run of a command line can be executed again from the web UI."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.orchestration.instance.catalogue import latest_materialization
from tests.dagster_server import BIN, DagsterServer

pytestmark = pytest.mark.faults

SPECTOR = Path(__file__).parents[1] / "data" / "samples" / "spector.csv"
AGAIN = """mutation($parameters: ReexecutionParams!) {
  launchRunReexecution(reexecutionParams: $parameters) {
    __typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}
    ... on RunConfigValidationInvalid {errors {message}}
  }
}"""
FROM_THE_PAGE = """mutation($parameters: ExecutionParams!) {
  launchRunReexecution(executionParams: $parameters) {
    __typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}
    ... on RunConfigValidationInvalid {errors {message}}
  }
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[DagsterServer]:
    """The default location in a home that has a run of a command line."""
    made = DagsterServer(tmp_path_factory.mktemp("project"), "lr_pipeline.definitions")
    command = [BIN / "lr-pipeline", "run", SPECTOR, "--target", "GRADE"]
    subprocess.run(command, cwd=made.folder, env=made.environment, check=True, capture_output=True)
    with made:
        yield made


@pytest.fixture
def run(server) -> Iterator[dg.DagsterRun]:
    """The run of the command line."""
    with dg.DagsterInstance.from_config(str(server.home)) as instance:
        yield instance.get_runs()[-1]


@pytest.mark.promise("Runs", "The web UI executes a run of a command line again.")
def test_a_run_of_a_command_line_is_executed_again_by_its_run_page(server, run):
    """The page sends the run's own configuration, which names the terminal's logger.

    The run of the page can be executed again, too.
    """
    parameters = {
        "selector": {
            "repositoryLocationName": server.name,
            "repositoryName": "__repository__",
            "jobName": run.job_name,
        },
        "runConfigData": run.run_config,
        "executionMetadata": {
            "parentRunId": run.run_id,
            "rootRunId": run.run_id,
            "tags": [{"key": key, "value": value} for key, value in run.tags.items()],
        },
    }
    assert run.run_config["loggers"] == {"progress": {}}
    again = server.ask(FROM_THE_PAGE, parameters=parameters)["launchRunReexecution"]
    assert again["__typename"] == "LaunchRunSuccess", again
    run_id = again["run"]["runId"]
    assert server.end_of(run_id) == "SUCCESS"
    with dg.DagsterInstance.from_config(str(server.home)) as instance:
        key = dg.AssetKey(["spector", "evaluation_report"])
        assert latest_materialization(instance, key).run_id == run_id
    # As by the button of the list of runs, for the run that the page has launched.
    parameters = {"parentRunId": run_id, "strategy": "ALL_STEPS"}
    again = server.ask(AGAIN, parameters=parameters)["launchRunReexecution"]
    assert again["__typename"] == "LaunchRunSuccess", again
