"""What is said when a command starts on a Dagster home."""

import re
import time

import yaml

from lr_pipeline.orchestration.instance.home import SETTINGS
from lr_pipeline.orchestration.instance.run_processes import PID_TAG, START_TAG, process_tags
from lr_pipeline.orchestration.instance.start_notes import (
    clock_behind,
    missing_settings,
    notes_at_start,
)
from tests.orchestration.instance.test_run_processes import some_job, start_run


def test_a_run_whose_process_is_gone_is_named(instance):
    """It is failed, and said once."""
    run_id = start_run(instance, process_tags() | {START_TAG: "another-boot.1", PID_TAG: "1"})
    (note,) = notes_at_start(instance)
    assert note.startswith(f"run {run_id} is failed: its process is gone")
    assert notes_at_start(instance) == []


def test_a_clock_that_was_set_back_is_noticed(instance, monkeypatch):
    """The note has both times; a minute is no reason for one."""
    assert clock_behind(instance) is None
    some_job.execute_in_process(instance=instance)
    assert clock_behind(instance) is None
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 50)
    assert clock_behind(instance) is None
    monkeypatch.setattr(time, "time", lambda: now - 7200)
    (note,) = notes_at_start(instance)
    then, newest = re.findall(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", note)[:2]
    as_time = [time.mktime(time.strptime(one[:-4], "%Y-%m-%d %H:%M:%S")) for one in (then, newest)]
    assert as_time[0] + 7190 < as_time[1] < as_time[0] + 7260
    assert "timedatectl" in note


def test_a_new_home_lacks_nothing(home):
    """Its file is the one that is compared with."""
    assert missing_settings(home) is None


def test_an_older_home_is_told_what_it_lacks(home):
    """A setting of the user's own counts, and so does Dagster's older name of it."""
    lacking = yaml.safe_load(SETTINGS)
    del lacking["run_retries"], lacking["concurrency"]
    (home / "dagster.yaml").write_text(yaml.safe_dump(lacking))
    note = missing_settings(home)
    assert note.startswith(f"{home}/dagster.yaml lacks settings that a new home has: run_retries, ")
    own = lacking | {"run_retries": {"enabled": False}, "run_queue": {"max_concurrent_runs": 1}}
    (home / "dagster.yaml").write_text(yaml.safe_dump(own))
    assert missing_settings(home) is None
