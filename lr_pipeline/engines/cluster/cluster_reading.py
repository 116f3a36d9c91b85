"""Learn a table's preparation and make its design on a cluster; numbers are decoded only once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from lr_pipeline.engines.cluster.cluster import Cluster
from lr_pipeline.engines.cluster.cluster_rows import ClusterRows, rows_of_part
from lr_pipeline.engines.cluster.kept_parts import bytes_in_files
from lr_pipeline.engines.cluster.worker_tasks import PartReader
from lr_pipeline.engines.design import PreparedRows
from lr_pipeline.engines.streaming import PassReport
from lr_pipeline.tables.aggregate import BatchFunction, Value, added_batches, no_rows
from lr_pipeline.tables.parts import parts_of
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table


def aggregate_on_workers(
    cluster: Cluster, table: Table, columns: Sequence[str], function: BatchFunction[Value]
) -> Value:
    """Add the values of each part's batches, then of neighbouring parts, as ``ClusterRows`` does.

    Raises
    ------
    TableError
        The table is not one that workers can read (see ``parts_of``).
    """
    stored_rows = replace(table, choices=()).num_rows  # to count chosen rows takes a pass
    part_rows = rows_of_part(stored_rows, 8 * len(columns), cluster.settings.limits)
    parts = parts_of(table, part_rows)
    empty = no_rows(table, columns)
    if not parts:
        return function(empty)
    parted = cluster.part(parts, PartReader(tuple(columns), None))
    reduction = partial(added_batches, function=function, empty=empty)
    value: Value = cluster.sum(parted, reduction, gathers=True)
    return value


@dataclass(eq=False)
class ClusterReading:
    """Has the workers read one table twice: to learn its preparation, and to make its design.

    ``cache`` is the share of the workers' memory for decoded blocks; ``disk_cache`` says whether
    more of them may stay in temporary files (see ``bytes_in_files``). Where all features are
    numbers and the first pass reads all of them, the workers keep these numbers and make the design
    from them.
    """

    cluster: Cluster
    cache: float = 0.0
    disk_cache: bool = True
    block_rows: int | None = None
    progress: PassReport | None = None
    _begun: bool = field(default=False, init=False)
    _numbers: ClusterRows | None = field(default=None, init=False)

    def prepare(self, table: Table) -> PreparedRows:
        """Learn the preparation of ``table``, and return the design that it makes."""
        preparation = Preparation.fit(table, self.aggregate)
        return PreparedRows(preparation, self.rows(table, preparation))

    def aggregate(
        self, table: Table, columns: Sequence[str], function: BatchFunction[Value]
    ) -> Value:
        """Add the values of the table's batches; raises the errors of ``aggregate_on_workers``."""
        weight = table.roles.weight
        features = [*table.roles.features, *([] if weight is None else [weight])]
        if not self._begun and list(columns) == features:
            plain = Preparation.of_numbers(table)
            self._numbers = None if plain is None else self._rows(table, plain)
        self._begun = True
        numbers = self._numbers
        if numbers is None or numbers.table is not table or not set(columns) <= set(features):
            return aggregate_on_workers(self.cluster, table, columns, function)
        if len(columns) < len(features) and not numbers.kept:  # fewer columns to decode
            return aggregate_on_workers(self.cluster, table, columns, function)
        return numbers.aggregate(columns, function)

    def rows(self, table: Table, preparation: Preparation) -> ClusterRows:
        """Return the design that ``preparation`` makes of ``table``, from kept numbers if any."""
        numbers, self._numbers = self._numbers, None
        same = numbers is not None and numbers.table is table
        return self._rows(table, preparation, numbers if same else None)

    def _rows(
        self, table: Table, preparation: Preparation, numbers: ClusterRows | None = None
    ) -> ClusterRows:
        memory = self.cluster.memory
        return ClusterRows(
            self.cluster,
            table,
            preparation,
            self.block_rows,
            hold_bytes=self.cache * memory,
            file_bytes=bytes_in_files(memory, self.cache) if self.disk_cache else 0.0,
            progress=self.progress,
            numbers=numbers,
        )
