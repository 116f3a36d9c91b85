"""A Dask cluster that sums over the parts of a stored table: the workers read, only sums travel."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lr_pipeline.engines.cluster_work import (
    Combine,
    Named,
    Partial,
    Reading,
    Summing,
    Sums,
    Work,
    combine_partials,
    hold_part,
    sum_held,
    sum_part,
    unnamed,
)
from lr_pipeline.tables.table import Table

if TYPE_CHECKING:
    from distributed import Client, Future

PARTIALS_AT_ONCE = 8
POLL_SECONDS = 0.5

Key = tuple[str, int]
PartsDone = Callable[[int, int], None]


class ClusterError(RuntimeError):
    """The cluster cannot be reached, has no workers, or lost them."""


@dataclass(frozen=True)
class ClusterSettings:
    """Which cluster: the scheduler at ``address``, or else worker processes of this machine.

    ``workers``: how many of those, one for each processor unless given; ``memory_limit`` of each
    is Dask's ("auto", "4GB"). ``connect_timeout``: seconds to wait for scheduler and workers.
    """

    address: str | None = None
    workers: int | None = None
    threads_per_worker: int = 1
    memory_limit: str = "auto"
    connect_timeout: float = 10.0


@dataclass(frozen=True, eq=False)
class PartedTable:
    """A table's parts as the cluster knows them: the first ``held`` stay in workers' memory."""

    parts: Sequence[Named]
    reading: Reading
    held: int
    token: str
    kept: "list[Future]"


class Cluster:
    """A client of a cluster that is open."""

    def __init__(self, client: "Client", settings: ClusterSettings) -> None:
        self.client, self.settings = client, settings
        self.passes: list[Work] = []

    def part(self, parts: Sequence[Table], reading: Reading, held: int = 0) -> PartedTable:
        """Make parts known, the first ``held`` of them to be read once and kept by workers."""
        token = uuid4().hex
        named = [Named(f"{token}-{number}", part) for number, part in enumerate(parts)]
        parted = PartedTable(named, reading, held, token, [])
        if held:
            keys = [_held(token, number) for number in range(held)]
            parted.kept.extend(self.client.get(_holding(parted), keys, sync=False))
        return parted

    def sum(
        self,
        table: PartedTable,
        block_function: Callable[[Any], Sums],
        combine: Combine,
        progress: PartsDone | None = None,
    ) -> Sums:
        """Combine ``block_function(block)`` over all blocks, in an order fixed by the parts alone.

        The blocks of a part first to last, then neighbouring partial sums, up to eight at a time,
        until one is left: whichever worker computes them, and whether or not again.
        """
        token = uuid4().hex
        graph, levels = _summing(table, Summing(block_function, combine), token)
        parts, root = levels[0], levels[-1][0]
        *leaves, last = self.client.get(graph, [*parts, root], sync=False)
        result = self._wait(last, leaves, progress)
        self.passes.append(result.work)
        if result.sums is None:
            raise ValueError("expected at least one row, found none")
        return result.sums

    def _wait(self, last: "Future", leaves: "list[Future]", progress: PartsDone | None) -> Partial:
        while True:
            try:
                result: Partial = last.result(timeout=POLL_SECONDS)
            except TimeoutError:
                if progress is not None:
                    progress(sum(leaf.done() for leaf in leaves), len(leaves))
            else:
                if progress is not None:
                    progress(len(leaves), len(leaves))
                return result


@contextmanager
def open_cluster(settings: ClusterSettings) -> Iterator[Cluster]:
    """Connect to the cluster at the address, or start workers here and stop them afterwards.

    Raises
    ------
    ClusterError
        No scheduler answers, or no worker joins, within ``connect_timeout``.
    """
    from distributed import Client, LocalCluster

    if settings.address is not None:
        with _connected(Client, settings.address, settings) as client:
            yield Cluster(client, settings)
        return
    with (
        LocalCluster(
            n_workers=settings.workers,
            threads_per_worker=settings.threads_per_worker,
            memory_limit=settings.memory_limit,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as local,
        _connected(Client, local, settings) as client,
    ):
        yield Cluster(client, settings)


@contextmanager
def _connected(kind: Any, address: Any, settings: ClusterSettings) -> Iterator["Client"]:
    """A client that sees at least one worker."""
    wait = settings.connect_timeout
    try:
        client = kind(address, timeout=wait, set_as_default=False)
    except OSError as error:
        raise ClusterError(
            f"expected a Dask scheduler at {address}, found none within {wait:g} s ({error}). "
            "Start one with `dask scheduler`, or correct the address"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=wait)
        except TimeoutError:
            raise ClusterError(
                f"expected workers of the Dask scheduler at {address}, found none within "
                f"{wait:g} s. Start some with `dask worker {address}`"
            ) from None
        yield client


def _held(token: str, number: int) -> Key:
    return f"lr_rows-{token}", number


def _holding(table: PartedTable) -> dict[Any, Any]:
    """The tasks that read the parts to be kept."""
    reading = f"lr_reading-{table.token}"
    graph: dict[Any, Any] = {reading: (unnamed, Named(reading, table.reading))}
    for number in range(table.held):
        graph[_held(table.token, number)] = (hold_part, table.parts[number], reading)
    return graph


def _summing(
    table: PartedTable, summing: Summing, token: str
) -> tuple[dict[Any, Any], list[list[Key]]]:
    """The tasks of a pass, and their keys level by level: parts, partial sums, the one sum.

    Tasks that read parts to be kept are among them under the same keys as before, so that one
    that was lost is read again.
    """
    reading, function = f"lr_reading-{table.token}", f"lr_function-{token}"
    graph = _holding(table) | {function: (unnamed, Named(function, summing))}
    keys: list[Key] = [(f"lr_part-{token}", number) for number in range(len(table.parts))]
    for number, key in enumerate(keys):
        part = table.parts[number]
        if number < table.held:
            graph[key] = (sum_held, _held(table.token, number), part, function)
        else:
            graph[key] = (sum_part, part, reading, function)
    levels = [keys]
    while len(levels) == 1 or len(levels[-1]) > 1:
        name, below = f"lr_sum{len(levels)}-{token}", levels[-1]
        groups = range(0, len(below), PARTIALS_AT_ONCE)
        levels.append([(name, number) for number in range(len(groups))])
        for key, start in zip(levels[-1], groups, strict=True):
            graph[key] = (combine_partials, below[start : start + PARTIALS_AT_ONCE], function)
    return graph, levels
