"""The verb ``init``: a Dagster home, ready for any number of processes."""

from pathlib import Path

import click

from lr_pipeline.cli.failure import fail
from lr_pipeline.cli.table_options import HOME_HELP
from lr_pipeline.tables.errors import count_of


@click.command()
@click.option("--home", type=click.Path(), help=HOME_HELP)
@click.option(
    "--history-from",
    "old",
    type=click.Path(exists=True, file_okay=False),
    help="Copy the runs of this other home, such as one in SQLite, into the new empty one.",
)
def init(home: str | None, old: str | None) -> None:
    """Prepare the Dagster home before several processes use it, and print its path.

    Runs whose process is gone are marked as failed, which the daemon then retries. Settings of a
    new home that this one lacks, and a clock that was set back, are named.
    """
    if old is not None:
        _require_home(Path(old))
    path = prepared_home(home)
    if old is not None:
        click.echo(f"{count_of(_copied(old, path), 'run')} copied from {old}")
    click.echo(path)


def prepared_home(home: str | None) -> Path:
    """Return the Dagster home, ready for any number of processes; say what was put right."""
    from dagster import DagsterInstance

    from lr_pipeline.orchestration.instance.home import initialise_home
    from lr_pipeline.orchestration.instance.start_notes import missing_settings, notes_at_start

    path = initialise_home(home)
    with DagsterInstance.from_config(str(path)) as instance:
        notes = [*notes_at_start(instance), missing_settings(path)]
    for note in filter(None, notes):
        click.echo(f"  ! {note}.", err=True)
    return path


def _require_home(folder: Path) -> None:
    """End the command if the folder is no Dagster home, which Dagster would make of it."""
    from lr_pipeline.orchestration.instance.home import is_home

    if not is_home(folder):
        fail(
            f"{folder}: expected the Dagster home of the runs, found a folder without dagster.yaml "
            "and history. Name another: --history-from."
        )


def _copied(old: str, home: Path) -> int:
    """Copy the history of the home ``old``; return the number of runs."""
    from dagster import DagsterInstance

    from lr_pipeline.orchestration.instance.copied_history import copy_history
    from lr_pipeline.orchestration.instance.run_processes import fail_dead_runs

    with (
        DagsterInstance.from_config(str(Path(old).absolute())) as source,
        DagsterInstance.from_config(str(home)) as target,
    ):
        fail_dead_runs(source)
        return copy_history(source, target)
