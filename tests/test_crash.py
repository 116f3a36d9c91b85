"""What becomes of runs when every process is killed at once, as when the power fails."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.orchestration.instance.catalogue import load
from lr_pipeline.orchestration.instance.run_processes import PID_TAG, RUN_TAG, is_dead
from tests.dagster_server import DagsterServer, wait_until

pytestmark = pytest.mark.faults

LOCATION = Path(__file__).parent / "slow_shop.py"


@pytest.fixture
def server(tmp_path) -> Iterator[DagsterServer]:
    """A server that is not started yet."""
    yield DagsterServer(tmp_path, LOCATION, SHOP=str(tmp_path))


@pytest.mark.promise(
    "Runs", "After a crash a run is failed within a minute of the start, and goes on where it was."
)
def test_after_a_crash_a_run_is_failed_at_the_start_of_the_daemon_and_retried(server, tmp_path):
    """It goes on with the rows that it had stored, within the first minute."""
    with server:
        crashed = server.launch("shop__training_job")
        wait_until((tmp_path / "began").exists, "the model is begun")
    with dg.DagsterInstance.from_config(str(server.home)) as instance:
        run = instance.get_run_by_id(crashed)
        assert run.status is dg.DagsterRunStatus.STARTED
        assert run.tags[RUN_TAG] == crashed
        wait_until(lambda: is_dead(run), "the process is gone")
        (tmp_path / "go").touch()
        with server:
            wait_until(lambda: server.status(crashed) == "FAILURE", "the run is failed", 60)
            messages = [one.message for one in instance.all_logs(crashed)]
            assert any(f"process {run.tags[PID_TAG]}" in one for one in messages), messages
            wait_until(lambda: len(instance.get_runs()) == 2, "the run is retried")
            (retried,) = [one for one in instance.get_runs() if one.run_id != crashed]
            assert retried.parent_run_id == crashed
            assert server.end_of(retried.run_id) == "SUCCESS"
        assert retried.tags["dagster/retry_number"] == "1"
    assert load("shop/numpy_model", server.home) == {"run": crashed}
