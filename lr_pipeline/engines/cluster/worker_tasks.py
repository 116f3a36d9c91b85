"""What the workers of a Dask cluster do with parts of a table: read, sum, and add up the sums."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any, Generic

import pyarrow as pa

from lr_pipeline.core.rows import Block, concatenate
from lr_pipeline.engines.cluster.worker_process import settle_process
from lr_pipeline.engines.cluster.worker_versions import require_versions, versions_here
from lr_pipeline.tables.aggregate import Found
from lr_pipeline.tables.errors import table_error
from lr_pipeline.tables.files.parquet import is_url
from lr_pipeline.tables.prefetch import prefetched
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table

Sums = tuple[Any, ...]
Fold = Callable[[Iterable[Any]], Sums | None]  # of some blocks, None for none
Combine = Callable[[Sums, Sums], Sums]


@dataclass(frozen=True, eq=False)
class Reading:
    """How a part is read: its ``columns``, ``block_rows`` rows at a time.

    Each block is made one of the design by the ``preparation``, or stays as it is stored.
    """

    columns: Sequence[str]
    block_rows: int | None
    preparation: Preparation | None = None

    def blocks(self, part: Table) -> Iterator[Any]:
        """Yield the blocks of a part, as made; errors as ``batches``.

        Those of a URL ahead of their use: of a file there is nothing to be waited for that the
        system does not read ahead, and another thread would take time from the other workers.
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
    """One pass: what is made of the blocks of a part, and how two results become one.

    ``versions``: those of the driver, which a worker that joined late may not have.
    """

    fold: Fold
    combine: Combine
    versions: dict[str, str] = field(default_factory=versions_here)


@dataclass(frozen=True, eq=False)
class BlockByBlock:
    """Combines ``block_function(block)`` over the blocks of a part, first to last."""

    block_function: Callable[[Any], Sums]
    combine: Combine

    def __call__(self, blocks: Iterable[Any]) -> Sums | None:
        """Sum; None for no blocks."""
        sums: Sums | None = None
        for block in blocks:
            found = self.block_function(block)
            sums = found if sums is None else self.combine(sums, found)
        return sums


@dataclass(frozen=True, eq=False)
class Gathering(Generic[Found]):
    """Begins anew with each part, and takes in its blocks."""

    begin: Callable[[], Found]

    def __call__(self, blocks: Iterable[pa.RecordBatch]) -> tuple[Found]:
        """What was found, in the place of a sum."""
        found = self.begin()
        for block in blocks:
            found.add(block)
        return (found,)


@dataclass(frozen=True, eq=False)
class Made:
    """A fold of what ``convert`` makes of each block."""

    convert: Callable[[Any], Any]
    fold: Fold

    def __call__(self, blocks: Iterable[Any]) -> Sums | None:
        """Sum; None for no blocks."""
        return self.fold(map(self.convert, blocks))


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
class Partial:
    """The sums over some parts, None where they have no rows, and what they took."""

    sums: Sums | None
    work: Work


def sum_part(part: Named, reading: Reading, summing: Summing) -> Partial:
    """Sum over a part while reading it."""
    return sum_blocks(reading.blocks(part.value), stored_rows(part.value), summing)


def combine_partials(partials: list[Partial], summing: Summing) -> Partial:
    """Add up neighbours, first to last."""
    known = [partial.sums for partial in partials if partial.sums is not None]
    work = reduce(Work.__add__, (partial.work for partial in partials))
    sums = reduce(summing.combine, known) if known else None
    return Partial(sums, work + Work(bytes=travelling_bytes(sums)))


def add_items(a: Sums, b: Sums) -> Sums:
    """Add item by item."""
    return tuple(x + y for x, y in zip(a, b, strict=True))


def largest_items(a: Sums, b: Sums) -> Sums:
    """Take the larger, item by item."""
    return tuple(max(x, y) for x, y in zip(a, b, strict=True))


def be_ready() -> None:
    """Load what a process's first task would have to: pyarrow loads pandas at its first scalar."""
    settle_process()
    pa.scalar(0.0)


def unnamed(named: Named) -> Any:
    """What many tasks need, as a task: it travels once to each worker, and again to a new one."""
    return named.value


def sum_blocks(blocks: Iterable[Any], rows: int, summing: Summing) -> Partial:
    """Sum over the blocks of a part of so many rows."""
    worker, begun = worker_address(), time.perf_counter()
    require_versions(summing.versions, worker)
    settle_process()
    sums = _packed(summing.fold(blocks))
    seconds = time.perf_counter() - begun
    return Partial(sums, Work({worker: rows}, {worker: seconds}, travelling_bytes(sums)))


def _packed(sums: Sums | None) -> Sums | None:
    """Rows that were gathered in one block: many small ones take longer to send."""
    return None if sums is None else tuple(map(_in_one_block, sums))


def _in_one_block(item: Any) -> Any:
    gathered = isinstance(item, list) and len(item) > 1 and isinstance(item[0], Block)
    return [concatenate(item)] if gathered else item


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
