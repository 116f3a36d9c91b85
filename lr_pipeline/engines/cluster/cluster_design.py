"""From a table to its rows' design on a cluster, a table of numbers being decoded once for both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lr_pipeline.engines.cluster.cluster import Cluster
from lr_pipeline.engines.cluster.cluster_aggregate import visit_parts
from lr_pipeline.engines.cluster.cluster_rows import ClusterRows
from lr_pipeline.engines.cluster.kept_parts import bytes_in_files
from lr_pipeline.engines.streaming import PassReport
from lr_pipeline.tables.aggregate import Found
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table


@dataclass(eq=False)
class ClusterReading:
    """A table's rows visited as they are stored, to prepare them, and then prepared.

    ``cache``: share of the workers' memory in which they keep what they decoded; ``spool``: whether
    more of it may stay in temporary files (see ``bytes_in_files``). Where all features are numbers,
    and the first visit is to all of them, these are kept from then on, and the design of the same
    table is made of them.
    """

    cluster: Cluster
    cache: float = 0.0
    spool: bool = True
    block_rows: int | None = None
    progress: PassReport | None = None
    _begun: bool = field(default=False, init=False)
    _numbers: ClusterRows | None = field(default=None, init=False)

    def visit(self, table: Table, columns: Sequence[str], begin: Callable[[], Found]) -> Found:
        """Gather from the table's blocks: a ``Visit``; errors as ``visit_parts``."""
        weight = table.roles.weight
        features = [*table.roles.features, *([] if weight is None else [weight])]
        if not self._begun and list(columns) == features:
            plain = Preparation.of_numbers(table)
            self._numbers = None if plain is None else self._rows(table, plain)
        self._begun = True
        numbers = self._numbers
        if numbers is None or numbers.table is not table or not set(columns) <= set(features):
            return visit_parts(self.cluster, table, columns, begin)
        if len(columns) < len(features) and not numbers.kept:  # fewer columns to decode
            return visit_parts(self.cluster, table, columns, begin)
        return numbers.gather(columns, begin)

    def rows(self, table: Table, preparation: Preparation) -> ClusterRows:
        """Offer the design that ``preparation`` makes of ``table``; what was kept goes with it."""
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
            file_bytes=bytes_in_files(memory, self.cache) if self.spool else 0.0,
            progress=self.progress,
            numbers=numbers,
        )
