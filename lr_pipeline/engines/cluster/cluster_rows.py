"""Rows read and summed by the workers of a Dask cluster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from lr_pipeline.core.rows import Block, Value
from lr_pipeline.engines.cluster.cluster import Cluster
from lr_pipeline.engines.cluster.task_graph import PartedTable
from lr_pipeline.engines.cluster.worker_tasks import PartReader, added_blocks
from lr_pipeline.engines.held_blocks import HeldBlocks, held_by_threads
from lr_pipeline.engines.streaming import MOST_ROWS, PassReport
from lr_pipeline.tables.aggregate import BatchFunction, added_batches, no_rows
from lr_pipeline.tables.files.parquet import rows_within
from lr_pipeline.tables.parts import parts_of
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.roles import ColumnRoles
from lr_pipeline.tables.table import Table

# Of a part's design. Each part is a task, which costs some milliseconds; too few would leave
# workers idle at the end of a pass.
LEAST_BYTES, MOST_BYTES = 4 << 20, 64 << 20
ENOUGH_PARTS = 32
MOST_PARTS = 4096  # whatever they take: they are read block by block
BLOCK_BYTES = 16 << 20


def rows_of_part(num_rows: int, row_bytes: int) -> int:
    """Rows of a part: by the size of the table, whatever the number of workers."""
    least, most = LEAST_BYTES // row_bytes, MOST_BYTES // row_bytes
    rows = min(max(num_rows // ENOUGH_PARTS, least, 1), most)
    return max(rows, -(-num_rows // MOST_PARTS))


class ClusterRows:
    """The design that ``preparation`` makes of a stored ``table``, as ``Rows``.

    The blocks have at most ``block_rows`` rows and end with a part of the table, which is some
    row groups; their sums are added as a tree. Bits depend on the file, ``block_rows`` and
    ``part_rows`` alone: not on how many workers there are, come or go. ``hold_bytes``: how much
    of the design stays in the workers' memory, all together; of the rest so many ``file_bytes``
    stay in temporary files of the workers, and what is left is read at every pass.
    ``progress`` is told how many rows of a pass are done, about, and how many there are. Where the
    table's own ``numbers``, NaN where missing, are cut in the same way, their blocks are taken and
    imputed instead.

    Raises
    ------
    TableError
        The table is not one that workers can read (see ``parts_of``).
    """

    def __init__(
        self,
        cluster: Cluster,
        table: Table,
        preparation: Preparation,
        block_rows: int | None = None,
        part_rows: int | None = None,
        hold_bytes: float = 0.0,
        file_bytes: float = 0.0,
        progress: PassReport | None = None,
        numbers: "ClusterRows | None" = None,
    ) -> None:
        self.cluster, self.table, self.preparation = cluster, table, preparation
        self.block_rows = block_rows or rows_within(BLOCK_BYTES, self.num_columns, MOST_ROWS)
        self.part_rows = part_rows or rows_of_part(self.num_rows, self._row_bytes)
        self.hold_bytes, self.file_bytes, self.progress = hold_bytes, file_bytes, progress
        self.numbers = numbers if numbers is not None and self._is_cut_like(numbers) else None

    def __reduce__(self) -> tuple[Any, ...]:
        """Functions sent to the workers may refer to the rows: theirs know how many, no more."""
        return _Elsewhere, (self.num_rows, self.num_columns, self.block_rows)

    @cached_property
    def num_rows(self) -> int:
        """Number of rows."""
        return self.table.num_rows

    @property
    def num_columns(self) -> int:
        """Number of columns d of the design, not counting the intercept."""
        return len(self.preparation.columns)

    def sum(self, block_function: Callable[[Block], Value]) -> Value:
        """Add ``block_function(block)`` over all blocks, in an order fixed by the parts alone."""
        source = self if self.numbers is None else self.numbers
        imputes = source is not self and self.preparation.imputes
        convert = self.preparation.imputed if imputes else None
        fold = partial(added_blocks, block_function)
        value: Value = self.cluster.sum(source.parted, fold, convert, self._told)
        return value

    def hold(self, *blocks: Block) -> HeldBlocks:
        """Offer some of these rows, in the driver's memory."""
        return held_by_threads(*blocks)

    def aggregate(self, columns: Sequence[str], function: BatchFunction[Value]) -> Value:
        """Add ``function`` over batches of features or weights of a table of numbers."""
        empty = no_rows(self.table, columns)
        if not self.parted.parts:
            return function(empty)
        fold = partial(added_batches, function=function, empty=empty)
        convert = _Batches(self.table.roles, columns)
        value: Value = self.cluster.sum(self.parted, fold, convert, self._told, gathers=True)
        return value

    def _is_cut_like(self, other: "ClusterRows") -> bool:
        """Whether other rows of the same table come in the same blocks."""
        return (self.part_rows, self.block_rows) == (other.part_rows, other.block_rows)

    @property
    def kept(self) -> bool:
        """Whether workers keep all of its parts."""
        return self.parted.kept == len(self.parted.parts)

    @cached_property
    def parted(self) -> PartedTable:
        """Its parts, which the workers begin to read where they keep some."""
        parts = parts_of(self.table, self.part_rows)
        columns = self.preparation.source_columns
        reader = PartReader(columns, self.block_rows, self.preparation)
        part_bytes = self.num_rows / len(parts) * self._row_bytes if parts else 1.0
        held = min(len(parts), int(self.hold_bytes / part_bytes))
        kept = min(len(parts), held + int(self.file_bytes / part_bytes))
        return self.cluster.part(parts, reader, held, kept)

    @property
    def _row_bytes(self) -> int:
        return 8 * (self.num_columns + 2)

    def _told(self, done: int, parts: int) -> None:
        if self.progress is not None and done:
            self.progress(self.num_rows * done // parts, self.num_rows)


@dataclass(frozen=True)
class _Batches:
    """Makes blocks of all features of a table of numbers blocks of some of its columns."""

    roles: ColumnRoles
    columns: Sequence[str]

    def __call__(self, block: Block) -> pa.RecordBatch:
        numbers = dict(zip(self.roles.features, block.X.T, strict=True))
        if self.roles.weight is not None and block.weight is not None:
            numbers[self.roles.weight] = block.weight
        return pa.record_batch({name: pa.array(numbers[name]) for name in self.columns})


class _Elsewhere:
    """What a worker sees of the rows that the driver visits: their size."""

    def __init__(self, num_rows: int, num_columns: int, block_rows: int) -> None:
        self.num_rows, self.num_columns, self.block_rows = num_rows, num_columns, block_rows
