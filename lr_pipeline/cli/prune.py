"""The verb ``prune``: remove old runs, their artifacts and logs, and leftovers."""

import click

from lr_pipeline.cli.table_options import HOME_HELP, FiniteRange

GIGABYTE = 1e9


@click.command()
@click.option("--dry-run", is_flag=True, help="Show what would go, and remove nothing.")
@click.option(
    "--keep-days",
    type=FiniteRange(min=0),
    default=90.0,
    show_default=True,
    help="Keep the runs of so many days.",
)
@click.option(
    "--keep-runs",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Keep so many last runs of each table, however old.",
)
@click.option(
    "--max-gb",
    type=FiniteRange(min=0, min_open=True),
    help="Remove the oldest of these too where the artifacts take more gigabytes.",
)
@click.option("--home", type=click.Path(), help=HOME_HELP)
def prune(
    dry_run: bool, keep_days: float, keep_runs: int, max_gb: float | None, home: str | None
) -> None:
    """Remove old runs with their artifacts and logs, and what killed processes have left.

    Never removed: a run that goes on; the latest version of an asset; the champion, the champions
    to which a rollback can return, what they were trained on and their reports; what a report that
    stays names.

    \b
    lr-pipeline prune --dry-run
    lr-pipeline prune --keep-days 30 --max-gb 50
    """
    from lr_pipeline.cli.terminal_progress import CONSOLE
    from lr_pipeline.orchestration.instance.home import opened_home
    from lr_pipeline.orchestration.instance.home_lock import one_process_at_a_time
    from lr_pipeline.orchestration.instance.pruning import (
        PrunePlan,
        carry_out,
        plan_prune,
        size_text,
    )
    from lr_pipeline.orchestration.instance.retention import RetentionPolicy

    def show(plan: PrunePlan) -> None:
        from rich.table import Table

        table = Table("What", "Of", "Number", "Size", box=None, pad_edge=False)
        for column in table.columns[2:]:
            column.justify = "right"
        for kind, group, number, size in plan.rows():
            table.add_row(kind, group, f"{number:,}", size_text(size))
        if plan.removals:
            CONSOLE.print(table)

    limit = None if max_gb is None else int(max_gb * GIGABYTE)
    policy = RetentionPolicy(keep_days, keep_runs, limit)
    with opened_home(home) as instance, one_process_at_a_time(instance, "prune"):
        plan = plan_prune(instance, policy)
        show(plan)
        if dry_run:
            click.echo(f"{plan.summary('would go')} Nothing was removed.")
            return
        given_back = carry_out(instance, plan)
    databases = f" The databases gave back {size_text(given_back)}." if given_back else ""
    click.echo(plan.summary("removed") + databases)
