"""Settings of a Dask cluster: which one, and how long to wait for it; and its error."""

from dataclasses import dataclass, fields

LOCAL = ("workers", "threads_per_worker", "memory_limit")


@dataclass(frozen=True)
class PartLimits:
    """Limits of the parts of a table; tests lower them, so that small tables have many parts.

    A part's design has ``least_bytes`` to ``most_bytes``; there are at most ``most_parts``. Each
    part is a task, which costs some milliseconds; with fewer than ``enough_parts`` workers would be
    idle at the end of a pass. Sums of at most ``few_bytes`` stay with the workers until the next
    pass begins: Dask's client sends messages every 10 ms, and to release them delays its tasks.
    """

    least_bytes: int = 4 << 20
    most_bytes: int = 64 << 20
    enough_parts: int = 32
    most_parts: int = 4096
    few_bytes: int = 4 << 20


PART_LIMITS = PartLimits()


class ClusterError(RuntimeError):
    """The cluster cannot be reached, has no workers, lost its workers, or does not compute."""


@dataclass(frozen=True)
class ClusterSettings:
    """Which cluster to use: the scheduler at ``address``, or else worker processes of this machine.

    ``workers`` is the number of these processes, one for each processor unless given;
    ``memory_limit`` is the limit of each as Dask writes it ("auto", "4GB"). ``limits``: of parts.

    The driver waits without limit for a worker that computes. All other waits end (in seconds):

    - ``connect_timeout``: for the scheduler's first answer, for a first worker and its versions,
      and for another worker after all were lost.
    - ``patience``: while the scheduler does not answer, or while nothing is computed because
      workers are paused for memory.
    - ``silence``: while nothing is computed otherwise, as when the rest of a pass is with workers
      that are frozen and send no heartbeat. More than the 5 to 10 minutes after which Dask's
      scheduler gives their tasks to others (``distributed.scheduler.worker-ttl``).

    Raises
    ------
    ClusterError
        A number is not positive, or local workers are described beside an ``address``.
    """

    address: str | None = None
    workers: int | None = None
    threads_per_worker: int = 1
    memory_limit: str = "auto"
    connect_timeout: float = 10.0
    patience: float = 60.0
    silence: float = 900.0
    limits: PartLimits = PART_LIMITS

    def __post_init__(self) -> None:
        for name in ("workers", "threads_per_worker", "connect_timeout", "patience", "silence"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ClusterError(f"expected {name} above 0, found {value!r}. Correct it")
        given = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)
            if field.name in LOCAL and getattr(self, field.name) != field.default
        ]
        if self.address is not None and given:
            raise ClusterError(
                f"expected no settings of local workers beside the scheduler {self.address!r} "
                "(address, or DASK_SCHEDULER_ADDRESS), whose workers have their own, found "
                f"{', '.join(given)}. Give one or the other"
            )
