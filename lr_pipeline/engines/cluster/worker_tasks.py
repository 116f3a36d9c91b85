"""Tasks of the workers of a Dask cluster: read parts of a table, sum them, and add the sums."""

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

# Makes the sum of a part from its blocks; None where there is no block.
Reduction = Callable[[Iterable[Any]], Any]


@dataclass(frozen=True, eq=False)
class PartReader:
    """How a part is read: its ``columns``, ``block_rows`` rows at a time.

    The ``preparation`` makes the design of each block; without one, blocks stay as stored.
    """

    columns: Sequence[str]
    block_rows: int | None
    preparation: Preparation | None = None

    def blocks(self, part: Table) -> Iterator[Any]:
        """Yield the prepared blocks of a part; raises the errors of ``batches``.

        Blocks of a URL are read ahead of their use. For a file the system reads ahead by itself,
        and another thread would take time from the other workers.
        """
        made: Iterable[Any] = self.batches(part)
        if self.preparation is not None:
            made = map(self.preparation.block, made)
        return prefetched(made) if is_url(part.data) else iter(made)

    def batches(self, part: Table) -> Iterator[pa.RecordBatch]:
        """Yield the blocks as stored; raise ``TableError`` if this worker cannot see the file."""
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
    """One pass: ``convert`` is applied to each block, and ``reduction`` makes a part's sum of them.

    ``versions``: the driver's, which a worker that joined late may not have.
    """

    reduction: Reduction
    convert: Callable[[Any], Any] | None = None
    versions: dict[str, str] = field(default_factory=versions_here)


def added_blocks(block_function: Callable[[Any], Any], blocks: Iterable[Any]) -> Any:
    """Add ``block_function(block)`` over the blocks of a part in order; None without blocks."""
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
        """Return the name, which Dask uses as a hash."""
        return self.name


@dataclass(frozen=True)
class Work:
    """What a pass took; the work of its parts can be added.

    ``rows`` and ``seconds`` by worker address; ``bytes``: the size of results that were sent.
    """

    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    bytes: int = 0

    def __add__(self, other: "Work") -> "Work":
        """Return the sum of both works."""
        workers = self.rows | other.rows
        return Work(
            {name: self.rows.get(name, 0) + other.rows.get(name, 0) for name in workers},
            {name: self.seconds.get(name, 0.0) + other.seconds.get(name, 0.0) for name in workers},
            self.bytes + other.bytes,
        )


@dataclass(frozen=True, eq=False)
class PartSum:
    """The sum over some parts (None where they have no rows), and the work that it took."""

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
    """Load what the first task of a process needs; pyarrow loads pandas with its first scalar."""
    settle_process()
    pa.scalar(0.0)


def unnamed(named: Named) -> Any:
    """Return a value that many tasks need; as a task's result it is sent once to each worker."""
    return named.value


def sum_blocks(blocks: Iterable[Any], rows: int, summing: Summing) -> PartSum:
    """Sum over the blocks of a part of ``rows`` rows."""
    worker, begun = worker_address(), time.perf_counter()
    require_versions(summing.versions, worker)
    settle_process()
    value = _packed(
        summing.reduction(blocks if summing.convert is None else map(summing.convert, blocks))
    )
    seconds = time.perf_counter() - begun
    return PartSum(value, Work({worker: rows}, {worker: seconds}, travelling_bytes(value)))


def _packed(value: Any) -> Any:
    """Return the value with gathered rows in one block; many small ones take longer to send."""
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(map(_packed, value))
    gathered = isinstance(value, list) and len(value) > 1 and isinstance(value[0], Block)
    return [concatenate(value)] if gathered else value


def stored_rows(part: Table) -> int:
    """Return the number of rows of a part, before any are chosen."""
    assert part.row_groups is not None
    return part.row_groups.num_rows


def worker_address() -> str:
    """Return the address of the worker that runs this task."""
    from distributed import get_worker

    return str(get_worker().address)


def travelling_bytes(result: Any) -> int:
    """Return the size in bytes of a result as it is sent between processes."""
    from distributed.protocol import serialize
    from distributed.utils import nbytes

    return sum(nbytes(frame) for frame in serialize(result)[1])
