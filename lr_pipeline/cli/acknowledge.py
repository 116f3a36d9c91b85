"""The verb ``acknowledge``: a warning that is known and accepted stays quiet until it changes."""

from typing import TYPE_CHECKING

import click

from lr_pipeline.cli.failure import fail
from lr_pipeline.cli.table_options import HOME_HELP
from lr_pipeline.tables.errors import count_of

if TYPE_CHECKING:
    from dagster import AssetCheckEvaluation, DagsterInstance


@click.command()
@click.argument("table")
@click.argument("check", required=False)
@click.option("--because", help="Why: kept with the acknowledgement, and required for one.")
@click.option(
    "--any-numbers", is_flag=True, help="Stay quiet also where only numbers in it are others."
)
@click.option("--home", type=click.Path(), help=HOME_HELP)
def acknowledge(
    table: str, check: str | None, because: str | None, any_numbers: bool, home: str | None
) -> None:
    """Accept what CHECK of TABLE warns of; without CHECK, list the checks that fail.

    Alerts then say nothing of it until it says something else. TABLE is the name of its assets, ''
    for the tutorial's; CHECK is a check's name, or its asset's with it: numpy_model:converged.
    An error is not accepted.

    \b
    lr-pipeline acknowledge titanic
    lr-pipeline acknowledge titanic contract --because "the cabin is not known before the voyage"
    """
    from dagster import AssetCheckSeverity

    from lr_pipeline.orchestration.alerts import acknowledgements as known
    from lr_pipeline.orchestration.instance.home import opened_home
    from lr_pipeline.orchestration.table_names import TUTORIAL_TABLE

    if check is None and (because is not None or any_numbers):
        raise click.ClickException("--because and --any-numbers go with a CHECK: name it.")
    if check is not None and not (because or "").strip():
        raise click.ClickException('why? Give --because "…", which is kept with it.')
    prefix, shown = [part for part in table.split("/") if part], table or TUTORIAL_TABLE
    with opened_home(home) as instance:
        results = known.check_results(instance, prefix)
        if not results:
            fail(
                f"{shown}: expected a table whose checks were run, found none. "
                "Correct the name, or run the pipeline on the table first."
            )
        failing = {
            f"{one.asset_key.path[-1]}:{one.check_name}": one for one in results if not one.passed
        }
        if check is None:
            _list_failing(instance, shown, failing)
            return
        chosen = {name: one for name, one in failing.items() if check in (name, one.check_name)}
        if not chosen:
            fail(f"{check}: expected a check that fails, found: {', '.join(failing) or 'none'}.")
        for name, one in chosen.items():
            if one.severity is AssetCheckSeverity.ERROR:
                fail(f"{name} is an error and not a warning: correct it. {one.description}")
        for name, one in chosen.items():
            known.acknowledge(instance, one, because or "", any_numbers)
            click.echo(f"{name}: quiet until it changes. Now it says: {one.description}")


def _list_failing(
    instance: "DagsterInstance", shown: str, failing: "dict[str, AssetCheckEvaluation]"
) -> None:
    """Print a line for each failing check, with who accepted it and why, and their number."""
    from lr_pipeline.orchestration.alerts.acknowledgements import acknowledgement

    for name, one in failing.items():
        accepted = acknowledgement(instance, one)
        why = "" if accepted is None else f" (accepted by {accepted.who}: {accepted.because})"
        click.echo(f"{name}: {one.severity.value.lower()}: {one.description}{why}")
    number = count_of(len(failing), "failing check") if failing else "no failing check"
    click.echo(f"{shown} has {number}.")
