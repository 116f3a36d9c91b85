"""The verb ``report``: where the latest report of a table is, and what it says."""

import json
import webbrowser

import click

from lr_pipeline.cli.table_options import HOME_HELP


@click.command()
@click.argument("table", required=False)
@click.option("--open", "opened", is_flag=True, help="Open the page in the web browser.")
@click.option("--json", "as_json", is_flag=True, help="Print every number of the report as JSON.")
@click.option("--home", type=click.Path(), help=HOME_HELP)
def report(table: str | None, opened: bool, as_json: bool, home: str | None) -> None:
    """Show where the latest report of TABLE is, and its verdict; without TABLE, the tutorial's.

    TABLE is the name of its assets, or the file that it was read from.

    \b
    lr-pipeline report titanic --open
    lr-pipeline report data/samples/titanic.csv --json
    """
    from lr_pipeline.orchestration.instance.report_choice import find_report

    found = find_report(table, home)
    if as_json:
        click.echo(json.dumps(found.numbers, indent=2, ensure_ascii=False, sort_keys=True))
    else:
        if verdict := found.numbers.get("verdict"):
            click.echo(verdict["headline"])
        click.echo(found.page)
    if opened and not webbrowser.open(found.page.absolute().as_uri()):
        raise click.ClickException(f"no web browser was found. Open {found.page} yourself.")
