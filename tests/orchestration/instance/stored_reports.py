"""A Dagster home in which tables have reports, without any training."""

from pathlib import Path

import dagster as dg

from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.metadata.source_names import SOURCE, source_identity
from lr_pipeline.report.render import Report
from tests.homes import ready_home


def store_report(home: Path, name: str, numbers: dict, source: str = "generated") -> Path:
    """Record a report with these numbers, and the source of its table; return the page's file."""
    prefix = [name] if name else []

    @dg.asset(key=[*prefix, "dataset"])
    def dataset() -> dg.MaterializeResult:
        return dg.MaterializeResult(value={}, metadata={SOURCE: source_identity(source)})

    @dg.asset(key=[*prefix, "evaluation_report"])
    def evaluation_report() -> dg.MaterializeResult:
        return dg.MaterializeResult(value=Report("<!doctype html>", numbers))

    with dg.DagsterInstance.from_config(str(ready_home(home))) as instance:
        resources = {"io_manager": ArtifactIOManager(root=str(home / "artifacts"))}
        result = dg.materialize(
            [dataset, evaluation_report], instance=instance, resources=resources
        )
    (stored,) = result.asset_materializations_for_node(evaluation_report.op.name)
    return Path(stored.metadata["path"].value)
