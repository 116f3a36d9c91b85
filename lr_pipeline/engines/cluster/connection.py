"""A client of a Dask cluster: of the scheduler at an address, or of workers started here."""

import asyncio
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from lr_pipeline.engines.cluster.cluster_settings import ClusterError, ClusterSettings
from lr_pipeline.engines.cluster.worker_tasks import be_ready

if TYPE_CHECKING:
    from distributed import Client


@contextmanager
def connected(settings: ClusterSettings) -> Iterator["Client"]:
    """Connect to a scheduler; where there is no address, start local workers first.

    Raises
    ------
    ClusterError
        Dask is not installed, the settings are unusable, or no scheduler answers within
        ``connect_timeout``.
    """
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise ClusterError(
            "expected the package distributed, found none. Install it: pip install "
            "'lr-pipeline[dask]'"
        ) from None
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        address = settings.address
        if address is None:
            address = stack.enter_context(_local_workers(settings))
        local = settings.address is None
        client = stack.enter_context(_client(address, settings.connect_timeout, local))
        if local:  # workers that were started here, and answer
            client.run(be_ready, on_error="ignore")
        yield client


@contextmanager
def _local_workers(settings: ClusterSettings) -> Iterator[str]:
    """Start local workers and yield the address of their scheduler."""
    from dask.utils import parse_bytes
    from distributed import LocalCluster

    if settings.memory_limit != "auto":
        try:
            usable = parse_bytes(settings.memory_limit) >= 0
        except ValueError:
            usable = False
        if not usable:
            raise ClusterError(
                "expected a memory_limit such as 4GB, or auto, found "
                f"{settings.memory_limit!r}. Correct it"
            )
    with LocalCluster(
        n_workers=settings.workers,
        threads_per_worker=settings.threads_per_worker,
        memory_limit=settings.memory_limit,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster.scheduler_address


@contextmanager
def _client(address: str, wait: float, local: bool) -> Iterator["Client"]:
    """Yield a client of the scheduler at this address.

    A large sample arrives in a third of the time when it comes straight from its worker, but only
    ``local`` workers can be reached for certain.
    """
    from distributed import Client

    try:
        _require_scheduler(address, wait)
        client = Client(
            address, timeout=wait, set_as_default=False, direct_to_workers=local or None
        )
    except (OSError, MemoryError) as error:  # another protocol may announce any length
        raise ClusterError(
            f"expected a Dask scheduler at {address}, found none within {wait:g} s "
            f"({_last_cause(error)}). Start one with `dask scheduler`, or correct the address"
        ) from None
    with client:
        yield client


def _require_scheduler(address: str, wait: float) -> None:
    """Ask the scheduler for its identity; without an answer Dask's client would wait for ever."""
    from distributed import Security, rpc
    from distributed.comm import parse_address, parse_host_port
    from distributed.comm.registry import get_backend

    try:
        scheme, place = parse_address(address)
        get_backend(scheme)
        parse_host_port(place)
    except ValueError as error:
        raise ClusterError(
            f"expected the address of a Dask scheduler, found {address!r} ({error}). Give one such "
            "as tcp://10.0.0.1:8786"
        ) from None
    arguments = Security().get_connection_args("client")
    if scheme == "tls" and not arguments["ssl_context"]:
        raise ClusterError(
            f"expected certificates for {address}, found none. Name them in Dask's configuration, "
            "distributed.comm.tls: ca-file, client.cert, client.key"
        )

    async def identity() -> dict[str, Any]:
        async with rpc(address, timeout=wait, connection_args=arguments) as there:
            found: dict[str, Any] = await asyncio.wait_for(there.identity(), wait)
            return found

    with ThreadPoolExecutor(1) as threads:  # in this one, a loop may be running
        found = threads.submit(asyncio.run, identity()).result()["type"]
    if found != "Scheduler":
        raise ClusterError(
            f"expected a Dask scheduler at {address}, found a {found}. Give the scheduler's address"
        )


def _last_cause(error: BaseException) -> str:
    """Return in one line what went wrong first."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).splitlines() or ["no answer"])[0]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from logging errors that are raised here, and workers that it replaces."""
    names = ["distributed", *logging.root.manager.loggerDict]
    loggers = [logging.getLogger(name) for name in names if name.split(".")[0] == "distributed"]
    levels = [(one, one.level) for one in loggers if one.level or one.name == "distributed"]
    for logger, _ in levels:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in levels:
            logger.setLevel(level)
