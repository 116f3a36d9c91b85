"""The columns that the last training was on, from the event log, and what differs from them."""

import dagster as dg

from lr_pipeline.orchestration.metadata.value_metadata import difference_table
from lr_pipeline.tables.errors import TableError
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.validation.schema_change import ACCEPT, schema_differences, schema_problems


def differences_since_training(
    context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext,
    dataset_key: dg.AssetKey,
    dataset: Table,
) -> dict[str, tuple[str, str]]:
    """Column → kind at the last training and now, where they differ and the run accepts it not.

    The last training set's table passed this comparison, or was accepted.
    """
    train_set = dg.AssetKey([*dataset_key.path[:-1], "train_set"])
    entry = context.instance.get_latest_materialization_event(train_set)
    materialization = entry.asset_materialization if entry else None
    before = materialization.metadata.get("contract") if materialization else None
    if before is None or ACCEPT in context.run.tags:
        return {}
    return schema_differences(before.value, dataset)


def require_trained_columns(context: dg.AssetExecutionContext, dataset: Table) -> None:
    """Refuse a table of other columns, before it takes the place of the one that was trained on.

    Raises
    ------
    Failure
        With the table of the differences; its cause is the ``TableError``.
    """
    differences = differences_since_training(context, context.asset_key, dataset)
    if differences:
        problems = schema_problems(differences)
        error = TableError(*problems, source=dataset.provenance.get("source"))
        metadata = {"changed_columns": difference_table(differences)}
        raise dg.Failure(str(error), metadata, allow_retries=False) from error
