"""A Dask cluster that sums over the parts of a stored table: the workers read, only sums travel."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from lr_pipeline.engines.cluster_graph import (
    Key,
    PartedTable,
    held_key,
    holding_tasks,
    summing_tasks,
)
from lr_pipeline.engines.cluster_passes import Pass
from lr_pipeline.engines.cluster_versions import require_same_versions
from lr_pipeline.engines.cluster_work import Combine, Fold, Named, Partial, Reading, Summing, Sums
from lr_pipeline.tables.table import Table
from lr_pipeline.tables.visit import Gatherer

if TYPE_CHECKING:
    from distributed import Client, Future

POLL_SECONDS = 0.5

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


class Cluster:
    """A client of a cluster that is open.

    ``passes``: what each pass so far took, each for the ``asset`` of its time. ``dashboard``: its
    URL, empty where there is none.
    """

    asset = ""

    def __init__(self, client: "Client", settings: ClusterSettings) -> None:
        self.client, self.settings = client, settings
        self.address = str(client.scheduler.address)
        self.passes: list[Pass] = []
        services = client.scheduler_info()["services"]
        self.dashboard = str(client.dashboard_link) if "dashboard" in services else ""
        self._seen = time.monotonic()

    @property
    def memory(self) -> float:
        """Bytes that all workers together may use."""
        return float(sum(worker["memory_limit"] or 0 for worker in self._workers(every=True)))

    def part(self, parts: Sequence[Table], reading: Reading, held: int = 0) -> PartedTable:
        """Make parts known, the first ``held`` of them to be read once and kept by workers."""
        token = uuid4().hex
        named = [Named(f"{token}-{number}", part) for number, part in enumerate(parts)]
        parted = PartedTable(named, reading, held, token, [])
        if held:
            keys = [held_key(token, number) for number in range(held)]
            parted.kept.extend(self._submit(holding_tasks(parted), keys))
        return parted

    def sum(
        self,
        table: PartedTable,
        fold: Fold,
        combine: Combine,
        progress: PartsDone | None = None,
    ) -> Sums:
        """Combine ``fold(blocks)`` of all parts, in an order fixed by the parts alone.

        Neighbours are combined, up to eight at a time, until one is left: whichever worker
        computes them, and whether or not again. ``progress`` is told how many parts are done.
        """
        if not table.parts:
            raise ValueError("expected at least one row, found none")
        token, begun = uuid4().hex, time.monotonic()
        graph, levels = summing_tasks(table, Summing(fold, combine), token)
        *leaves, last = self._submit(graph, [*levels[0], levels[-1][0]])
        while (result := self._result(last)) is None:
            if progress is not None:
                progress(sum(leaf.done() for leaf in leaves), len(leaves))
        if progress is not None:
            progress(len(leaves), len(leaves))
        if result.sums is None:
            raise ValueError("expected at least one row, found none")
        gathers = any(isinstance(item, list | Gatherer) for item in result.sums)
        self.passes.append(Pass(result.work, time.monotonic() - begun, gathers, self.asset))
        return result.sums

    def _submit(self, graph: dict[Any, Any], keys: list[Key]) -> "list[Future]":
        """Ask for the results of some tasks."""
        from distributed.client import ClosedClientError

        try:
            futures: list[Future] = self.client.get(graph, keys, sync=False)
        except ClosedClientError:
            raise self._gone() from None
        return futures

    def _result(self, future: "Future") -> Partial | None:
        """The result, or None after half a second in which there were workers at least."""
        from distributed import KilledWorker

        try:
            result: Partial = future.result(timeout=POLL_SECONDS)
        except TimeoutError:
            if future.status == "error" and isinstance(future.exception(), TimeoutError):
                raise  # the task's own
            self._require_workers()
            return None
        except CancelledError:
            raise self._gone() from None
        except KilledWorker as error:
            raise ClusterError(
                f"the workers of {self.address} end while they read or sum: {error}. Give them "
                "more memory, or set a smaller block_rows"
            ) from None
        return result

    def _workers(self, every: bool = False) -> list[dict[str, Any]]:
        """What the scheduler knows of some workers, or of all."""
        info = self.client.scheduler_info(n_workers=-1 if every else 1)
        if self.client.status != "running":
            raise self._gone()
        return list(info["workers"].values())

    def _require_workers(self) -> None:
        """An error where there have been none for too long."""
        now = time.monotonic()
        if self._workers():
            self._seen = now
        elif now - self._seen > self.settings.connect_timeout:
            raise ClusterError(
                f"the Dask scheduler at {self.address} has lost all its workers, and none came "
                f"back within {self.settings.connect_timeout:g} s. Start some with "
                f"`dask worker {self.address}`, then run again"
            )

    def _gone(self) -> ClusterError:
        return ClusterError(
            f"expected the Dask scheduler at {self.address} until the end of the run, but it is "
            "gone. Start it and its workers, then run again"
        )


@contextmanager
def open_cluster(settings: ClusterSettings) -> Iterator[Cluster]:
    """Connect to the cluster at the address, or start workers here and stop them afterwards.

    Dask's own configuration holds for both: TLS certificates, timeouts, how workers spill.

    Raises
    ------
    ClusterError
        Dask is not installed; no scheduler answers, or no worker joins, within
        ``connect_timeout``.
    VersionMismatchError
        A worker has another Python, numpy or lr_pipeline.
    """
    try:
        import distributed
    except ImportError:
        raise ClusterError(
            "expected the package distributed, found none. Install it: pip install "
            "'lr-pipeline[dask]'"
        ) from None
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        address = settings.address
        if address is None:
            local = distributed.LocalCluster(
                n_workers=settings.workers,
                threads_per_worker=settings.threads_per_worker,
                memory_limit=settings.memory_limit,
                processes=True,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",
            )
            address = stack.enter_context(local).scheduler_address
        client = stack.enter_context(_connected(address, settings.connect_timeout))
        require_same_versions(client)
        yield Cluster(client, settings)


@contextmanager
def _connected(address: str, wait: float) -> Iterator["Client"]:
    """A client that sees at least one worker."""
    from distributed import Client, Security
    from distributed.comm import parse_address, parse_host_port
    from distributed.comm.registry import get_backend

    if address.startswith("tls") and not Security().get_connection_args("client")["ssl_context"]:
        raise ClusterError(
            f"expected certificates for {address}, found none. Name them in Dask's configuration, "
            "distributed.comm.tls: ca-file, client.cert, client.key"
        )
    try:
        scheme, place = parse_address(address)
        get_backend(scheme)
        parse_host_port(place)
        client = Client(address, timeout=wait, set_as_default=False)
    except ValueError as error:
        raise ClusterError(
            f"expected the address of a Dask scheduler, found {address!r} ({error}). Give one such "
            "as tcp://10.0.0.1:8786"
        ) from None
    except OSError as error:
        raise ClusterError(
            f"expected a Dask scheduler at {address}, found none within {wait:g} s "
            f"({_last_cause(error)}). Start one with `dask scheduler`, or correct the address"
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


def _last_cause(error: BaseException) -> str:
    """What went wrong first, in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).splitlines() or [type(error).__name__])[0]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from logging what is raised here, or what ends well: a worker that was lost."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
