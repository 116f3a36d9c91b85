"""The run of a table's drift report for a file of new rows, and what it needs to know."""

import dagster as dg

from lr_pipeline.cli.terminal_progress import progress_logger
from lr_pipeline.orchestration.asset_names import CHALLENGER, DRIFT
from lr_pipeline.orchestration.instance.catalogue import latest_materialization, root_of_artifacts
from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.run_processes import process_tags
from lr_pipeline.orchestration.jobs import DRIFT_JOB
from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.run_loggers import PROGRESS
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.storage.storage_error import ArtifactError
from lr_pipeline.tables.sources.declared_tables import SyntheticTable
from lr_pipeline.tables.sources.secrets import without_secrets


def run_drift(
    instance: dg.DagsterInstance, table: str, score_path: str
) -> dg.ExecuteInProcessResult:
    """Compare the new rows with the training set of the table's current model; record it.

    ``table`` is the prefix of its assets, "" for the tutorial's. The report is stored beside the
    model's artifacts.

    Raises
    ------
    ArtifactError
        The table has no model.
    """
    names = TableNames(table or None)
    model = names.key(CHALLENGER)
    entry = latest_materialization(instance, model)
    if entry is None:
        raise ArtifactError(
            f"asset {model.to_user_string()}: expected a model, found none. Run the pipeline first."
        )
    root = root_of_artifacts(model, entry)
    # The job reads stored artifacts and the new rows; the declared table is not asked for.
    definitions = build_definitions(
        SyntheticTable(),
        names.table,
        score_path=score_path,  # so that the run may read it wherever it is
        resources={"io_manager": ArtifactIOManager(root=str(root))},
        loggers={PROGRESS: progress_logger},
    )
    return definitions.resolve_job_def(names.named(DRIFT_JOB)).execute_in_process(
        run_config={
            "ops": {names.named(DRIFT): {"config": {"score_path": without_secrets(score_path)}}},
            "loggers": {PROGRESS: {}},
        },
        instance=instance,
        tags=process_tags(),
        raise_on_error=False,
    )
