"""Learn a table's preparation and make its design; a large file is decoded only once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from lr_pipeline.core.columns.moments import Extremes, column_extremes
from lr_pipeline.core.columns.rank import ColumnAnalysis, analyse_columns
from lr_pipeline.core.rows import Rows
from lr_pipeline.engines.block_cache import block_cache_for
from lr_pipeline.engines.opening import MEMORY_BUDGET_MB, EngineKind, open_rows
from lr_pipeline.engines.parallel import threads_for
from lr_pipeline.engines.streaming import (
    MANY_NUMBERS,
    PassReport,
    TableRows,
    aggregate_by_threads,
    threaded_parts,
    threads_within,
)
from lr_pipeline.tables.aggregate import Aggregate, BatchFunction, Value, aggregate_here
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table


@dataclass(frozen=True, eq=False)
class PreparedRows:
    """A table's preparation, and the design that it makes of the table, open for any fits."""

    preparation: Preparation
    rows: Rows

    @cached_property
    def analysis(self) -> ColumnAnalysis:
        """Location, scale and dependencies of the columns, in two passes for all fits."""
        with threads_for(self.rows.num_columns):
            return analyse_columns(self.rows)

    @cached_property
    def extremes(self) -> Extremes:
        """Least and largest value of each column of the design, in one pass for all fits."""
        return column_extremes(self.rows)


Prepare = Callable[[Table], PreparedRows]


def prepare_rows(
    table: Table,
    kind: EngineKind = "auto",
    memory_budget_mb: float = MEMORY_BUDGET_MB,
    block_rows: int | None = None,
    progress: PassReport | None = None,
    disk_cache: bool = True,
    keep: bool = True,
    many_numbers: int = MANY_NUMBERS,
) -> PreparedRows:
    """Learn the preparation of ``table``, and open its rows as ``open_rows`` does.

    Several threads read a file of more than ``many_numbers``. Where all features are numbers, and
    memory and disk have the room, the first pass writes the numbers to a temporary file, and the
    design is made from it, unless ``disk_cache`` or ``keep`` is False.

    Raises
    ------
    TableError
        The errors of ``Preparation.fit``; or a label is missing.
    """
    cached = disk_cache and keep
    budget = memory_budget_mb * 1e6
    numbers = _cached_numbers(table, budget, block_rows, many_numbers) if cached else None
    aggregate: Aggregate = aggregate_here  # small tables: it holds more values, for exact medians
    if len(threaded_parts(table, len(table.roles.features), many_numbers)) > 1:
        aggregate = _ByThreads(numbers, threads_within(budget), many_numbers)
    preparation = Preparation.fit(table, aggregate)
    how = kind, memory_budget_mb, block_rows, progress, disk_cache
    rows = open_rows(table, preparation, *how, numbers, keep, many_numbers)
    return PreparedRows(preparation, rows)


def _cached_numbers(
    table: Table, budget: float, block_rows: int | None, many_numbers: int
) -> TableRows | None:
    """Return the table's own numbers, which their first pass will write to a file."""
    plain = Preparation.of_numbers(table)
    if plain is None:
        return None
    rows = TableRows(table, plain, block_rows, budget, many_numbers=many_numbers)
    if rows.in_parts:
        rows.block_cache = block_cache_for(rows.num_rows, rows.num_columns)
    return rows if rows.block_cache is not None else None


class _ByThreads:
    """An ``Aggregate`` by threads whose first pass reads the blocks of ``numbers``."""

    def __init__(self, numbers: TableRows | None, threads: int, many_numbers: int) -> None:
        self.numbers, self.passes = numbers, 0
        self.by_threads = partial(aggregate_by_threads, threads=threads, many_numbers=many_numbers)

    def __call__(
        self, table: Table, columns: Sequence[str], function: BatchFunction[Value]
    ) -> Value:
        self.passes += 1
        if self.numbers is None or self.passes > 1:
            return self.by_threads(table, columns, function)
        return self.numbers.aggregate(function)
