"""Run again what a report describes, in a home of its own that is removed afterwards."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import dagster as dg

from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.sqlite_waits import fewer_disk_waits
from lr_pipeline.orchestration.jobs import TRAINING
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.resources.dask_resource import DaskEngine
from lr_pipeline.orchestration.resources.engine_resource import Engine, RowsEngine
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.files.temporary_folder import TemporaryFolder
from lr_pipeline.tables.sources.declared_tables import TableSource, source_from_dict
from lr_pipeline.tables.sources.secrets import has_hidden_parts

ENGINES: dict[str, type[RowsEngine]] = {"Engine": Engine, "DaskEngine": DaskEngine}


class ReplayError(ValueError):
    """A report cannot be replayed; the message says why."""


def declared_source(numbers: Mapping[str, Any], instead: str | None = None) -> TableSource:
    """Return the table that a report declares, read from ``instead`` if that is given.

    Raises
    ------
    ReplayError
        The report does not say where its table is from, or that was a secret.
    TableError
        This version does not know the declaration.
    """
    declaration = numbers.get("data", {}).get("declaration")
    if declaration is None:
        raise ReplayError(
            "the report does not say how its table is read: the table was made in memory, or the "
            "report by an earlier version. Run the pipeline on a file."
        )
    place = {"file": "path", "sql": "url"}.get(declaration["kind"])
    if instead is not None:
        if place is None:
            raise ReplayError("--source is for tables that are read; this one is generated")
        declaration = declaration | {place: instead}
    if place is not None and has_hidden_parts(str(declaration[place])):
        raise ReplayError(
            f"{declaration[place]}: the address held a password or a token, which reports do not "
            "keep. Give it with --source."
        )
    return source_from_dict(declaration)


def replay_report(
    numbers: Mapping[str, Any], source: TableSource, loggers: Mapping[str, dg.LoggerDefinition]
) -> dg.ExecuteInProcessResult:
    """Make the report again, with the same settings and split, on rows that are read again.

    Only the returned result stays of the run; it has the report as an output. The run that made
    the report is not touched. ``loggers`` show the progress.
    """
    settings, names = numbers.get("settings", {}), TableNames(numbers.get("table") or None)
    folder = TemporaryFolder()
    with closing(folder), fewer_disk_waits():
        definitions = build_definitions(
            source,
            names.table,
            engine=_engine(settings.get("engine", {})),
            loggers=loggers,
            resources={"io_manager": ArtifactIOManager(root=str(folder.path / "artifacts"))},
        )
        job = definitions.resolve_job_def(names.named(TRAINING))
        settled = {names.named(asset): one for asset, one in settings.get("config", {}).items()}
        config = {op: one for op, one in settled.items() if job.has_node_named(op)}
        # Not a home: those of this process may have their history in one database.
        with dg.DagsterInstance.local_temp(
            str(folder.path), {"telemetry": {"enabled": False}}
        ) as instance:
            return job.execute_in_process(
                run_config={"ops": config, "loggers": {name: {} for name in loggers}},
                instance=instance,
                raise_on_error=False,
            )


def _engine(settings: Mapping[str, Any]) -> RowsEngine:
    """Return the engine that read the rows, with its settings."""
    fields = {name: value for name, value in settings.items() if name != "name"}
    return ENGINES.get(settings.get("name", "Engine"), Engine)(**fields)
