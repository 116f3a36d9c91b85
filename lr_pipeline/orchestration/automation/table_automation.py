"""The automation of a table's assets: schedules, sensors, conditions, and when they are late."""

from collections.abc import Sequence

import dagster as dg

from lr_pipeline.orchestration.asset_names import CHAMPION, DATASET, DRIFT, REPORT
from lr_pipeline.orchestration.assets.table_asset import TableAsset
from lr_pipeline.orchestration.automation.follow_dataset import follow_condition, follow_sensor
from lr_pipeline.orchestration.automation.schedules import (
    build_scoring_schedule,
    build_training_schedule,
    freshness_of,
)
from lr_pipeline.orchestration.automation.sensors import unwatchable, watch_source
from lr_pipeline.orchestration.config.automation_config import AutomationConfig
from lr_pipeline.orchestration.jobs import TRAINING_STAGES
from lr_pipeline.orchestration.table_names import TableNames
from lr_pipeline.tables.sources.declared_tables import TableSource


class TableAutomation:
    """The automation of one table's ``assets``, as ``when`` sets it.

    Raises
    ------
    ValueError
        The source is to be watched, and never tells whether it changed.
    """

    def __init__(
        self,
        when: AutomationConfig,
        source: TableSource,
        names: TableNames,
        assets: Sequence[TableAsset],
    ) -> None:
        if when.watch and (reason := unwatchable(source)):
            raise ValueError(reason)
        self.when, self.source, self.names = when, source, names
        trained = [one.name for one in assets if one.stage in TRAINING_STAGES]
        self._following = [one for one in trained if one not in (DATASET, DRIFT)]
        self._freshness = freshness_of(when)

    def condition(self, asset: str) -> dg.AutomationCondition[dg.AssetKey] | None:
        """Return when Dagster makes an asset by itself; None if never."""
        return follow_condition() if self.when.follow and asset in self._following else None

    def freshness(self, asset: str) -> dg.FreshnessPolicy | None:
        """Return when an asset is late; None if never."""
        return self._freshness if asset in (REPORT, CHAMPION) else None

    def schedules(self, scoring: bool) -> list[dg.ScheduleDefinition]:
        """Return the schedule of training and, if there are rows for it, that of ``scoring``."""
        training = build_training_schedule(self.source, self.when, self.names)
        return [training, *([build_scoring_schedule(self.when, self.names)] if scoring else [])]

    def sensors(self) -> list[dg.SensorDefinition]:
        """Return the sensor on the source, and the one that lets assets follow `dataset`."""
        watcher = watch_source(self.source, self.when.watch, self.names)
        keys = [self.names.key(one) for one in self._following]
        return [
            *([] if watcher is None else [watcher]),
            *([follow_sensor(keys, self.names)] if self.when.follow else []),
        ]
