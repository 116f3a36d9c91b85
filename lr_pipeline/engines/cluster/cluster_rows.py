"""Rows read and summed by the workers of a Dask cluster."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from lr_pipeline.core.rows import Block, Value
from lr_pipeline.engines.cluster.cluster import Cluster
from lr_pipeline.engines.cluster.cluster_settings import PART_LIMITS, PartLimits
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

BLOCK_BYTES = 16 << 20


def rows_of_part(num_rows: int, row_bytes: int, limits: PartLimits = PART_LIMITS) -> int:
    """Return the rows of a part, from the size of the table and not from the number of workers."""
    least, most = limits.least_bytes // row_bytes, limits.most_bytes // row_bytes
    rows = min(max(num_rows // limits.enough_parts, least, 1), most)
    return max(rows, -(-num_rows // limits.most_parts))


class ClusterRows:
    """The design that ``preparation`` makes of a stored ``table``, as ``Rows``.

    A part of the table is some row groups. Its blocks have at most ``block_rows`` rows and never
    cross the end of the part; the sums of parts are added as a tree. The bits of a sum depend on
    the file, ``block_rows`` and ``part_rows`` alone, not on how many workers there are, come or go.
    ``hold_bytes`` of the design stay in the memory of all workers together, and ``file_bytes`` of
    the rest in their temporary files; what is left is read at every pass. ``progress`` receives
    about how many rows of a pass are done, and how many there are. Where the table's own
    ``numbers`` (NaN where missing) are cut into the same blocks, these blocks are imputed instead
    of reading the table.

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
        limits = cluster.settings.limits
        self.part_rows = part_rows or rows_of_part(self.num_rows, self._row_bytes, limits)
        self.hold_bytes, self.file_bytes, self.progress = hold_bytes, file_bytes, progress
        self.numbers = numbers if numbers is not None and self._is_cut_like(numbers) else None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle only the size: functions sent to the workers may refer to the rows."""
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
        reduction = partial(added_blocks, block_function)
        value: Value = self.cluster.sum(source.parted, reduction, convert, self._told)
        return value

    def hold(self, *blocks: Block) -> HeldBlocks:
        """Hold some of these rows in the driver's memory."""
        return held_by_threads(*blocks)

    def aggregate(self, columns: Sequence[str], function: BatchFunction[Value]) -> Value:
        """Add ``function`` over batches of features or weights of a table of numbers."""
        empty = no_rows(self.table, columns)
        if not self.parted.parts:
            return function(empty)
        reduction = partial(added_batches, function=function, empty=empty)
        convert = _Batches(self.table.roles, columns)
        value: Value = self.cluster.sum(self.parted, reduction, convert, self._told, gathers=True)
        return value

    def _is_cut_like(self, other: "ClusterRows") -> bool:
        """Tell whether other rows of the same table come in the same blocks."""
        return (self.part_rows, self.block_rows) == (other.part_rows, other.block_rows)

    @property
    def kept(self) -> bool:
        """Whether workers keep all parts of the table."""
        return self.parted.kept == len(self.parted.parts)

    @cached_property
    def parted(self) -> PartedTable:
        """The table's parts; where workers keep some, they begin to read them."""
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
    """Takes blocks of all features of a table of numbers and returns blocks of some columns."""

    roles: ColumnRoles
    columns: Sequence[str]

    def __call__(self, block: Block) -> pa.RecordBatch:
        numbers = dict(zip(self.roles.features, block.X.T, strict=True))
        if self.roles.weight is not None and block.weight is not None:
            numbers[self.roles.weight] = block.weight
        return pa.record_batch({name: pa.array(numbers[name]) for name in self.columns})


class _Elsewhere:
    """Stands for the driver's rows on a worker, which needs only their size."""

    def __init__(self, num_rows: int, num_columns: int, block_rows: int) -> None:
        self.num_rows, self.num_columns, self.block_rows = num_rows, num_columns, block_rows
