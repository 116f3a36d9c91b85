"""A process for a test to kill: it writes an endless table, in a real run on a real instance.

``python -m tests.storage.killed_writer HOME ROOT SIGNAL`` creates the file SIGNAL once blocks of
the table have been written to the disk.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import numpy as np
import pyarrow as pa

from lr_pipeline.orchestration.instance.io_manager import ArtifactIOManager
from lr_pipeline.orchestration.instance.run_processes import process_tags
from lr_pipeline.tables.files.parquet import BLOCK_ROWS
from lr_pipeline.tables.table import Table


def block(number: int) -> pa.RecordBatch:
    """Return rows that hardly compress, so that each block reaches the file."""
    random = np.random.default_rng(number)
    x = random.standard_normal(BLOCK_ROWS)
    return pa.RecordBatch.from_pydict({"x": x, "y": (x > 0).astype(np.int64)})


class EndlessTable(Table):
    """A table that signals when at least three of six blocks are written, and then waits."""

    def blocks(self, rows: int = BLOCK_ROWS) -> Iterator[pa.RecordBatch]:
        """Yield six blocks, which are read before they are written, and then wait for ever."""
        for number in range(6):
            yield block(number).cast(self.schema)
        Path(sys.argv[3]).touch()
        time.sleep(600)


@dg.asset
def dataset() -> Table:
    """The table whose write never ends."""
    whole = Table.from_arrow(pa.Table.from_batches([block(0)]), target="y")
    return EndlessTable(whole.data, whole.roles)


if __name__ == "__main__":
    with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
        resources = {"io_manager": ArtifactIOManager(root=sys.argv[2])}
        dg.materialize([dataset], resources=resources, instance=instance, tags=process_tags())
