"""Which engine visits the rows of a table: held in memory while they fit, else streamed."""

from typing import Literal

from lr_pipeline.core.rows import Rows, gather
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import BLOCK_ROWS, Table

EngineKind = Literal["auto", "memory", "streaming"]

FLOAT64_BYTES = 8
MEMORY_BUDGET_MB = 512.0


def open_rows(
    table: Table,
    preparation: Preparation,
    kind: EngineKind = "auto",
    memory_budget_mb: float = MEMORY_BUDGET_MB,
    block_rows: int = BLOCK_ROWS,
) -> Rows:
    """Offer the design that ``preparation`` makes of ``table`` to the kernels.

    ``auto`` holds it in memory where it has no more than ``memory_budget_mb`` MB of float64;
    ``block_rows`` is the length of a streamed block.
    """
    streamed = TableRows(table, preparation, block_rows=block_rows)
    megabytes = table.num_rows * len(preparation.columns) * FLOAT64_BYTES / 1e6
    if kind == "streaming" or (kind == "auto" and megabytes > memory_budget_mb):
        return streamed
    return ArrayRows(*gather(streamed))
