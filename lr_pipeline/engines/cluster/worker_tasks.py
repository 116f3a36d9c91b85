"""What the workers of a Dask cluster do with parts of a table: read, sum, and add up the sums."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa

from lr_pipeline.core.rows import Block, added, concatenate
from lr_pipeline.engines.cluster.worker_process import settle_process
from lr_pipeline.engines.cluster.worker_versions import require_versions, versions_here
from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.files.parquet import is_url
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table

# Of the blocks of a part; None where there is none.
Fold = Callable[[Iterable[Any]], Any]


@dataclass(frozen=True, eq=False)
class PartReader:
    """How a part is read: its ``columns``, ``block_rows`` rows at a time.

    Each block is made one of the design by the ``preparation``, or stays as it is stored.
    """

    columns: Sequence[str]
    block_rows: int | None
    preparation: Preparation | None = None

    def blocks(self, part: Table) -> Iterator[Any]:
        """Yield the blocks of a part, as made; errors as ``batches``.

        Blocks of a URL are read ahead of their use. Of a file the system reads ahead by itself, and
        another thread would take time from the other workers.
        """
        made: Iterable[Any] = self.batches(part)
        if self.preparation is not None:
            made = map(self.preparation.block, made)
        return prefetched(made) if is_url(part.data) else iter(made)

    def batches(self, part: Table) -> Iterator[pa.RecordBatch]:
        """Yield them as stored; a ``TableError`` where this worker does not see the file."""
        if isinstance(part.data, Path) and not part.data.exists():
            raise table_error(
                f"the worker {worker_address()} sees no such file",
                "Keep tables and artifacts in a folder that all workers see under the same path, "
                "or name the table by a URL",
                source=part.data,
            )
        yield from part.blocks(self.block_rows, self.columns)


@dataclass(frozen=True, eq=False)
class Summing:
    """One pass: ``fold`` makes the sum of a part of its blocks, as ``convert`` makes them.

    ``versions``: those of the driver, which a worker that joined late may not have.
    """

    fold: Fold
    convert: Callable[[Any], Any] | None = None
    versions: dict[str, str] = field(default_factory=versions_here)


def added_blocks(block_function: Callable[[Any], Any], blocks: Iterable[Any]) -> Any:
    """Add ``block_function(block)`` over the blocks of a part, first to last; None for none."""
    remaining = iter(blocks)
    for first in remaining:
        return added(chain([block_function(first)], map(block_function, remaining)))
    return None


@dataclass(frozen=True, eq=False)
class Named:
    """A value in a task, with a unique name so that Dask need not hash the value."""

    name: str
    value: Any

    def __dask_tokenize__(self) -> str:
        """What Dask takes for a hash."""
        return self.name


@dataclass(frozen=True)
class Work:
    """What a pass took; adds up over its parts.

    ``rows`` and ``seconds`` by the address of the worker, ``bytes`` of results handed on.
    """

    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    bytes: int = 0

    def __add__(self, other: "Work") -> "Work":
        """Return the work of both."""
        workers = self.rows | other.rows
        return Work(
            {name: self.rows.get(name, 0) + other.rows.get(name, 0) for name in workers},
            {name: self.seconds.get(name, 0.0) + other.seconds.get(name, 0.0) for name in workers},
            self.bytes + other.bytes,
        )


@dataclass(frozen=True, eq=False)
class PartSum:
    """The sum over some parts, None where they have no rows, and what it took."""

    value: Any
    work: Work


def sum_part(part: Named, reader: PartReader, summing: Summing) -> PartSum:
    """Sum over a part while reading it."""
    return sum_blocks(reader.blocks(part.value), stored_rows(part.value), summing)


def add_neighbours(sums: list[PartSum]) -> PartSum:
    """Add the sums of neighbouring parts, first to last."""
    known = [one.value for one in sums if one.value is not None]
    work = added(one.work for one in sums)
    value = added(known) if known else None
    return PartSum(value, work + Work(bytes=travelling_bytes(value)))


def be_ready() -> None:
    """Load what the first task of a process needs: pyarrow loads pandas at its first scalar."""
    settle_process()
    pa.scalar(0.0)


def unnamed(named: Named) -> Any:
    """Return a value that many tasks need: as a task it is sent to each worker once."""
    return named.value


def sum_blocks(blocks: Iterable[Any], rows: int, summing: Summing) -> PartSum:
    """Sum over the blocks of a part of so many rows."""
    worker, begun = worker_address(), time.perf_counter()
    require_versions(summing.versions, worker)
    settle_process()
    value = _packed(
        summing.fold(blocks if summing.convert is None else map(summing.convert, blocks))
    )
    seconds = time.perf_counter() - begun
    return PartSum(value, Work({worker: rows}, {worker: seconds}, travelling_bytes(value)))


def _packed(value: Any) -> Any:
    """Return the value with gathered rows in one block: many small ones take longer to send."""
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(_packed, value))
    gathered = isinstance(value, list) and len(value) > 1 and isinstance(value[0], Block)
    return [concatenate(value)] if gathered else value


def stored_rows(part: Table) -> int:
    """Rows of a part, before any are chosen."""
    assert part.row_groups is not None
    return part.row_groups.num_rows


def worker_address() -> str:
    """Address of the worker that this task runs on."""
    from distributed import get_worker

    return str(get_worker().address)


def travelling_bytes(result: Any) -> int:
    """Bytes of a result as it is sent from one process to another."""
    from distributed.protocol import serialize
    from distributed.utils import nbytes

    return sum(nbytes(frame) for frame in serialize(result)[1])
