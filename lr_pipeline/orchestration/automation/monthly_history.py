"""A table's past months: each month trained and tested as it would have been at its end.

They are partitions of assets of their own, below ``NAME_by_month``, so that no model of a past
month can be taken for a current one. There is no champion among them, and nothing scores with them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from lr_pipeline.orchestration.assets.table_asset import TableAsset
from lr_pipeline.orchestration.config.acknowledged_config import Acknowledged
from lr_pipeline.orchestration.config.automation_config import MONTH, AutomationConfig
from lr_pipeline.orchestration.jobs import TRAINING, asset_job
from lr_pipeline.orchestration.table_checks import build_checks
from lr_pipeline.orchestration.table_functions import Configs
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.sources.declared_tables import TableSource

SUFFIX = "by_month"
STAGES = {"data", "models", "evaluation"}


def without_time(source: TableSource) -> str | None:
    """Say why a table has no past months, and what to do; None if it has."""
    if getattr(source, "time", None) is None:
        return "monthly_from: expected a table with a time column, found none. Declare time=."
    return None


def monthly_history(
    when: AutomationConfig,
    source: TableSource,
    names: TableNames,
    assets: Sequence[TableAsset],
    configs: Configs,
    penalty: str,
    acknowledged: Acknowledged,
    own: Mapping[str, Any],
) -> dg.Definitions:
    """Return assets, checks and job of the months that have ended, each month a partition.

    There are none unless ``monthly_from`` is given. ``configs``, ``penalty``, ``acknowledged``
    warnings and the resources ``own`` are the table's.

    Raises
    ------
    ValueError
        The table has no time column.
    """
    if when.monthly_from is None:
        return dg.Definitions()
    if reason := without_time(source):
        raise ValueError(reason)
    names = TableNames(SUFFIX if names.table is None else f"{names.table}_{SUFFIX}")
    first = datetime.strptime(when.monthly_from, MONTH)
    months = dg.MonthlyPartitionsDefinition(first, timezone=when.timezone)
    monthly = [one for one in assets if one.stage in STAGES]
    keys = {names.key(one.name) for one in monthly}
    return dg.Definitions(
        assets=[one.build(names, configs=configs, partitions=months) for one in monthly],
        asset_checks=[
            check
            for check in build_checks(names, penalty, acknowledged)
            if {key.asset_key for key in check.check_keys} <= keys
        ],
        jobs=[asset_job(TRAINING, names, monthly)],
        resources={names.resource(name): one for name, one in own.items()},
    )
