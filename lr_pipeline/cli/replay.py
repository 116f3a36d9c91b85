"""The verb ``replay``: make a report again, and say whether it is the same."""

import sys
from typing import TYPE_CHECKING

import click

from lr_pipeline.cli.table_options import HOME_HELP
from lr_pipeline.cli.uncollected_imports import uncollected_imports

if TYPE_CHECKING:
    from lr_pipeline.evaluation.report_differences import ReplayResult

CAUSES_SHOWN = 12


@click.command()
@click.argument("report", required=False)
@click.option("--source", help="Read the table from here; needed if its address held a password.")
@click.option("--home", type=click.Path(), help=HOME_HELP)
def replay(report: str | None, source: str | None, home: str | None) -> None:
    """Make REPORT again from its source, and say whether it comes out the same.

    REPORT is a stored report.html or report.json, or the name or file of a table; without it, the
    tutorial's. The exit code is 0 where the results are the same, to the bit or to their certified
    digits, and else 1.

    \b
    lr-pipeline replay titanic
    lr-pipeline replay report.json --source data/samples/titanic.csv
    """
    with uncollected_imports("lr_pipeline.orchestration.repeated_run"):
        from lr_pipeline.orchestration.repeated_run import declared_source, replay_report
    from lr_pipeline.cli.run_outcome import show_failure
    from lr_pipeline.cli.terminal_progress import progress_logger
    from lr_pipeline.evaluation.report_differences import compare_reports
    from lr_pipeline.orchestration.asset_names import REPORT
    from lr_pipeline.orchestration.instance.report_choice import find_report
    from lr_pipeline.orchestration.run_loggers import PROGRESS
    from lr_pipeline.orchestration.table_names import TableNames

    found = find_report(report, home)
    table = declared_source(found.numbers, source)
    run = found.numbers.get("run", {})
    click.echo(f"Replaying {found.page}, made {run.get('started') or 'at an unknown time'} …")
    result = replay_report(found.numbers, table, {PROGRESS: progress_logger})
    if show_failure(result):
        sys.exit(1)
    names = TableNames(found.numbers.get("table") or None)
    again = result.output_for_node(names.named(REPORT)).numbers
    sys.exit(_show(compare_reports(found.numbers, again)))


def _show(found: "ReplayResult") -> int:
    """Print what a comparison found; return the exit code."""
    if found.outcome == "same bits":
        click.echo(f"Same bits: all {found.compared:,} numbers and texts are the same.")
    elif found.outcome == "same digits":
        click.echo(
            "Same certified digits: the coefficients agree within their certificates, and the "
            f"metrics in every digit shown ({found.unequal:,} of {found.compared:,} numbers "
            "differ beyond them)."
        )
    else:
        click.echo("Different:")
        for line in found.differences:
            click.echo(f"  {line}")
    if found.causes:
        click.echo("Code and libraries are not the same:")
        for line in found.causes[:CAUSES_SHOWN]:
            click.echo(f"  {line}")
    return 1 if found.outcome == "different" else 0
