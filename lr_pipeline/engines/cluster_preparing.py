"""From a table to its rows' design on a cluster, a table of numbers being decoded once for both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from lr_pipeline.engines.cluster import Cluster
from lr_pipeline.engines.cluster_rows import ClusterRows
from lr_pipeline.engines.cluster_visit import visit_parts
from lr_pipeline.engines.streaming import PassReport
from lr_pipeline.tables.preprocess import Preparation
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.visit import Found, Visit


def prepare_on_cluster(
    cluster: Cluster,
    table: Table,
    block_rows: int | None = None,
    part_rows: int | None = None,
    hold_bytes: float = 0.0,
    file_bytes: float = 0.0,
    progress: PassReport | None = None,
) -> tuple[Preparation, ClusterRows]:
    """Learn the preparation of ``table``, and offer its design as ``ClusterRows`` does.

    Where all features are numbers, the workers keep the table's own from the first pass on, and
    the design is made of them.

    Raises
    ------
    TableError
        As ``Preparation.fit`` and ``ClusterRows``; or a label is missing.
    """
    visit: Visit = partial(visit_parts, cluster)
    settings = block_rows, part_rows, hold_bytes, file_bytes, progress
    plain, numbers = Preparation.of_numbers(table), None
    if plain is not None:
        numbers = ClusterRows(cluster, table, plain, *settings)
        visit = _Visits(numbers, visit)
    preparation = Preparation.fit(table, visit)
    return preparation, ClusterRows(cluster, table, preparation, *settings, numbers)


@dataclass(frozen=True, eq=False)
class _Visits:
    """A ``Visit`` of ``numbers``; of some of their columns ``otherwise``, where most are read."""

    numbers: ClusterRows
    otherwise: Visit

    def __call__(self, table: Table, columns: Sequence[str], begin: Callable[[], Found]) -> Found:
        if len(columns) < len(table.roles.features) and not self.numbers.kept:
            return self.otherwise(table, columns, begin)
        return self.numbers.gather(columns, begin)
