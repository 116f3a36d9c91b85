"""The verb ``init``: a Dagster home, ready for any number of processes."""

from pathlib import Path

import click

from lr_pipeline.cli.table_options import HOME_HELP


@click.command()
@click.option("--home", type=click.Path(), help=HOME_HELP)
def init(home: str | None) -> None:
    """Prepare the Dagster home before anything else meets on it; prints its path.

    Runs of this command line that were killed are marked as failed.
    """
    click.echo(prepared_home(home))


def prepared_home(home: str | None) -> Path:
    """Return the Dagster home, ready for any number of processes, its dead runs failed."""
    from dagster import DagsterInstance

    from lr_pipeline.orchestration.instance.home import initialise_home
    from lr_pipeline.orchestration.instance.run_processes import fail_dead_runs

    path = initialise_home(home)
    with DagsterInstance.from_config(str(path)) as instance:
        fail_dead_runs(instance)
    return path
