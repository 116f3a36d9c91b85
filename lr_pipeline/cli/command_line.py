"""The command ``lr-pipeline``: the pipeline without writing any Python."""

import errno
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal

import click
import dagster as dg
from click.core import ParameterSource
from rich.table import Table as TerminalTable

from lr_pipeline.cli.commands import fail, new, predict
from lr_pipeline.cli.key_prefix import asset_prefix, own_prefix
from lr_pipeline.cli.remedies import in_options
from lr_pipeline.cli.table_options import FiniteRange, file_table, table_options
from lr_pipeline.cli.terminal_progress import CONSOLE, PROGRESS, progress_logger
from lr_pipeline.engines.opening import EngineKind
from lr_pipeline.orchestration.instance.home import initialise_home
from lr_pipeline.orchestration.instance.run_processes import fail_dead_runs, process_tags
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.resources.resources import DaskEngine, Engine, RowsEngine
from lr_pipeline.report.metrics_table import table_rows
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.sources.declared_tables import SyntheticTable, TableSource
from lr_pipeline.tables.validation.schema_change import ACCEPT

HOME_HELP = "Dagster home [default: $DAGSTER_HOME, else .dagster_home here]."


class _Commands(click.Group):
    """Commands that end with one line where a place cannot be read or written."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was given."""
        try:
            return super().invoke(ctx)
        except (ArtifactError, TableError) as error:
            fail(error)
        except OSError as error:
            if error.errno == errno.EPIPE:  # whoever read the output has enough
                raise
            fail(error)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="lr-pipeline")
def main() -> None:
    """Answer a yes/no question about a table with a logistic regression you can defend."""


main.add_command(new)
main.add_command(predict)


def _checked_name(
    _context: click.Context, _option: click.Parameter, name: str | None
) -> str | None:
    """Dagster's asset keys allow letters, digits and underscores."""
    if name is not None and not re.fullmatch(r"\w+", name, flags=re.ASCII):
        raise click.ClickException(
            f"--name {name!r}: letters, digits and underscores only, "
            f"such as {asset_prefix(name)!r}."
        )
    return name


@main.command()
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
    "[default: $DASK_SCHEDULER_ADDRESS, else workers on this machine].",
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
    engine: EngineKind | Literal["dask"],
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
        _refuse_table_options()
    else:
        source = file_table(file, **described)
        name = name or own_prefix(file, home)
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
    strengths = {"l2": l2, "log_f": log_f}
    given = {name: value for name, value in strengths.items() if value is not None}
    training = {"penalty": penalty} | given
    tags = {ACCEPT: "true"} if accept_schema else {}
    visiting = DaskEngine(address=scheduler) if engine == "dask" else Engine(kind=engine)
    sys.exit(run_pipeline(source, name, training, visiting, home, verbose, tags))


def _refuse_table_options() -> None:
    """An option that describes a table would do nothing without one."""
    context = click.get_current_context()
    about_the_run = {
        "file",
        "penalty",
        "l2",
        "log_f",
        "engine",
        "scheduler",
        "name",
        "home",
        "verbose",
    }
    for parameter in context.command.params:
        given = context.get_parameter_source(str(parameter.name)) is ParameterSource.COMMANDLINE
        if given and parameter.name not in about_the_run:
            raise click.ClickException(f"{parameter.opts[0]} describes a table: name its FILE.")


@main.command()
@click.option("--home", type=click.Path(), help=HOME_HELP)
def init(home: str | None) -> None:
    """Prepare the Dagster home before anything else meets on it; prints its path.

    Runs of this command line that were killed are marked as failed.
    """
    path = initialise_home(home)
    with dg.DagsterInstance.from_config(str(path)) as instance:
        fail_dead_runs(instance)
    click.echo(path)


def run_pipeline(
    source: TableSource,
    name: str | None,
    training: Mapping[str, object],
    engine: RowsEngine,
    home: str | None,
    verbose: bool,
    tags: Mapping[str, str],
) -> int:
    """Materialize every asset of ``source``; returns the exit code."""
    studies = isinstance(source, SyntheticTable)
    definitions = build_definitions(
        source, name, studies=studies, engine=engine, loggers={PROGRESS: progress_logger}
    )
    job = definitions.resolve_job_def("training_job")
    config = {"config": training}
    run_config: dict[str, object] = {"ops": {"numpy_model": config, "torch_model": config}}
    if not verbose:
        run_config["loggers"] = {PROGRESS: {}}
    with dg.DagsterInstance.from_config(str(initialise_home(home))) as instance:
        fail_dead_runs(instance)
        result = job.execute_in_process(
            run_config=run_config,
            instance=instance,
            tags={**process_tags(), **tags},
            raise_on_error=False,
        )
    failures = failure_lines(result)
    for line in failures:
        click.echo(f"error: {line}", err=True)
    if failures:
        return 1
    show_outcome(result)
    return 0


def failure_lines(result: dg.ExecuteInProcessResult) -> list[str]:
    """What stopped the run, a line for each problem; empty if nothing did."""
    if result.success:
        return []
    blocking = [
        in_options(f"{check.check_name}: {check.description}")
        for check in failed_checks(result)
        if check.severity is dg.AssetCheckSeverity.ERROR
    ]
    events = result.all_events
    errors = [event.step_failure_data.error for event in events if event.is_step_failure]
    # The run's own comes before its first step: no cluster, for example.
    errors += [event.job_failure_data.error for event in events if event.is_job_failure]
    for error in filter(None, errors):
        cause = error.cause or error
        if cause.cls_name == "DagsterAssetCheckFailedError" and blocking:
            return list(dict.fromkeys(blocking))  # once for all models
        message = re.sub(r"^lr_pipeline[.\w]*: ", "", cause.message.strip())
        return in_options(message).splitlines()
    return ["the run failed; --verbose shows Dagster's log"]


def failed_checks(result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    """The checks that did not pass, warnings included."""
    return [check for check in result.get_asset_check_evaluations() if not check.passed]


def show_outcome(result: dg.ExecuteInProcessResult) -> None:
    """Print models × metrics, the checks that failed, and where the report lies."""
    header, *rows = table_rows(result.output_for_node("evaluation_report").numbers)
    table = TerminalTable(*header, box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        table.add_row(*row)
    CONSOLE.print()
    CONSOLE.print(table)
    failed = failed_checks(result)
    CONSOLE.print(f"\nChecks that failed: {len(failed) or 'none'}")
    for check in failed:
        asset = check.asset_key.to_user_string()
        described = in_options(check.description or "failed")
        CONSOLE.print(f"  {asset}, {check.check_name}: {described}", soft_wrap=True)
    (report,) = result.asset_materializations_for_node("evaluation_report")
    CONSOLE.print(f"Report: {report.metadata['path'].value}", soft_wrap=True)
