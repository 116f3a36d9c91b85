"""A Dask cluster that sums over the parts of a stored table: the workers read, only sums travel."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, wait
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lr_pipeline.engines.cluster.cluster_settings import ClusterError, ClusterSettings
from lr_pipeline.engines.cluster.connection import connected
from lr_pipeline.engines.cluster.liveness import Tell, Watch
from lr_pipeline.engines.cluster.pass_report import Pass
from lr_pipeline.engines.cluster.task_graph import (
    Key,
    PartedTable,
    keeping_tasks,
    summing_tasks,
)
from lr_pipeline.engines.cluster.worker_tasks import Fold, Named, PartReader, PartSum, Summing
from lr_pipeline.engines.cluster.worker_versions import require_same_versions
from lr_pipeline.tables.table import Table

if TYPE_CHECKING:
    from distributed import Client, Future

POLL_SECONDS = 0.5
FIRST_WORKER_SECONDS = 0.1
# So few bytes of a pass's sums stay with the workers until the next one begins: Dask's client
# speaks every 10 ms, and a word that they may go would hold up the next pass's tasks.
FEW_BYTES = 4 << 20

PartsDone = Callable[[int, int], None]


class Cluster:
    """A client of a cluster that is open.

    ``passes``: what each pass so far took, each for the ``asset`` of its time. ``dashboard``: its
    URL, empty where there is none.
    """

    asset = ""

    def __init__(self, client: "Client", settings: ClusterSettings, watch: Watch) -> None:
        self.client, self.settings, self.watch = client, settings, watch
        self.address = watch.address
        self.passes: list[Pass] = []
        self.dashboard = _dashboard(client)
        self._summed: list[Future] = []

    @property
    def memory(self) -> float:
        """Bytes that all workers together may use."""
        workers = self.watch.workers(self.settings.patience)
        return float(sum(worker.memory_limit for worker in workers))

    def part(
        self, parts: Sequence[Table], reader: PartReader, held: int = 0, kept: int = 0
    ) -> PartedTable:
        """Make parts known: the first ``held`` are read and kept in the workers' memory.

        The next ones, up to ``kept`` in all, are left in their files by the first pass.
        """
        token = uuid4().hex
        named = [Named(f"{token}-{number}", part) for number, part in enumerate(parts)]
        parted = PartedTable(named, reader, held, kept, token, [])
        if kept:
            parted.futures.extend(self._submit(keeping_tasks(parted), parted.kept_keys))
        return parted

    def sum(
        self,
        table: PartedTable,
        fold: Fold,
        convert: Callable[[Any], Any] | None = None,
        progress: PartsDone | None = None,
        gathers: bool = False,
    ) -> Any:
        """Add ``fold(blocks)`` of all parts, in an order fixed by the parts alone.

        Neighbours are added, up to eight at a time, until one sum is left: whichever worker adds
        them, and whether or not again. ``convert`` is applied to the blocks before. ``progress``
        is told how many parts are done; ``gathers`` says whether more is sent than sums.
        """
        if not table.parts:
            raise ValueError("expected at least one row, found none")
        self.watch.begin()
        token, begun = uuid4().hex, time.monotonic()
        graph, levels = summing_tasks(table, Summing(fold, convert), token)
        *leaves, last = self._submit(graph, [*levels[0], levels[-1][0]])
        self._summed.clear()
        result = self._result(leaves, last, progress or _unseen)
        if result.value is None:
            raise ValueError("expected at least one row, found none")
        if result.work.bytes <= FEW_BYTES:
            self._summed.extend([*leaves, last])
        items = result.value if isinstance(result.value, tuple) else (result.value,)
        gathers = gathers or any(isinstance(item, list) for item in items)
        self.passes.append(Pass(result.work, time.monotonic() - begun, gathers, self.asset))
        return result.value

    def _submit(self, graph: dict[Any, Any], keys: list[Key]) -> "list[Future]":
        """Ask for the results of some tasks."""
        from distributed.client import ClosedClientError

        try:
            futures: list[Future] = self.client.get(graph, keys, sync=False)
        except ClosedClientError:
            raise self.watch.gone() from None
        return futures

    def _result(self, leaves: "list[Future]", last: "Future", progress: PartsDone) -> PartSum:
        """The last sum, once it is here; meanwhile the cluster is watched."""
        from distributed import KilledWorker

        arriving = asyncio.run_coroutine_threadsafe(_arrived(last), self.client.loop.asyncio_loop)
        try:
            while not wait([arriving], timeout=POLL_SECONDS).done:
                done = sum(leaf.done() for leaf in leaves)
                progress(done, len(leaves))
                self.watch.look(done)
            result = arriving.result()
        except CancelledError:
            raise self.watch.cancelled() from None
        except KilledWorker as error:
            raise ClusterError(
                f"the workers of {self.address} end while they read or sum: {error}. Give them "
                "more memory, or set a smaller block_rows"
            ) from None
        finally:
            arriving.cancel()
        progress(len(leaves), len(leaves))
        return result


async def _arrived(future: "Future") -> PartSum:
    result: PartSum = await future
    return result


def _unseen(_done: int, _parts: int) -> None:
    """Nobody looks at the progress."""


def _untold(_message: str) -> None:
    """Nobody is told of what is amiss."""


def _dashboard(client: "Client") -> str:
    """URL of the scheduler's, empty where there is none."""

    async def link() -> str:  # in the client's own thread nothing is asked anew
        services = client.scheduler_info()["services"]
        return str(client.dashboard_link) if "dashboard" in services else ""

    found: str = client.sync(link)
    return found


@contextmanager
def open_cluster(settings: ClusterSettings, tell: Tell = _untold) -> Iterator[Cluster]:
    """Connect to the cluster at the address, or start workers here and stop them afterwards.

    Dask's own configuration holds for both: TLS certificates, timeouts, how workers spill.
    ``tell`` is told of workers or a scheduler that give no sign of life, while they are waited for.

    Raises
    ------
    ClusterError
        Dask is not installed; no scheduler answers, or no worker joins, within
        ``connect_timeout``.
    VersionMismatchError
        A worker has another Python, numpy or lr_pipeline.
    """
    with connected(settings) as client:
        watch = Watch(client, settings, tell)
        _require_workers(client, watch, settings.connect_timeout)
        yield Cluster(client, settings, watch)


def _require_workers(client: "Client", watch: Watch, seconds: float) -> None:
    """At least one that answers; those that answer have the same versions."""
    begun = time.monotonic()
    while not watch.workers(seconds):
        if time.monotonic() - begun >= seconds:
            raise ClusterError(
                f"expected workers of the Dask scheduler at {watch.address}, found none within "
                f"{seconds:g} s. Start some with `dask worker {watch.address}`"
            )
        time.sleep(FIRST_WORKER_SECONDS)
    try:
        require_same_versions(client, seconds)
    except TimeoutError:
        heard = watch.heard_within(seconds / 2)
        with suppress(TimeoutError):  # each task asks again
            require_same_versions(client, seconds, heard)
