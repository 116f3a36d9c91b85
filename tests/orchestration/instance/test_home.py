"""One home is prepared once, by whichever process comes first."""

import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
import yaml

from lr_pipeline.orchestration.instance.home import dagster_home, existing_home, initialise_home
from lr_pipeline.orchestration.instance.home_lock import one_process_at_a_time
from lr_pipeline.orchestration.instance.process_launcher import ProcessRunLauncher
from lr_pipeline.orchestration.table_names import TRAINING_TAG
from lr_pipeline.storage.storage_error import ArtifactError

PROCESSES = 6


def test_home_is_the_argument_then_the_variable_then_a_folder_here(tmp_path: Path, monkeypatch):
    """The path is always absolute, as Dagster requires of DAGSTER_HOME."""
    monkeypatch.chdir(tmp_path)
    assert dagster_home() == tmp_path / ".dagster_home"
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    assert dagster_home() == tmp_path / "elsewhere"
    assert dagster_home("/chosen") == Path("/chosen")


def test_settings_reach_the_instance(instance: dg.DagsterInstance):
    """No telemetry, no first-visit dialog; runs are monitored, retried, and one trains a table."""
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_max_runtime_seconds == 86_400
    assert instance.run_monitoring_poll_interval_seconds == 60
    assert isinstance(instance.run_launcher, ProcessRunLauncher)
    assert instance.run_retries_enabled
    assert not instance.run_retries_retry_on_asset_or_op_failure
    (limit,) = instance.get_concurrency_config().run_queue_config.tag_concurrency_limits
    assert (limit["key"], limit["limit"]) == (TRAINING_TAG, 1)
    assert limit["value"] == {"applyLimitPerUniqueValue": True}


def test_settings_of_the_user_are_kept(tmp_path: Path):
    """An existing dagster.yaml stays as it is and is used."""
    text = "telemetry:\n  enabled: false\nrun_monitoring:\n  enabled: false\n"
    (tmp_path / "dagster.yaml").write_text(text)
    initialise_home(tmp_path)
    assert (tmp_path / "dagster.yaml").read_text() == text


def test_prepared_home_is_left_alone(home: Path):
    """A second start changes no file: it neither opens the storages nor waits for the lock."""
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    assert initialise_home(home) == home
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before


def test_interrupted_preparation_is_taken_up_again(tmp_path: Path):
    """Until the last step is done, a later start prepares everything again."""
    (tmp_path / ".dagster.yaml.0123456789abcdef.partial").write_text("telem")
    (tmp_path / ".lock").touch()
    initialise_home(tmp_path)
    assert yaml.safe_load((tmp_path / "dagster.yaml").read_text())["nux"] == {"enabled": False}
    assert_every_database_is_stamped_once(tmp_path)


@dg.asset
def one_asset() -> None:
    """An asset to materialize."""


def start_and_run(home: Path) -> None:
    """Do what the command line and the web server do first, and then run."""
    initialise_home(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        dg.materialize([one_asset], instance=instance)


def assert_every_database_is_stamped_once(home: Path) -> None:
    """Check that each database has the one schema version that Dagster expects."""
    for name in ("history/runs.db", "history/runs/index.db", "schedules/schedules.db"):
        with closing(sqlite3.connect(home / name)) as database:
            stamps = database.execute("SELECT COUNT(*) FROM alembic_version").fetchone()
        assert stamps == (1,), name


@pytest.mark.slow
@pytest.mark.parametrize("repetition", range(3))
def test_simultaneous_starts_on_a_fresh_home_all_succeed(tmp_path: Path, repetition: int):
    """Six processes start with an empty folder; each completes a run, and the home is valid."""
    home = tmp_path / "home"
    # A fork server that has imported Dagster starts the processes within milliseconds.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.storage.test_home"])
    processes = [context.Process(target=start_and_run, args=[home]) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    assert_every_database_is_stamped_once(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_runs_count() == PROCESSES
        assert dg.materialize([one_asset], instance=instance).success


def test_lost_settings_are_named(home: Path):
    """The home is there, and must not be said to be missing."""
    (home / "dagster.yaml").unlink()
    with pytest.raises(ArtifactError, match=r"dagster\.yaml: expected the settings of the home"):
        initialise_home(home)


def test_a_verb_that_reads_makes_no_home_of_a_folder(tmp_path: Path):
    """A misspelt --home may name any folder."""
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ArtifactError, match=r"found a folder without dagster\.yaml"):
        existing_home(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_one_process_holds_a_lock_until_its_block_ends(home: Path):
    """Whoever does not wait is told that another has it; locks of other names are free."""
    with (
        dg.DagsterInstance.from_config(str(home)) as one,
        dg.DagsterInstance.from_config(str(home)) as other,
    ):
        with one_process_at_a_time(one, "prune") as held:
            assert held
            with one_process_at_a_time(other, "prune", wait=False) as also:
                assert not also
            with one_process_at_a_time(other, "alerts", wait=False) as free:
                assert free
        with one_process_at_a_time(other, "prune", wait=False) as again:
            assert again
