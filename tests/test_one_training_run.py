"""One training run of a table at a time, whoever launches it."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.orchestration.instance.catalogue import load
from tests.dagster_server import DagsterServer, wait_until

pytestmark = pytest.mark.faults

LOCATION = Path(__file__).parent / "slow_shop.py"


@pytest.fixture
def server(tmp_path) -> Iterator[DagsterServer]:
    """A server of the table ``shop``."""
    with DagsterServer(tmp_path, LOCATION, SHOP=str(tmp_path)) as started:
        yield started


def times(server: DagsterServer, run_id: str) -> tuple[float, float]:
    """Return when a run made its first asset and its last."""
    with dg.DagsterInstance.from_config(str(server.home)) as instance:
        made = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        return made[0].timestamp, made[-1].timestamp


@pytest.mark.promise("Runs", "One training run of a table goes on at a time, whoever launches it.")
def test_jobs_and_buttons_of_a_table_train_one_after_the_other(server, tmp_path) -> None:
    """A second run of the job waits in the queue, one of the button before its first step."""
    first = server.launch("shop__training_job")
    wait_until((tmp_path / "began").exists, "the first run is at work")
    second = server.launch("shop__training_job")
    button = server.launch("__ASSET_JOB", assets=("shop/dataset", "shop/numpy_model"))
    with dg.DagsterInstance.from_config(str(server.home)) as instance:
        wait_until(lambda: waits_for(instance, button) == first, "the button's run waits")
        assert server.status(second) == "QUEUED"
        (tmp_path / "go").touch()
        ends = [server.end_of(one) for one in (first, second, button)]
    assert ends == ["SUCCESS"] * 3
    spans = sorted(times(server, one) for one in (first, second, button))
    assert spans[0] == times(server, first)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    last = max((second, button), key=lambda one: times(server, one)[0])
    assert load("shop/numpy_model", server.home) == {"run": last}


def waits_for(instance: dg.DagsterInstance, run_id: str) -> str | None:
    """Return the run that a run says it waits for."""
    said = [one.user_message for one in instance.all_logs(run_id)]
    begins = "waiting for another run of this table: "
    found = [one for one in said if one.startswith(begins)]
    return found[0].removeprefix(begins).partition(",")[0] if found else None


def test_a_command_line_waits_for_the_run_of_a_server(server, tmp_path) -> None:
    """It runs in its own process, past the queue."""
    first = server.launch("shop__training_job")
    wait_until((tmp_path / "began").exists, "the first run is at work")
    command = [
        *(sys.executable, "-c"),
        "from tests.slow_shop import defs; import dagster as dg\n"
        "from lr_pipeline.orchestration.instance.run_processes import process_tags\n"
        "with dg.DagsterInstance.get() as instance:\n"
        "    job = defs.resolve_job_def('shop__training_job')\n"
        "    result = job.execute_in_process(instance=instance, tags=process_tags())\n"
        "    print(result.run_id)",
    ]
    environment = server.environment | {"PYTHONPATH": str(LOCATION.parents[1])}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    with dg.DagsterInstance.from_config(str(server.home)) as instance:
        wait_until(lambda: len(instance.get_runs()) == 2, "the second run is begun")
        (second,) = [one.run_id for one in instance.get_runs() if one.run_id != first]
        wait_until(lambda: waits_for(instance, second) == first, "the second run waits")
    (tmp_path / "go").touch()
    assert process.wait(timeout=120) == 0
    assert times(server, first)[1] <= times(server, second)[0]
