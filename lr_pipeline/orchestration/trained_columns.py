"""Compare a table's columns with those of the last training, from the event log."""

from typing import Any

import dagster as dg

from lr_pipeline.orchestration.asset_names import TRAIN_SET
from lr_pipeline.orchestration.instance.catalogue import latest_materialization
from lr_pipeline.orchestration.metadata.value_metadata import difference_table
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.schema_change import ACCEPT, schema_differences, schema_problems


def differences_since_training(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
    dataset_key: dg.AssetKey,
    dataset: Table,
) -> dict[str, tuple[str, str]]:
    """Return column → kind at the last training and now, for columns that differ.

    There are none if the run was started with --accept-schema. The table of the last training had
    itself passed this comparison, or was accepted.
    """
    train_set = dg.AssetKey([*dataset_key.path[:-1], TRAIN_SET])
    entry = latest_materialization(context.instance, train_set)
    materialization = entry.asset_materialization if entry else None
    found = materialization.metadata.get("contract") if materialization else None
    if found is None or ACCEPT in context.run.tags:
        return {}
    before: Any = found.value
    return schema_differences(before, dataset)


def require_trained_columns(context: dg.AssetExecutionContext, dataset: Table) -> None:
    """Refuse a table with other columns before it replaces the one of the last training.

    Raises
    ------
    Failure
        Some columns differ; the metadata list the differences, the cause is a ``TableError``.
    """
    differences = differences_since_training(context, context.asset_key, dataset)
    if differences:
        problems = schema_problems(differences)
        error = TableError(*problems, source=dataset.provenance.get("source"))
        metadata = {"changed_columns": difference_table(differences)}
        raise dg.Failure(str(error), metadata, allow_retries=False) from error
