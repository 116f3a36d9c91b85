"""The verb ``new``: a code location for a table."""

from pathlib import Path
from typing import Any

import click

from lr_pipeline.cli.failure import fail
from lr_pipeline.cli.remedies import in_options
from lr_pipeline.cli.table_options import file_table, table_options
from lr_pipeline.cli.workspace_file import LocationError
from lr_pipeline.orchestration.instance.located_tables import WORKSPACE
from lr_pipeline.tables.errors import TableError


@click.command()
@click.argument("name")
@click.argument("file", type=click.Path())
@table_options
@click.option("--schedule", help="Cron expression at which it trains, switched on at once.")
@click.option(
    "--timezone",
    default="UTC",
    show_default=True,
    help="Time zone of the schedule, such as Europe/Berlin.",
)
@click.option("--watch", is_flag=True, help="Train when the file's content changes.")
@click.option(
    "--monthly-from", help="First past month that can be trained as it was, such as 2023-01."
)
def new(
    name: str,
    schedule: str | None,
    timezone: str,
    watch: bool,
    monthly_from: str | None,
    **described: Any,
) -> None:
    """Make FILE (CSV or Parquet) the code location NAME of the web UI.

    Writes locations/NAME.py and its entry in workspace.yaml of the current folder. A second call
    changes nothing, and a file that was edited is left alone.

    \b
    lr-pipeline new churn data/churn.parquet --target churned --schedule "0 2 * * *"
    """
    from lr_pipeline.cli.location_file import NewLocation, write_location

    table = file_table(**described)
    location = NewLocation(name, table, schedule, timezone, watch, monthly_from)
    try:
        changed = write_location(location, Path())
    except (TableError, LocationError) as error:
        fail(in_options(str(error)))
    for file in changed:
        click.echo(f"{'extended' if file.name == WORKSPACE else 'written'}: {file}")
    if not changed:
        click.echo(f"{name} is there already; nothing was changed.")
    trains = [f"at {schedule!r} ({timezone})"] if schedule else []
    trains += [f"when {described['file']} changes"] if watch else []
    said = f"trains {' and '.join(trains)}" if trains else "has its schedule switched off"
    click.echo(f"In the web UI (make ui), {name} {said}.")
    if monthly_from is not None:
        click.echo(f"Past months from {monthly_from} on are partitions of {name}_by_month.")
    if changed:
        click.echo("A web UI that is running must be ended and started again to show it.")
