"""Assets of group ``data``: the table, its split, and what its columns look like."""

from typing import Any

import dagster as dg

from lr_pipeline.metadata import profile_metadata, table_metadata
from lr_pipeline.resources import TableResource
from lr_pipeline.tables.profile import profile_features
from lr_pipeline.tables.split import split_table
from lr_pipeline.tables.table import Table


def _table_result(table: Table) -> dg.MaterializeResult[Table]:
    return dg.MaterializeResult(
        value=table,
        metadata=table_metadata(table),
        data_version=dg.DataVersion(table.fingerprint),
    )


@dg.asset(group_name="data", kinds={"parquet"}, code_version="1")
def dataset(table: TableResource) -> dg.MaterializeResult[Table]:
    """The table, read from its source and validated, with the roles of its columns."""
    return _table_result(table.source.read())


@dg.asset(group_name="data", kinds={"parquet"}, code_version="1")
def train_set(table: TableResource, dataset: Table) -> dg.MaterializeResult[Table]:
    """The rows that the models learn from (scikit-learn's `train_test_split`)."""
    train, _ = split_table(dataset, table.source.split)
    return _table_result(train)


@dg.asset(group_name="data", kinds={"parquet"}, code_version="1")
def test_set(table: TableResource, dataset: Table) -> dg.MaterializeResult[Table]:
    """The rows kept away from training, on which the models are judged."""
    _, test = split_table(dataset, table.source.split)
    return _table_result(test)


@dg.asset(group_name="data", kinds={"json"}, code_version="1")
def feature_profile(dataset: Table) -> dg.MaterializeResult[dict[str, Any]]:
    """Each feature by class: counts, missing values, range, and the normal distribution's
    maximum-likelihood estimate μ = Σx/n, σ² = Σ(x − μ)²/n.
    """
    profile = profile_features(dataset)
    return dg.MaterializeResult(value=profile, metadata=profile_metadata(profile))
