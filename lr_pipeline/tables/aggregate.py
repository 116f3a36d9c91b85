"""One pass over a table's blocks that gathers something: here, or by an engine elsewhere."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import pyarrow as pa

from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.table import Table


@runtime_checkable
class Gatherer(Protocol):
    """What a pass finds out: it takes in blocks, and adds up with what was found elsewhere."""

    def add(self, block: pa.RecordBatch) -> None:
        """Take in the next rows."""

    def __add__(self, other: Any) -> Any:
        """Return what both found; the other's rows come later in the table."""


Found = TypeVar("Found", bound=Gatherer)


@runtime_checkable
class Visit(Protocol):
    """How a table's rows are visited."""

    def __call__(self, table: Table, columns: Sequence[str], begin: Callable[[], Found]) -> Found:
        """Gather from the blocks of the columns; each place where rows are read begins anew."""


def visit_blocks(table: Table, columns: Sequence[str], begin: Callable[[], Found]) -> Found:
    """Gather in this process, one block after the other."""
    found = begin()
    for block in prefetched(table.blocks(columns=columns)):
        found.add(block)
    return found
