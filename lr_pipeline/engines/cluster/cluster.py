"""A Dask cluster that sums over the parts of a stored table: workers read, only sums are sent."""

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
from lr_pipeline.engines.cluster.worker_tasks import Named, PartReader, PartSum, Reduction, Summing
from lr_pipeline.engines.cluster.worker_versions import require_same_versions
from lr_pipeline.tables.table import Table

if TYPE_CHECKING:
    from distributed import Client, Future

POLL_SECONDS = 0.5
FIRST_WORKER_SECONDS = 0.1

PartsDone = Callable[[int, int], None]


class Cluster:
    """A client of an open cluster.

    ``passes``: what each pass so far took, with the ``asset`` it was made for. ``dashboard``: URL
    of the dashboard, empty where there is none.
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
        """Register the parts of a table; the first ``held`` are read and kept in workers' memory.

        The first pass writes the next ones, up to ``kept`` in all, to temporary files.
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
        reduction: Reduction,
        convert: Callable[[Any], Any] | None = None,
        progress: PartsDone | None = None,
        gathers: bool = False,
    ) -> Any:
        """Add ``reduction(blocks)`` of all parts, in an order fixed by the parts alone.

        Up to eight neighbouring sums are added at a time until one sum is left. The order does not
        depend on which worker adds them, or on repeated tasks. ``convert`` is applied to the blocks
        first. ``progress`` receives the number of finished parts; ``gathers`` says whether more is
        sent than sums.
        """
        if not table.parts:
            raise ValueError("expected at least one row, found none")
        self.watch.begin()
        token, begun = uuid4().hex, time.monotonic()
        graph, levels = summing_tasks(table, Summing(reduction, convert), token)
        *leaves, last = self._submit(graph, [*levels[0], levels[-1][0]])
        self._summed.clear()
        result = self._result(leaves, last, progress or _unseen)
        if result.value is None:
            raise ValueError("expected at least one row, found none")
        if result.work.bytes <= self.settings.limits.few_bytes:
            self._summed.extend([*leaves, last])
        items = result.value if isinstance(result.value, tuple) else (result.value,)
        gathers = gathers or any(isinstance(item, list) for item in items)
        self.passes.append(Pass(result.work, time.monotonic() - begun, gathers, self.asset))
        return result.value

    def _submit(self, graph: dict[Any, Any], keys: list[Key]) -> "list[Future]":
        """Submit the tasks of ``graph`` and return futures of ``keys``."""
        from distributed.client import ClosedClientError

        try:
            futures: list[Future] = self.client.get(graph, keys, sync=False)
        except ClosedClientError:
            raise self.watch.gone() from None
        return futures

    def _result(self, leaves: "list[Future]", last: "Future", progress: PartsDone) -> PartSum:
        """Wait for the final sum and return it; check the cluster meanwhile."""
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
    """Ignore the progress."""


def _untold(_message: str) -> None:
    """Ignore the warning."""


def _dashboard(client: "Client") -> str:
    """Return the URL of the scheduler's dashboard, empty where there is none."""

    async def link() -> str:  # in the client's own thread no request is sent
        services = client.scheduler_info()["services"]
        return str(client.dashboard_link) if "dashboard" in services else ""

    found: str = client.sync(link)
    return found


@contextmanager
def open_cluster(settings: ClusterSettings, tell: Tell = _untold) -> Iterator[Cluster]:
    """Connect to the cluster at the address, or start workers here and stop them afterwards.

    Dask's own configuration applies to both: TLS certificates, timeouts, how workers spill.
    ``tell`` is called with a message when workers or the scheduler give no sign of life.

    Raises
    ------
    ClusterError
        Dask is not installed; no scheduler answers, or no worker joins, within
        ``connect_timeout``.
    VersionMismatchError
        A worker has another version of Python, numpy or lr_pipeline.
    """
    with connected(settings) as client:
        watch = Watch(client, settings, tell)
        _require_workers(client, watch, settings.connect_timeout)
        yield Cluster(client, settings, watch)


def _require_workers(client: "Client", watch: Watch, seconds: float) -> None:
    """Require that at least one worker answers, and that all that answer have the same versions."""
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
        with suppress(TimeoutError):  # each task checks again
            require_same_versions(client, seconds, heard)
