"""Dagster resources: which table a code location is about, and which engine visits its rows."""

from typing import Any

import dagster as dg
from pydantic import Field

from lr_pipeline.core.rows import Rows
from lr_pipeline.engines.opening import MEMORY_BUDGET_MB, EngineKind, open_rows
from lr_pipeline.pass_progress import PASSES, PassProgress
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.sources import TableSource, source_from_dict
from lr_pipeline.tables.table import Table


class TableResource(dg.ConfigurableResource[Any]):
    """The table of this code location: its source, the roles of its columns and its split.

    The declaration is plain data, so that the web UI shows it and YAML can hold it;
    :attr:`source` is the object that reads.
    """

    declaration: dict[str, Any] = Field(
        description="`kind` (synthetic, file or sql) and the fields of that source: path, target, "
        "positive, features, exclude, id, group, time, weight, split."
    )

    @classmethod
    def of(cls, source: TableSource) -> "TableResource":
        """Wrap a source declared in Python; Dagster's configuration has no null."""
        values = source.to_dict()
        return cls(declaration={k: value for k, value in values.items() if value is not None})

    @property
    def source(self) -> TableSource:
        """The source that the declaration describes. Errors: ``TableError`` naming the field."""
        return source_from_dict(self.declaration)


class Engine(dg.ConfigurableResource[Any]):
    """How the rows are visited: held in memory, or streamed from Parquet at every pass."""

    kind: EngineKind = Field(
        default="auto",
        description="`auto` holds a design in memory while it fits `memory_budget_mb`.",
    )
    memory_budget_mb: float = Field(
        default=MEMORY_BUDGET_MB,
        gt=0,
        description="MB of memory for the rows: `auto` holds a design in memory up to a quarter "
        "of it, in float64, and the blocks that are streamed otherwise are small enough for it.",
    )
    block_rows: int | None = Field(
        default=None,
        gt=0,
        description="Rows of a streamed block; empty: by the budget and the columns.",
    )

    def rows(self, table: Table, preparation: Preparation) -> Rows:
        """Offer the design that ``preparation`` makes of ``table`` to the kernels."""
        progress = PassProgress(dg.get_dagster_logger(PASSES).info)
        return open_rows(
            table, preparation, self.kind, self.memory_budget_mb, self.block_rows, progress
        )
