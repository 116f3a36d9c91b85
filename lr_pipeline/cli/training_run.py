"""The run of all assets of a table in this process, and its Dagster instance."""

from collections.abc import Mapping
from typing import Any

import click
import dagster as dg

from lr_pipeline.cli.failure import fail
from lr_pipeline.cli.key_prefix import own_prefix
from lr_pipeline.cli.remembered_run import remembered_run
from lr_pipeline.cli.run_outcome import show_outcome
from lr_pipeline.cli.terminal_progress import progress_logger
from lr_pipeline.orchestration.asset_names import CHAMPION, DATASET, LOGISTIC_MODELS, REPORT
from lr_pipeline.orchestration.instance.home import initialise_home
from lr_pipeline.orchestration.instance.plan_fields import PlanError
from lr_pipeline.orchestration.instance.remembered_tables import remembered_settings
from lr_pipeline.orchestration.instance.run_processes import process_tags
from lr_pipeline.orchestration.instance.sqlite_waits import fewer_disk_waits
from lr_pipeline.orchestration.instance.start_notes import notes_at_start
from lr_pipeline.orchestration.jobs import TRAINING
from lr_pipeline.orchestration.resources.named_engine import EngineName
from lr_pipeline.orchestration.run_loggers import PROGRESS
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.orchestration.table_plan import TablePlan
from lr_pipeline.tables.sources.declared_tables import FileTable, TableSource


def run_pipeline(
    source: TableSource,
    name: str | None,
    training: Mapping[str, object],
    evaluation: Mapping[str, object],
    champion: Mapping[str, object],
    engine: EngineName,
    scheduler: str | None,
    home: str | None,
    verbose: bool,
    tags: Mapping[str, str],
) -> int:
    """Materialize every asset of ``source`` and show the outcome; return the exit code."""
    folder = str(initialise_home(home))
    with fewer_disk_waits(), dg.DagsterInstance.from_config(folder) as instance:
        if name is None and isinstance(source, FileTable):
            name = own_prefix(str(source.path), instance)
        policy = champion or _remembered(name, "champion", folder)
        plan = TablePlan(
            source,
            name,
            training,
            evaluation,
            engine,
            scheduler,
            champion=policy,
            acknowledged=_remembered(name, "acknowledged", folder),
        )
        definitions = plan.definitions({PROGRESS: progress_logger})
        for note in notes_at_start(instance):
            click.echo(f"  ! {note}.", err=True)
        names = TableNames(name)
        settings = dict.fromkeys(LOGISTIC_MODELS, training) | {REPORT: evaluation, CHAMPION: policy}
        with remembered_run(plan, folder) as end:
            result = definitions.resolve_job_def(names.named(TRAINING)).execute_in_process(
                run_config=_run_config(names, settings, verbose),
                instance=instance,
                tags={**process_tags(), **tags},
                raise_on_error=False,
            )
            end.table_was_read = names.key(DATASET) in {
                event.asset_key for event in result.get_asset_materialization_events()
            }
        code = show_outcome(result, names)
        end.show()
    return code


def _run_config(
    names: TableNames, settings: Mapping[str, object], verbose: bool
) -> dict[str, object]:
    """Return the run's configuration from asset → settings, and how it tells of its progress."""
    ops = {names.named(asset): {"config": given} for asset, given in settings.items()}
    return {"ops": ops} if verbose else {"ops": ops, "loggers": {PROGRESS: {}}}


def _remembered(name: str | None, field: str, home: str) -> dict[str, Any]:
    """Return what is remembered of a table under this name, or end the command."""
    try:
        return {} if name is None else remembered_settings(name, field, home)
    except PlanError as error:
        fail(error)
