"""A table's past months: each month trained and tested as it would have been at its end.

They are partitions of assets of their own, below ``NAME_by_month``, so that no model of a past
month can be taken for a current one. There is no champion among them, and nothing scores with them.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import dagster as dg

from lr_pipeline.orchestration.assets.table_asset import TableAsset
from lr_pipeline.orchestration.checks import build_checks
from lr_pipeline.orchestration.config.automation_config import MONTH, AutomationConfig
from lr_pipeline.orchestration.jobs import TableJobs
from lr_pipeline.orchestration.table_functions import Configs
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.sources.declared_tables import TableSource

if TYPE_CHECKING:  # see jobs
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

SUFFIX = "by_month"
STAGES = {"data", "models", "evaluation"}


def names_of_months(names: TableNames) -> TableNames:
    """Return the names of the assets of past months."""
    return TableNames(SUFFIX if names.table is None else f"{names.table}_{SUFFIX}")


def without_time(source: TableSource) -> str | None:
    """Say why a table has no past months, and what to do; None if it has."""
    if getattr(source, "time", None) is None:
        return "monthly_from: expected a table with a time column, found none. Declare time=."
    return None


class MonthlyHistory:
    """The assets, checks and job of a table's past months; none unless ``monthly_from`` is given.

    Raises
    ------
    ValueError
        The table has no time column.
    """

    def __init__(
        self,
        when: AutomationConfig,
        source: TableSource,
        names: TableNames,
        assets: Sequence[TableAsset],
    ) -> None:
        self.names, self._months = names_of_months(names), None
        self._assets = [one for one in assets if one.stage in STAGES]
        if when.monthly_from is not None:
            if reason := without_time(source):
                raise ValueError(reason)
            first = datetime.strptime(when.monthly_from, MONTH)
            self._months = dg.MonthlyPartitionsDefinition(first, timezone=when.timezone)

    def assets(self, configs: Configs) -> list[dg.AssetsDefinition]:
        """Return the assets, each with a partition for each month that has ended."""
        if self._months is None:
            return []
        return [
            one.build(self.names, configs=configs, partitions=self._months) for one in self._assets
        ]

    def checks(self, penalty: str) -> list[dg.AssetChecksDefinition]:
        """Return the checks of these assets."""
        if self._months is None:
            return []
        keys = {self.names.key(one.name) for one in self._assets}
        checks = build_checks(self.names, penalty)
        return [one for one in checks if {key.asset_key for key in one.check_keys} <= keys]

    def jobs(self) -> "list[UnresolvedAssetJobDefinition]":
        """Return the job that trains and tests a month."""
        return [] if self._months is None else [TableJobs(self.names, self._assets).training()]

    def resources(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """Return the table's own resources for these assets as well."""
        if self._months is None:
            return {}
        return {self.names.resource(name): one for name, one in own.items()}
