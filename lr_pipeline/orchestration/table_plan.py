"""A table as it is run: its declaration, its name, and how its models are trained."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from lr_pipeline.orchestration.pipeline import build_definitions
from lr_pipeline.orchestration.resources.named_engine import EngineName, named_engine
from lr_pipeline.tables.sources.declared_tables import SyntheticTable, TableSource


@dataclass(frozen=True)
class TablePlan:
    """A table, and the settings with which it is trained unless a run sets others.

    ``training`` has fields of the models' configuration, ``evaluation`` of the report's,
    ``champion`` and ``scoring`` of those of `champion` and `predictions`, ``automation`` of
    ``AutomationConfig``; ``scheduler`` is the address of that of engine ``dask``, ``score_path``
    names the new rows that `predictions` scores; ``acknowledged`` are warnings that are accepted.
    """

    source: TableSource
    name: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    engine: EngineName = "auto"
    scheduler: str | None = None
    score_path: str | None = None
    champion: Mapping[str, Any] = field(default_factory=dict)
    scoring: Mapping[str, Any] = field(default_factory=dict)
    automation: Mapping[str, Any] = field(default_factory=dict)
    acknowledged: Mapping[str, Any] = field(default_factory=dict)

    def definitions(
        self, loggers: Mapping[str, dg.LoggerDefinition] | None = None
    ) -> dg.Definitions:
        """Return the table's assets, checks, jobs and schedules."""
        return build_definitions(
            self.source,
            self.name,
            studies=isinstance(self.source, SyntheticTable),
            engine=named_engine(self.engine, self.scheduler),
            training=self.training,
            evaluation=self.evaluation,
            champion=self.champion,
            scoring=self.scoring,
            score_path=self.score_path,
            acknowledged=self.acknowledged,
            loggers=loggers,
            **self.automation,
        )
