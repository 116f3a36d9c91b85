"""Which engine visits the rows of a table: held in memory while they fit, else streamed."""

from typing import Literal

from lr_pipeline.core.rows import Rows, gather
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.streaming import PassReport, TableRows
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import Table

EngineKind = Literal["auto", "memory", "streaming"]

FLOAT64_BYTES = 8
MEMORY_BUDGET_MB = 512.0
# Gathering a design takes it twice, and fitting it some copies of a part.
DESIGN_SHARE = 1 / 4


def open_rows(
    table: Table,
    preparation: Preparation,
    kind: EngineKind = "auto",
    memory_budget_mb: float = MEMORY_BUDGET_MB,
    block_rows: int | None = None,
    progress: PassReport | None = None,
) -> Rows:
    """Offer the design that ``preparation`` makes of ``table`` to the kernels.

    ``auto`` holds it in memory where it takes at most a quarter of ``memory_budget_mb`` in
    float64. ``block_rows``: the length of a streamed block, by the budget unless given.
    ``progress`` hears of streamed passes.
    """
    budget = memory_budget_mb * 1e6
    streamed = TableRows(table, preparation, block_rows, budget, progress)
    design = table.num_rows * len(preparation.columns) * FLOAT64_BYTES
    if kind == "streaming" or (kind == "auto" and design > budget * DESIGN_SHARE):
        return streamed
    return ArrayRows(*gather(streamed))
