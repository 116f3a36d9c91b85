"""The verb ``init``: a Dagster home, ready for any number of processes."""

from pathlib import Path

import click

from lr_pipeline.cli.table_options import HOME_HELP


@click.command()
@click.option("--home", type=click.Path(), help=HOME_HELP)
def init(home: str | None) -> None:
    """Prepare the Dagster home before anything else meets on it; prints its path.

    Runs whose process is gone are marked as failed, which the daemon then retries. Settings of a
    new home that this one lacks, and a clock that was set back, are named.
    """
    click.echo(prepared_home(home))


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
