"""The Dagster home: settings and storages, created once by the first process.

Dagster creates its databases when an instance is first opened, and takes no lock. Two processes
that do so at once can leave a database with two schema versions, which cannot be opened again.
"""

import os
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from lr_pipeline.orchestration.instance.history_database import (
    keeps_history_elsewhere,
    storage_settings,
)
from lr_pipeline.orchestration.instance.home_lock import locked_file
from lr_pipeline.storage.atomic import new_file
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.files.refusals import os_reason

if TYPE_CHECKING:
    from dagster import DagsterInstance

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
    if not is_home(home) and not home.is_file():  # initialise_home reports a file
        found = "a folder without dagster.yaml" if home.is_dir() else "nothing"
        raise ArtifactError(
            f"{home}: expected a Dagster home, found {found}. Run the pipeline first, or say "
            "where it ran: --home, home= or the environment variable DAGSTER_HOME."
        )
    return initialise_home(home)


def opened_home(path: str | Path | None = None) -> "DagsterInstance":
    """Open the instance of a home that is there already; errors as ``existing_home``."""
    from dagster import DagsterInstance

    return DagsterInstance.from_config(str(existing_home(path)))


def is_home(folder: Path) -> bool:
    """Tell whether a folder is a Dagster home: whether it has settings or a history."""
    return any((folder / name).exists() for name in ("dagster.yaml", "history"))


def _initialised(home: Path) -> Path:
    ready, settings = home / f".ready-dagster-{version('dagster')}", home / "dagster.yaml"
    if not ready.exists():
        home.mkdir(parents=True, exist_ok=True)
        with locked_file(home / ".lock"):
            if not ready.exists():
                if not settings.exists():
                    with new_file(settings) as partial:
                        partial.write_text(SETTINGS + storage_settings(), encoding="utf-8")
                keeps_history_elsewhere(settings)
                _open_storages(home)
                ready.touch()
    _require_file(settings, "the settings of the home")
    history = [] if keeps_history_elsewhere(settings) else [home / "history"]
    for database in DATABASES if history else ():  # Dagster would make an empty one
        _require_file(home / database, "a database of the run history")
    for folder in (home, *history):
        with TemporaryFile(dir=folder):  # SQLite's own error is unclear
            pass
    return home


def _require_file(path: Path, what: str) -> None:
    if not path.is_file():
        raise ArtifactError(
            f"{path}: expected {what}, found nothing. Restore the home from a backup, or begin "
            "another one: --home, home= or DAGSTER_HOME."
        )


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
