"""A pass over the blocks of a stored table as they are, by the workers of a Dask cluster."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic

import pyarrow as pa

from lr_pipeline.engines.cluster import Cluster
from lr_pipeline.engines.cluster_rows import rows_of_part
from lr_pipeline.engines.cluster_work import Reading, add_items
from lr_pipeline.tables.parts import parts_of
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.visit import Found


@dataclass(frozen=True, eq=False)
class _Gathering(Generic[Found]):
    """Begins anew with each part, and takes in its blocks."""

    begin: Callable[[], Found]

    def __call__(self, blocks: Iterable[pa.RecordBatch]) -> tuple[Found]:
        found = self.begin()
        for block in blocks:
            found.add(block)
        return (found,)


def visit_parts(
    cluster: Cluster, table: Table, columns: Sequence[str], begin: Callable[[], Found]
) -> Found:
    """Gather from each part of the table, and add up neighbours, as ``ClusterRows`` does.

    Raises
    ------
    TableError
        The table is not one that workers can read (see ``parts_of``).
    """
    stored_rows = replace(table, choices=()).num_rows  # counting chosen ones would be a pass
    parts = parts_of(table, rows_of_part(stored_rows, 8 * len(columns)))
    if not parts:
        return begin()
    parted = cluster.part(parts, Reading(tuple(columns), None, _as_it_is))
    found: Found = cluster.sum(parted, _Gathering(begin), add_items)[0]
    return found


def _as_it_is(block: pa.RecordBatch) -> pa.RecordBatch:
    return block
