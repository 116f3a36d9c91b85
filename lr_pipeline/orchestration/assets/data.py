"""Assets of group ``data``: the table, its split, and what its columns look like."""

from dataclasses import replace
from typing import Any

import dagster as dg

from lr_pipeline.orchestration.assets.table_asset import Lesson, table_asset
from lr_pipeline.orchestration.automation.training_inputs import inputs_of_run
from lr_pipeline.orchestration.instance.last_training import INPUTS
from lr_pipeline.orchestration.metadata.value_metadata import profile_metadata, table_metadata
from lr_pipeline.orchestration.resources.engine_resource import RowsEngine
from lr_pipeline.orchestration.resources.table_resource import TableResource
from lr_pipeline.orchestration.trained_columns import require_trained_columns
from lr_pipeline.tables.feature_profile import profile_features
from lr_pipeline.tables.sources.declaration import Declaration
from lr_pipeline.tables.sources.source_look import look_at
from lr_pipeline.tables.split.split_table import split_table
from lr_pipeline.tables.table import Table


def _table_result(table: Table, **metadata: Any) -> dg.MaterializeResult[Table]:
    return dg.MaterializeResult(
        value=table,
        metadata=table_metadata(table) | metadata,
        data_version=dg.DataVersion(table.fingerprint),
    )


@table_asset("data", Lesson("data", ("数据准备，参数初始化",)), {"parquet"})
def dataset(context: dg.AssetExecutionContext, table: TableResource) -> dg.MaterializeResult[Table]:
    """The table, read from its source and validated, with the roles of its columns.

    n rows of d features x and a label y, 0 or 1. A partition has the rows until its month's end.
    """
    source = table.source
    if context.has_partition_key and isinstance(source, Declaration):
        source = replace(source, until=context.partition_time_window.end.isoformat())
    look = look_at(source)
    rows = source.read(to_split=True)
    require_trained_columns(context, rows)
    inputs = inputs_of_run(source)
    if inputs is None:
        return _table_result(rows)
    content = {"content": look.content_of_reading(rows), "state": look.proof}
    return _table_result(rows, **{INPUTS: dg.MetadataValue.json(inputs | {"source": content})})


@table_asset("data", Lesson("data"), {"parquet"})
def train_set(table: TableResource, dataset: Table) -> dg.MaterializeResult[Table]:
    """The rows that the models learn from (scikit-learn's `train_test_split`).

    (1 − `test_size`) n of the n rows.
    """
    train, _ = split_table(dataset, table.source.split)
    return _table_result(train)


@table_asset("data", Lesson("data"), {"parquet"})
def test_set(table: TableResource, dataset: Table) -> dg.MaterializeResult[Table]:
    """The rows kept away from training, on which the models are tested.

    `test_size` · n rows, none of them in `train_set`: information that leaks from here into
    training makes the metrics too good.
    """
    _, test = split_table(dataset, table.source.split)
    return _table_result(test)


@table_asset("data", Lesson("log-likelihood", ("对数似然函数",)), {"json"})
def feature_profile(engine: RowsEngine, dataset: Table) -> dg.MaterializeResult[dict[str, Any]]:
    """Each feature by class: counts, missing values, range, and the normal distribution's
    maximum-likelihood estimate μ = Σx/n, σ² = Σ(x − μ)²/n.
    """
    profile = profile_features(dataset, engine.aggregate)
    metadata = profile_metadata(profile) | engine.metadata()
    return dg.MaterializeResult(value=profile, metadata=metadata)
