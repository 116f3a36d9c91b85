"""The verb ``run``: take a table to an evaluation report."""

import re
import sys
from collections.abc import Set
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from lr_pipeline.cli.champion_policy import champion_policy
from lr_pipeline.cli.decision_options import decision_options, decision_settings
from lr_pipeline.cli.table_options import HOME_HELP, FiniteRange, file_table, table_options
from lr_pipeline.cli.uncollected_imports import uncollected_imports
from lr_pipeline.tables.sources.declared_tables import SyntheticTable, TableSource
from lr_pipeline.tables.validation.schema_change import ACCEPT

if TYPE_CHECKING:
    from lr_pipeline.orchestration.resources.named_engine import EngineName


def _checked_name(
    _context: click.Context, _option: click.Parameter, name: str | None
) -> str | None:
    """Refuse a name that Dagster does not allow in an asset's key."""
    if name is not None and not re.fullmatch(r"\w+", name, flags=re.ASCII):
        from lr_pipeline.cli.key_prefix import asset_prefix

        raise click.ClickException(
            f"--name {name!r}: letters, digits and underscores only, "
            f"such as {asset_prefix(name)!r}."
        )
    return name


@click.command()
@click.argument("file", required=False, type=click.Path())
@table_options
@click.option(
    "--penalty",
    type=click.Choice(["auto", "none", "l2", "log-f", "firth"]),
    default="auto",
    show_default=True,
    help="auto: maximum likelihood where it exists, else Firth's penalty, or log-F where that "
    "has several optima.",
)
@click.option("--l2", type=FiniteRange(0, min_open=True), help="Strength of penalty l2.")
@click.option(
    "--log-f",
    type=FiniteRange(0, min_open=True),
    help="m of penalty log-f, log-F(m, m) on standardized columns [default: 2].",
)
@decision_options
@click.option(
    "--champion",
    type=champion_policy,
    metavar="METRIC[:MARGIN]",
    help="What a new model must show to replace the champion: log_loss or roc_auc, a better one; "
    "roc_auc:0.01, one that is not worse by so much [default: as in the last run, else log_loss].",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "memory", "streaming", "dask"]),
    default="auto",
    show_default=True,
    help="auto: rows in memory while they fit, else streamed. dask: by the workers of a cluster.",
)
@click.option(
    "--scheduler",
    help="Address of engine dask's scheduler, such as tcp://10.0.0.1:8786 "
    "[default: $DASK_SCHEDULER_ADDRESS, else workers on this machine]. Whoever reaches an open "
    "scheduler can run code on it, on its workers and here: use tls:// or a closed network.",
)
@click.option(
    "--name",
    callback=_checked_name,
    help="Key prefix of the assets [default: the file's name, unless another file has it].",
)
@click.option(
    "--accept-schema", is_flag=True, help="Train although columns changed since the last run."
)
@click.option("--home", type=click.Path(), help=HOME_HELP)
@click.option("--verbose", is_flag=True, help="Show Dagster's log and, on an error, the traceback.")
def run(
    file: str | None,
    penalty: str,
    l2: float | None,
    log_f: float | None,
    threshold: dict[str, dict[str, float]] | None,
    recalibrate: str | None,
    cv: dict[str, int] | None,
    champion: dict[str, object] | None,
    engine: "EngineName",
    scheduler: str | None,
    name: str | None,
    accept_schema: bool,
    home: str | None,
    verbose: bool,
    **described: Any,
) -> None:
    """Take FILE (CSV or Parquet) to an evaluation report; without FILE, the tutorial's table.

    \b
    lr-pipeline run
    lr-pipeline run data/samples/breast_cancer.csv --target malignant
    """
    source: TableSource = SyntheticTable()
    if file is None:
        _refuse_options({*described, "accept_schema"})
    else:
        source = file_table(file, **described)
    _require_consistent(penalty, l2, log_f, engine, scheduler)
    strengths = {"l2": l2, "log_f": log_f}
    given = {name: value for name, value in strengths.items() if value is not None}
    with uncollected_imports("lr_pipeline.cli.training_run"):
        from lr_pipeline.cli.training_run import run_pipeline
        from lr_pipeline.orchestration.table_plan import TablePlan
    plan = TablePlan(
        source,
        name,
        training={"penalty": penalty} | given | decision_settings(threshold, recalibrate),
        evaluation={} if cv is None else {"cv": cv},
        engine=engine,
        scheduler=scheduler,
        champion=champion or {},
    )
    sys.exit(run_pipeline(plan, home, verbose, {ACCEPT: "true"} if accept_schema else {}))


def _refuse_options(of_a_table: Set[str]) -> None:
    """Refuse options that describe a table where no table is given."""
    context = click.get_current_context()
    for parameter in context.command.params:
        given = context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
        if given and parameter.name in of_a_table:
            raise click.ClickException(f"{parameter.opts[0]} describes a table: name its FILE.")


def _require_consistent(
    penalty: str, l2: float | None, log_f: float | None, engine: str, scheduler: str | None
) -> None:
    """Refuse an option that would have no effect, or that needs another option."""
    if (l2 is not None) != (penalty == "l2"):
        raise click.ClickException("--l2 is the strength of --penalty l2: give both or neither.")
    if log_f is not None and penalty != "log-f":
        raise click.ClickException("--log-f is the strength of --penalty log-f: give that too.")
    if scheduler is not None and engine != "dask":
        raise click.ClickException("--scheduler is for --engine dask: give both or neither.")
    if scheduler == "":
        raise click.ClickException(
            "--scheduler '' is no address: give one such as tcp://10.0.0.1:8786, or leave it out."
        )
