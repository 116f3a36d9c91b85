"""Which engine visits the rows of a table: held in memory while they fit, else streamed."""

from typing import Literal

from lr_pipeline.core.rows import Rows, gather
from lr_pipeline.engines.block_cache import spool_for
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.streaming import PassReport, TableRows
from lr_pipeline.tables.files.parquet import Stored
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table

EngineKind = Literal["auto", "memory", "streaming"]

FLOAT64_BYTES = 8
MEMORY_BUDGET_MB = 512.0
# Gathering a design takes it twice, and fitting it some copies of a part.
DESIGN_SHARE = 1 / 4
# Text of more levels is encoded again in less time than its zeros and ones take to be written.
SPOOLED_COLUMNS = 8  # a feature


def open_rows(
    table: Table,
    preparation: Preparation,
    kind: EngineKind = "auto",
    memory_budget_mb: float = MEMORY_BUDGET_MB,
    block_rows: int | None = None,
    progress: PassReport | None = None,
    spool: bool = True,
    numbers: TableRows | None = None,
) -> Rows:
    """Offer the design that ``preparation`` makes of ``table`` to the kernels.

    ``auto`` holds it in memory where it takes at most a quarter of ``memory_budget_mb`` in
    float64. ``block_rows``: the length of a streamed block, by the budget unless given.
    ``progress`` hears of streamed passes. ``spool``: a stored table that is streamed is decoded
    once, and later passes read a temporary file, where memory and disk have the room for it.
    ``numbers``: the table's own, which a spool has taken in.
    """
    budget = memory_budget_mb * 1e6
    columns = len(preparation.columns)
    fits = table.num_rows * columns * FLOAT64_BYTES <= budget * DESIGN_SHARE
    held = kind == "memory" or (kind == "auto" and fits)
    few = columns <= SPOOLED_COLUMNS * len(preparation.encodings)
    decoded_often = isinstance(table.data, Stored) and not held
    kept = spool_for(table.num_rows, columns) if spool and few and decoded_often else None
    rows = TableRows(table, preparation, block_rows, budget, progress, kept, numbers)
    return ArrayRows(*gather(rows)) if held else rows
