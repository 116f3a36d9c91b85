"""The real daemon tells each thing once, also after it was killed and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from lr_pipeline.orchestration.alerts.outbox import NAME
from lr_pipeline.orchestration.instance.kept_values import kept_value
from lr_pipeline.orchestration.resources.notifier import VARIABLE
from tests.orchestration.alerts.servers import Mailbox, Webhook
from tests.orchestration.alerts.test_alerts import FAILURE, run, titles

LOCATION = """
from datetime import timedelta
import dagster as dg
from lr_pipeline.orchestration.alerts.alert_sensor import build_alerts

policy = dg.FreshnessPolicy.time_window(timedelta(minutes=1))  # the shortest that Dagster takes
late = dg.AssetSpec(["t", "dataset"], freshness_policy=policy)
defs = dg.Definitions.merge(dg.Definitions(assets=[late]), build_alerts())
"""
TOLD = [
    FAILURE,
    "t: check contract of dataset failed",
    "t: is late",
    "t: new rows have drifted",
    "t: the champion is now a",
]


@contextmanager
def daemon(home: Path, urls: str) -> Iterator[None]:
    """Run Dagster's daemon with a code server of its own; kill both at the end."""
    file = home / "location.py"
    file.write_text(LOCATION)
    command = [sys.executable, "-m", "dagster._daemon", "run", "-f", str(file)]
    known = {VARIABLE: urls, "DAGSTER_HOME": str(home), "FRESHNESS_DAEMON_INTERVAL_SECONDS": "2"}
    with (home / "daemon.log").open("a") as log:
        process = subprocess.Popen(
            command, env=os.environ | known, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield
        assert process.poll() is None, (home / "daemon.log").read_text()[-3000:]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(reached: Callable[[], bool], seconds: float = 300.0) -> None:
    """Wait, and fail after some minutes."""
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.5)


def ticks(instance: dg.DagsterInstance) -> int:
    """How often the sensor was evaluated."""
    states = instance.all_instigator_state()
    return sum(len(instance.get_ticks(one.origin.get_id(), one.selector_id)) for one in states)


@pytest.mark.faults
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_the_daemon_tells_each_thing_once_though_it_is_killed(instance, home: Path) -> None:
    """Failure, failed check, drift, champion and late table, by mail and webhook; and then more."""
    mail, hook = Mailbox(), Webhook()
    with mail.serve() as first, hook.serve() as second:
        with daemon(home, f"{first} {second}"):
            wait_until(lambda: kept_value(instance, NAME) is not None)
            run(instance, fails=True)
            run(instance, warns=True, night=1, drifts=True)
            wait_until(lambda: len(mail.messages) >= 5 and len(hook.messages) >= 5)
        before = ticks(instance)
        with daemon(home, f"{first} {second}"):
            wait_until(lambda: ticks(instance) > before + 1)
            assert sorted(titles(mail.messages)) == sorted(titles(hook.messages)) == TOLD
            run(instance, fails=True)
            wait_until(lambda: len(mail.messages) >= 6 and len(hook.messages) >= 6)
    assert titles(mail.messages).count(FAILURE) == titles(hook.messages).count(FAILURE) == 2
