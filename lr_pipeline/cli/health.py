"""The verb ``health``: whether web server, daemon and code locations work."""

import sys

import click

from lr_pipeline.cli.table_options import FiniteRange


@click.command()
@click.option(
    "--url", default="http://127.0.0.1:3000", show_default=True, help="Address of the web UI."
)
@click.option(
    "--timeout", type=FiniteRange(0.1), default=10.0, show_default=True, help="In seconds."
)
def health(url: str, timeout: float) -> None:
    """Say whether the web server, the daemon and every code location work.

    The exit code is 1 if one of them does not: for a monitor, or before and after an upgrade.
    """
    from lr_pipeline.orchestration.service.health_checks import checked_parts

    parts = checked_parts(url, timeout)
    for one in parts:
        click.echo(f"{'✓' if one.healthy else '✗'} {one.name}{one.words and ': '}{one.words}")
    sys.exit(not all(one.healthy for one in parts))
