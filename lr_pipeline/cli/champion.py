"""The verb ``champion``: which model of a table is in use, since when and why; and another one."""

from collections.abc import Sequence
from datetime import datetime

import click

from lr_pipeline.cli.failure import fail
from lr_pipeline.cli.table_options import HOME_HELP
from lr_pipeline.lifecycle.model_in_use import Record


@click.command()
@click.argument("table", required=False)
@click.option("--history", is_flag=True, help="Show every ruling, the latest first.")
@click.option("--rollback", is_flag=True, help="Return to the champion before the present one.")
@click.option("--to", help="With --rollback: the version of an earlier champion.")
@click.option(
    "--promote",
    metavar="VERSION",
    help="Put this version of numpy_model or torch_model in use; 'latest' is the newest.",
)
@click.option("--because", help="Why: kept with the ruling, and required for one by hand.")
@click.option("--home", type=click.Path(), help=HOME_HELP)
def champion(
    table: str | None,
    history: bool,
    rollback: bool,
    to: str | None,
    promote: str | None,
    because: str | None,
    home: str | None,
) -> None:
    """Show the model of TABLE that is in use, or put another in use; no TABLE: the tutorial's.

    TABLE is the name of its assets, such as titanic. Each run tests its new model against the
    champion, which a better one replaces; a person can do so at any time.

    \b
    lr-pipeline champion titanic --history
    lr-pipeline champion titanic --rollback --because "complaints since Monday"
    """
    _require_one_question(history, rollback, to, promote, because)
    from lr_pipeline.orchestration.instance.home import opened_home
    from lr_pipeline.orchestration.instance.manual_rulings import promote as put_in_use
    from lr_pipeline.orchestration.instance.manual_rulings import roll_back
    from lr_pipeline.orchestration.instance.rulings import champion_key
    from lr_pipeline.orchestration.instance.run_archive import whole_history
    from lr_pipeline.orchestration.table_names import TUTORIAL_TABLE

    prefix = table.strip("/").split("/") if table else []
    with opened_home(home) as instance:
        if promote is not None:
            put_in_use(instance, prefix, promote, because or "")
        elif rollback:
            roll_back(instance, prefix, to, because or "")
        records = whole_history(instance, champion_key(prefix))
    if not records:
        fail(
            f"{table or TUTORIAL_TABLE}: expected a champion's history, found none. "
            "Run the pipeline on the table first."
        )
    if history:
        _show_history(records)
    else:
        _show_latest(records[-1])


def _require_one_question(
    history: bool, rollback: bool, to: str | None, promote: str | None, because: str | None
) -> None:
    """Refuse options that contradict each other, or a ruling without its reason."""
    if history + rollback + (promote is not None) > 1:
        raise click.ClickException("--history, --rollback and --promote exclude each other.")
    if to is not None and not rollback:
        raise click.ClickException("--to is the version of a --rollback: give both or neither.")
    by_hand = rollback or promote is not None
    if by_hand and not (because or "").strip():
        raise click.ClickException('why? Give --because "…", which is kept with the ruling.')
    if because is not None and not by_hand:
        raise click.ClickException("--because goes with --rollback or --promote.")


def _show_latest(record: Record) -> None:
    """Print the version in use, since when, and the latest ruling."""
    from lr_pipeline.orchestration.metadata.champion_metadata import WAY_OUT, describe_ruling

    since = "" if record.since is None else f", in use since {record.since}"
    click.echo(f"Champion: {record.version or 'none'}{since}")
    click.echo(f"{record.ruling.when}, {record.ruling.who}: {describe_ruling(record)}")
    if record.version is None:
        click.echo(WAY_OUT)
    if record.ruling.report is not None:
        click.echo(f"Report: {record.ruling.report}")


def _show_history(records: Sequence[Record]) -> None:
    """Print a line for each ruling, the latest first; an arrow marks those that changed it."""
    from lr_pipeline.orchestration.metadata.champion_metadata import describe_ruling

    for one in reversed(records):
        when = datetime.fromisoformat(one.ruling.when)
        click.echo(f"{'→' if one.changed else ' '} {when:%Y-%m-%d %H:%M}  {describe_ruling(one)}")
    click.echo(f"→: the model in use changed. Times are UTC; rulings: {len(records)}.")
