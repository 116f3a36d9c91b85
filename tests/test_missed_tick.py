"""A tick that no daemon was there for is made up for once, and says so."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.orchestration.automation.late_tick import CAUGHT_UP_TAG, LATE
from tests.dagster_server import DagsterServer, wait_until

pytestmark = pytest.mark.faults

LOCATION = Path(__file__).parent / "slow_shop.py"


@pytest.mark.promise(
    "Runs", "A tick that was missed while everything was down is made up for once."
)
def test_a_tick_missed_while_everything_was_down_is_made_up_for_once(tmp_path) -> None:
    """The run's tag has the time at which it was due; there is no second one."""
    (tmp_path / "go").touch()
    due = (datetime.now(UTC) + timedelta(minutes=2)).replace(second=0, microsecond=0)
    cron = f"{due.minute} {due.hour} * * *"
    server = DagsterServer(tmp_path, LOCATION, SHOP=str(tmp_path), SHOP_CRON=cron)
    with dg.DagsterInstance.from_config(str(server.home)) as instance:
        with server:
            wait_until(lambda: bool(instance.all_instigator_state()), "the schedule is known")
        assert datetime.now(UTC) < due, "this machine is too slow for the test"
        time.sleep((due + LATE + timedelta(seconds=20) - datetime.now(UTC)).total_seconds())
        assert instance.get_runs_count() == 0
        with server:
            wait_until(lambda: instance.get_runs_count() == 1, "the tick is made up for")
            (run,) = instance.get_runs()
            said = f"missed at {due:%Y-%m-%d %H:%M} UTC, made up for "
            assert run.tags[CAUGHT_UP_TAG].startswith(said)
            assert server.end_of(run.run_id) == "SUCCESS"
            time.sleep(40)  # several looks of the scheduler
            assert instance.get_runs_count() == 1
        (state,) = instance.all_instigator_state()
        ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id)
        assert [tick.timestamp for tick in ticks] == [due.timestamp()]
