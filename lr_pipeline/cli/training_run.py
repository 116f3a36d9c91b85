"""The run of all assets of a table in this process, and its Dagster instance."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click
import dagster as dg

from lr_pipeline.cli.key_prefix import own_prefix
from lr_pipeline.cli.remembered_run import remembered_run
from lr_pipeline.cli.run_outcome import show_failure, show_outcome
from lr_pipeline.cli.terminal_progress import progress_logger
from lr_pipeline.orchestration.asset_names import CHAMPION, DATASET, LOGISTIC_MODELS, REPORT
from lr_pipeline.orchestration.instance.home import initialise_home
from lr_pipeline.orchestration.instance.remembered_tables import remembered_settings
from lr_pipeline.orchestration.instance.run_processes import process_tags
from lr_pipeline.orchestration.instance.sqlite_waits import fewer_disk_waits
from lr_pipeline.orchestration.instance.start_notes import notes_at_start
from lr_pipeline.orchestration.jobs import TRAINING
from lr_pipeline.orchestration.run_loggers import PROGRESS
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.orchestration.table_plan import TablePlan
from lr_pipeline.tables.sources.declared_tables import FileTable


def run_pipeline(plan: TablePlan, home: str | None, verbose: bool, tags: Mapping[str, str]) -> int:
    """Materialize every asset of the plan's table and show the outcome; return the exit code."""
    folder = str(initialise_home(home))
    with fewer_disk_waits(), dg.DagsterInstance.from_config(folder) as instance:
        plan = _completed(plan, instance, folder)
        names = TableNames(plan.name)
        definitions = plan.definitions({PROGRESS: progress_logger})
        for note in notes_at_start(instance):
            click.echo(f"  ! {note}.", err=True)
        with remembered_run(plan, folder) as end:
            result = definitions.resolve_job_def(names.named(TRAINING)).execute_in_process(
                run_config=_run_config(names, plan, verbose),
                instance=instance,
                tags={**process_tags(), **tags},
                raise_on_error=False,
            )
            end.table_was_read = names.key(DATASET) in {
                event.asset_key for event in result.get_asset_materialization_events()
            }
        failed = show_failure(result)
        if not failed:
            show_outcome(result, names)
        end.show()
    return int(failed)


def _completed(plan: TablePlan, instance: dg.DagsterInstance, home: str) -> TablePlan:
    """Return the plan with the table's name, and with what is remembered under this name."""
    name = plan.name
    if name is None and isinstance(plan.source, FileTable):
        name = own_prefix(str(plan.source.path), instance)

    def remembered(field: str) -> dict[str, Any]:
        return {} if name is None else remembered_settings(name, field, home)

    return replace(
        plan,
        name=name,
        champion=plan.champion or remembered("champion"),
        acknowledged=remembered("acknowledged"),
    )


def _run_config(names: TableNames, plan: TablePlan, verbose: bool) -> dict[str, object]:
    """Return the run's configuration: the settings of assets, and how it tells of its progress."""
    of_others = {REPORT: plan.evaluation, CHAMPION: plan.champion}
    settings = dict.fromkeys(LOGISTIC_MODELS, plan.training) | of_others
    ops = {names.named(asset): {"config": given} for asset, given in settings.items()}
    return {"ops": ops} if verbose else {"ops": ops, "loggers": {PROGRESS: {}}}
