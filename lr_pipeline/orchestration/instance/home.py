"""The Dagster home: settings and storages, created once by the first process.

Dagster creates its databases when an instance is first opened, and takes no lock. Two processes
that do so at once can leave a database with two schema versions, which cannot be opened again.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile

from lr_pipeline.orchestration.instance.history_database import (
    keeps_history_elsewhere,
    storage_settings,
)
from lr_pipeline.storage.atomic import new_file
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.files.refusals import os_reason

SETTINGS = """\
# Written once by lr_pipeline; edit freely, it is never overwritten.
telemetry:
  enabled: false
nux:
  enabled: false  # the first-visit dialog covers the web UI
run_launcher:  # Dagster's own, which also sees whether the process of a run lives
  module: lr_pipeline.orchestration.instance.process_launcher
  class: ProcessRunLauncher
run_monitoring:
  enabled: true
  poll_interval_seconds: 60  # a run whose process is gone is failed within this time
  start_timeout_seconds: 180
  cancel_timeout_seconds: 180
  # The longest that a run may take; the run tag dagster/max_runtime sets another limit.
  max_runtime_seconds: 86400
run_retries:
  enabled: true
  max_retries: 2
  retry_on_asset_or_op_failure: false  # only a run whose process died; not one with an error
concurrency:
  runs:
    tag_concurrency_limits:
      - key: lr_pipeline/training  # one training run of a table at a time
        value:
          applyLimitPerUniqueValue: true
        limit: 1
retention:  # of ticks, in days; `lr-pipeline prune` removes runs and artifacts
  schedule:
    purge_after_days: {skipped: 30, success: 90, failure: 90, started: 90}
  sensor:
    purge_after_days: {skipped: 2, success: 90, failure: 90, started: 90}
"""
DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


def dagster_home(path: str | Path | None = None) -> Path:
    """Return the absolute path of ``path``, else ``$DAGSTER_HOME``, else ``.dagster_home`` here."""
    chosen = path or os.environ.get("DAGSTER_HOME") or ".dagster_home"
    return Path(chosen).expanduser().absolute()


def initialise_home(path: str | Path | None = None) -> Path:
    """Return the Dagster home, ready for any number of processes; only the first prepares it.

    The function waits while another process prepares the home, and keeps an existing dagster.yaml.
    It prepares the home again, under the same lock, after another version of Dagster was installed.

    Raises
    ------
    ArtifactError
        The home is not a folder, or cannot be written; or its database is not the one that the
        environment names, or does not answer.
    """
    home = dagster_home(path)
    try:
        return _initialised(home)
    except OSError as error:
        reason, remedy = os_reason(error)
        raise ArtifactError(
            f"Dagster home {home}: {reason}. {remedy}: with --home, home= or the environment "
            "variable DAGSTER_HOME."
        ) from None


def existing_home(path: str | Path | None = None) -> Path:
    """Return ``initialise_home`` of a home that is there already.

    Raises
    ------
    ArtifactError
        There is no such home, or it is unusable.
    """
    home = dagster_home(path)
    if not home.exists():  # initialise_home reports a path that is a file
        raise ArtifactError(
            f"{home}: expected a Dagster home, found nothing. Run the pipeline first, or say "
            "where it ran: home= or the environment variable DAGSTER_HOME."
        )
    return initialise_home(home)


def _initialised(home: Path) -> Path:
    ready, settings = home / f".ready-dagster-{version('dagster')}", home / "dagster.yaml"
    if not ready.exists():
        home.mkdir(parents=True, exist_ok=True)
        with _locked(home / ".lock"):
            if not ready.exists():
                _write_settings(settings)
                keeps_history_elsewhere(settings)
                _open_storages(home)
                ready.touch()
    history = [] if keeps_history_elsewhere(settings) else [home / "history"]
    for database in DATABASES if history else ():
        if not (home / database).is_file():  # Dagster would make an empty one
            raise ArtifactError(
                f"{home / database}: expected a database of the run history, found nothing. "
                "Restore the home from a backup, or begin another one: --home, home= or "
                "DAGSTER_HOME."
            )
    for folder in (home, *history):
        with TemporaryFile(dir=folder):  # SQLite's own error is unclear
            pass
    return home


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of this file; the kernel releases it when the process dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write_settings(path: Path) -> None:
    if not path.exists():
        with new_file(path) as partial:
            partial.write_text(SETTINGS + storage_settings(), encoding="utf-8")


def _open_storages(home: Path) -> None:
    """Create history/runs.db, history/runs/index.db and schedules/schedules.db, and use each.

    Opening the instance creates the databases and records their schema versions; the queries
    connect once more, as later processes will. Each run creates its own file for its event log.
    """
    from dagster import DagsterInstance

    with DagsterInstance.from_config(str(home)) as instance:
        instance.get_runs_count()
        instance.get_asset_keys(limit=1)
        instance.all_instigator_state()
