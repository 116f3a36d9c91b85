"""The verb ``drift``: how far new rows have moved from a table's training set."""

import sys
import webbrowser
from typing import TYPE_CHECKING

import click

from lr_pipeline.cli.table_options import HOME_HELP

if TYPE_CHECKING:
    from lr_pipeline.report.render import Report

FEATURES_SHOWN = 12
HEADINGS = ("feature", "what", "training", "new rows", "effect", "p, adjusted")


@click.command()
@click.argument("table")
@click.argument("new_rows", type=click.Path())
@click.option("--open", "opened", is_flag=True, help="Open the page in the web browser.")
@click.option("--home", type=click.Path(), help=HOME_HELP)
def drift(table: str, new_rows: str, opened: bool, home: str | None) -> None:
    """Compare NEW_ROWS (CSV or Parquet) with the training set of TABLE's current model.

    TABLE is the name of its assets, or the file that it was read from. Prints the verdict and the
    features by effect; the page is stored with the table's other artifacts. The exit code is 0
    whether there is drift or not, and 1 where nothing could be compared.

    \b
    lr-pipeline drift churn new_customers.csv --open
    """
    from lr_pipeline.cli.drift_run import run_drift
    from lr_pipeline.cli.run_outcome import show_failure
    from lr_pipeline.orchestration.asset_names import DRIFT as DRIFT_REPORT
    from lr_pipeline.orchestration.instance.home import opened_home
    from lr_pipeline.orchestration.instance.report_choice import find_report
    from lr_pipeline.orchestration.table_names import TableNames
    from lr_pipeline.storage.artifacts import local_copy
    from lr_pipeline.storage.object_store import location

    name = find_report(table, home).name
    op = TableNames(name or None).named(DRIFT_REPORT)
    with opened_home(home) as instance:
        result = run_drift(instance, name, new_rows)
    if show_failure(result):
        sys.exit(1)
    (made,) = result.asset_materializations_for_node(op)
    path, sha256, kind = (str(made.metadata[one].value) for one in ("path", "sha256", "kind"))
    _show(result.output_for_node(op))
    click.echo(f"Report: {path}")
    page = local_copy(location(path), sha256, kind)
    if opened and not webbrowser.open(page.as_uri()):
        raise click.ClickException(f"no web browser was found. Open {page} yourself.")


def _show(report: "Report") -> None:
    """Print the verdict, then the score, the prevalence and the largest effects."""
    from rich.table import Table as TerminalTable
    from rich.text import Text

    from lr_pipeline.cli.terminal_progress import CONSOLE
    from lr_pipeline.report.drift_view import DRIFT, comparison_lines, feature_rows, whole_rows

    numbers = report.numbers
    click.echo(numbers["verdict"])
    for line in comparison_lines(numbers):
        click.echo(line)
    features = feature_rows(numbers)
    shown = TerminalTable("", *HEADINGS, box=None, pad_edge=False)
    for column in (shown.columns[0], *shown.columns[2:3], *shown.columns[5:]):
        column.no_wrap = True
    for row in [*whole_rows(numbers), *features[:FEATURES_SHOWN]]:
        name, what, before, after, effect, _, p, verdict = row
        mark = "!" if verdict == DRIFT else ""
        shown.add_row(mark, *map(Text, (name, what, before, after, effect, p)))
    CONSOLE.print()
    CONSOLE.print(shown)
    if len(features) > FEATURES_SHOWN:
        click.echo(f"… and {len(features) - FEATURES_SHOWN:,} more rows in the report")
