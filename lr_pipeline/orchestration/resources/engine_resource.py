"""The Dagster resource that reads the rows: this process, unless another engine is set."""

from typing import Any

import dagster as dg
from pydantic import Field

from lr_pipeline.core.rows import Rows
from lr_pipeline.engines.cluster import ClusterReading
from lr_pipeline.engines.opening import MEMORY_BUDGET_MB, EngineKind, open_rows
from lr_pipeline.orchestration.pass_progress import PASSES, PassProgress
from lr_pipeline.tables.aggregate import Aggregate, aggregate_here
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table


class RowsEngine(dg.ConfigurableResource[Any], extra="forbid"):
    """Reads the rows of a table, and adds the values computed from them."""

    def rows(self, table: Table, preparation: Preparation) -> Rows:
        """Return the design that ``preparation`` makes of ``table``, as rows for the kernels."""
        raise NotImplementedError

    @property
    def aggregate(self) -> Aggregate:
        """Return the function that computes and adds values of a table's record batches."""
        return aggregate_here

    def reading(self) -> "RowsEngine | ClusterReading":
        """Return an object with ``rows`` and ``aggregate`` that may decode one table only once."""
        return self

    def metadata(self) -> dict[str, Any]:
        """Return the web UI's metadata about the passes of the asset that is running."""
        return {}

    def provenance(self) -> dict[str, str]:
        """Return the report's lines about all passes so far: title → line."""
        return {}


class Engine(RowsEngine):
    """Reads the rows in this process: holds them in memory, or streams them at every pass."""

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
    disk_cache: bool = Field(
        default=True,
        description="The first pass over streamed rows leaves them decoded in a temporary file, "
        "which later passes read in a part of the time, where it takes at most a quarter of the "
        "free memory and of the free disk; false: every pass decodes the Parquet file.",
    )

    def rows(self, table: Table, preparation: Preparation) -> Rows:
        """Return the design that ``preparation`` makes of ``table``, as rows for the kernels."""
        progress = PassProgress(dg.get_dagster_logger(PASSES).info)
        return open_rows(
            table,
            preparation,
            self.kind,
            self.memory_budget_mb,
            self.block_rows,
            progress,
            self.disk_cache,
        )
