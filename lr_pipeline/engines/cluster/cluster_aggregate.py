"""A pass over the blocks of a stored table as they are, by the workers of a Dask cluster."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from lr_pipeline.engines.cluster.cluster import Cluster
from lr_pipeline.engines.cluster.cluster_rows import rows_of_part
from lr_pipeline.engines.cluster.worker_tasks import Gathering, Reading, add_items
from lr_pipeline.tables.aggregate import Found
from lr_pipeline.tables.parts import parts_of
from lr_pipeline.tables.table import Table


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
    parted = cluster.part(parts, Reading(tuple(columns), None))
    found: Found = cluster.sum(parted, Gathering(begin), add_items)[0]
    return found
