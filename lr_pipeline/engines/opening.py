"""Choose an engine: a table's rows are held in memory if they fit, else streamed."""

from typing import Literal

from lr_pipeline.core.rows import Rows, gather
from lr_pipeline.core.types import FLOAT64_BYTES
from lr_pipeline.engines.block_cache import block_cache_for
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.streaming import MANY_NUMBERS, PassReport, TableRows
from lr_pipeline.tables.files.parquet import Stored
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table

EngineKind = Literal["auto", "memory", "streaming"]

MEMORY_BUDGET_MB = 512.0
# To gather a design takes twice its memory, and a fit copies parts of it. A block cache is read in
# about the time that a larger design's memory is.
DESIGN_SHARE, CACHED_DESIGN_SHARE = 1 / 4, 1 / 16
# With more levels, encoding text again takes less time than writing its zeros and ones.
CACHED_COLUMNS = 8  # columns of the design for each feature


def open_rows(
    table: Table,
    preparation: Preparation,
    kind: EngineKind = "auto",
    memory_budget_mb: float = MEMORY_BUDGET_MB,
    block_rows: int | None = None,
    progress: PassReport | None = None,
    disk_cache: bool = True,
    numbers: TableRows | None = None,
    keep: bool = True,
    many_numbers: int = MANY_NUMBERS,
) -> Rows:
    """Return the design that ``preparation`` makes of ``table``, as rows for the kernels.

    ``auto`` holds it in memory where it takes at most a sixteenth of ``memory_budget_mb`` in
    float64, or a quarter where its blocks are not cached.
    ``block_rows`` is the length of a streamed block; unless given, it follows from the budget.
    ``progress`` is called during streamed passes. With ``disk_cache``, a stored table that is
    streamed is decoded once, and later passes read a temporary file, where memory and disk have the
    room. ``numbers`` are the table's own numbers in a block cache. Without ``keep`` the rows come
    in the same blocks, but none is cached. See ``TableRows`` for ``many_numbers``.
    """
    budget = memory_budget_mb * 1e6
    columns = len(preparation.columns)
    few = columns <= CACHED_COLUMNS * len(preparation.encodings)
    cacheable = disk_cache and few and isinstance(table.data, Stored)
    share = CACHED_DESIGN_SHARE if cacheable else DESIGN_SHARE
    fits = table.num_rows * columns * FLOAT64_BYTES <= budget * share
    held = kind == "memory" or (kind == "auto" and fits)
    cached = cacheable and keep and not held
    cache = block_cache_for(table.num_rows, columns) if cached else None
    rows = TableRows(table, preparation, block_rows, budget, progress, cache, numbers, many_numbers)
    return ArrayRows(*gather(rows)) if held else rows
