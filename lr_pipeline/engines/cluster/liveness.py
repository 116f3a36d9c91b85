"""Check whether the scheduler of a Dask cluster and its workers give signs of life."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lr_pipeline.core.listed_names import listed
from lr_pipeline.engines.cluster.cluster_settings import ClusterError, ClusterSettings

if TYPE_CHECKING:
    from distributed import Client

LOOK_SECONDS = 2.0  # between two checks of a pass in which no task ends
ANSWER_SECONDS = 5.0  # for one question to the scheduler
QUIET_SECONDS = 10.0  # without a heartbeat; workers send one or two a second
MOST_NAMED = 3

Tell = Callable[[str], None]


@dataclass(frozen=True)
class WorkerState:
    """A worker as the scheduler sees it: bytes, tasks, and seconds since the last heartbeat."""

    address: str
    quiet: float
    paused: bool
    executing: int
    memory: int
    memory_limit: int


class Watch:
    """Checks a cluster through its scheduler; ``tell`` is called once for each problem."""

    def __init__(
        self,
        client: "Client",
        settings: ClusterSettings,
        tell: Tell,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client, self.settings, self.tell, self.clock = client, settings, tell, clock
        self.address = str(client.scheduler.address)
        self._beats: dict[str, tuple[float, float]] = {}  # last one: scheduler's time and ours
        self._told: set[str] = set()
        self._found: str | None = None  # message of the first error
        self.begin()

    def begin(self) -> None:
        """Begin a pass; raise again after a first error, so that nobody waits for it twice."""
        if self._found:
            raise ClusterError(self._found)
        self._done = -1
        self._answered = self._peopled = self._moved = self._looked = self.clock()

    def look(self, done: int) -> None:
        """Note that ``done`` tasks of the pass have ended, and check the cluster now and then.

        Raises
        ------
        ClusterError
            The scheduler is gone; or, for longer than the settings allow, it does not answer, there
            are no workers, or none computes.
        """
        now = self.clock()
        if done != self._done:
            self._done, self._answered = done, now
            self._peopled = self._moved = self._looked = now
        elif now - self._looked >= LOOK_SECONDS:
            workers = self.ask()
            if workers is not None:
                self._check(workers)
            self._looked = self.clock()

    def workers(self, wait: float) -> list[WorkerState]:
        """Return all workers once the scheduler answers; ``ClusterError`` after ``wait`` s."""
        self.begin()
        while (workers := self.ask(wait)) is None:
            pass
        return workers

    def heard_within(self, seconds: float) -> list[str]:
        """Return the addresses of workers with a recent heartbeat; a warning names the others."""
        found = self.workers(self.settings.connect_timeout)
        heard = [worker.address for worker in found if worker.quiet < seconds]
        if not heard:
            raise self._failed(
                f"expected an answer of a worker of {self.address} within "
                f"{self.settings.connect_timeout:g} s, found none of {len(found)}: they hang, or "
                "are stopped. Start them again"
            )
        for worker in found:
            if worker.quiet >= seconds:
                self._tell_silent(worker)
        return heard

    def ask(self, wait: float | None = None) -> list[WorkerState] | None:
        """Return all workers, or None if the scheduler does not answer in time."""
        wait = self.settings.patience if wait is None else wait
        if self.client.status != "running":
            raise self.gone()
        question = self.client.scheduler.identity
        seconds = min(ANSWER_SECONDS, wait)
        try:
            info = self.client.sync(question, n_workers=-1, callback_timeout=seconds)
        except TimeoutError:
            self._unanswered(wait)
            return None
        except OSError:
            raise self.gone() from None
        self._answered = self.clock()
        return [self._state(*item) for item in info["workers"].items()]

    def gone(self) -> ClusterError:
        """Return the error which says that the scheduler has ended."""
        return self._failed(
            f"expected the Dask scheduler at {self.address} until the end of the run, but it is "
            "gone. Start it and its workers, then run again"
        )

    def cancelled(self) -> ClusterError:
        """Return the error which says that the scheduler dropped this run's tasks, or ended."""
        if self.client.status != "running" or self.ask() is None:
            return self.gone()
        return self._failed(
            f"the Dask scheduler at {self.address} has cancelled the tasks of this run, as it does "
            "when someone calls Client.restart(). Run again"
        )

    def _unanswered(self, wait: float) -> None:
        seconds = self.clock() - self._answered
        if seconds >= wait:
            raise self._failed(
                f"expected an answer of the Dask scheduler at {self.address} within {wait:g} s, "
                "found none: its process hangs, or is stopped. Start it and its workers again, "
                "then run again"
            )
        self._tell_once(
            "scheduler",
            f"Dask scheduler at {self.address} has not answered for {seconds:.0f} s: waiting up "
            f"to {wait:g} s",
        )

    def _state(self, address: str, info: dict[str, Any]) -> WorkerState:
        now, seen = self.clock(), info["last_seen"]
        if self._beats.get(address, (None,))[0] != seen:  # compare no clocks: they may differ
            self._beats[address] = seen, now
        metrics = info["metrics"]
        return WorkerState(
            address,
            quiet=now - self._beats[address][1],
            paused=info["status"] == "paused",
            executing=metrics.get("task_counts", {}).get("executing", 0),
            memory=metrics.get("memory", 0),
            memory_limit=info["memory_limit"] or 0,
        )

    def _check(self, workers: Sequence[WorkerState]) -> None:
        """Warn of problems; raise an error where one has lasted for too long."""
        from distributed.scheduler import heartbeat_interval

        now, interval = self.clock(), heartbeat_interval(len(workers))
        quiet = min(max(QUIET_SECONDS, 10 * interval), self.settings.silence)
        silent = [worker for worker in workers if worker.quiet >= quiet]
        heard = [worker for worker in workers if worker.quiet < quiet]
        for worker in silent:
            self._tell_silent(worker)
        if workers:
            self._peopled = now
        elif now - self._peopled >= self.settings.connect_timeout:
            raise self._deserted()
        if any(worker.executing for worker in heard):
            self._moved = now
        elif (paused := [worker for worker in heard if worker.paused]) and not silent:
            self._require_patience(paused, now - self._moved)
        elif any(worker.quiet > 2 * interval for worker in heard):
            pass  # it will answer soon, or be named as silent
        elif workers and now - self._moved >= self.settings.silence:
            raise self._idle(silent)

    def _deserted(self) -> ClusterError:
        remedy = f"Start some with `dask worker {self.address}`"
        if self.settings.address is None:  # Dask restarts local workers whenever they end
            remedy = "Give them more memory (memory_limit), or set a smaller block_rows"
        return self._failed(
            f"the Dask scheduler at {self.address} has lost all its workers, and none came "
            f"back within {self.settings.connect_timeout:g} s. {remedy}, then run again"
        )

    def _require_patience(self, paused: Sequence[WorkerState], seconds: float) -> None:
        """Raise an error if workers stay paused for ``patience`` s; spilling may resume them."""
        held = listed((f"{one.address} holds {_of_limit(one)}" for one in paused), MOST_NAMED)
        if seconds >= self.settings.patience:
            raise self._failed(
                f"expected workers that compute, found none for {self.settings.patience:g} s, and "
                f"these paused for memory: {held}. Start them with more memory (`dask worker "
                "--memory-limit`), set a smaller block_rows, or cache=0, which holds no rows "
                "in memory"
            )
        if seconds >= min(QUIET_SECONDS, self.settings.patience / 2):
            limit = f"waiting up to {self.settings.patience:g} s"
            self._tell_once("paused", f"Dask workers are paused for memory: {held}; {limit}")

    def _idle(self, silent: Sequence[WorkerState]) -> ClusterError:
        whose = (
            listed([worker.address for worker in silent], MOST_NAMED)
            or "all answer, and none computes"
        )
        return self._failed(
            f"expected workers of {self.address} that compute or send a heartbeat, found neither "
            f"for {self.settings.silence:g} s: {whose}. End these processes, and the scheduler "
            "gives their tasks to others, or set a larger silence, then run again"
        )

    def _failed(self, found: str) -> ClusterError:
        self._found = found
        return ClusterError(found)

    def _tell_silent(self, worker: WorkerState) -> None:
        self._tell_once(
            worker.address,
            f"Dask worker {worker.address} has sent no heartbeat for {worker.quiet:.0f} s: the "
            "scheduler gives its tasks to others after worker-ttl, 5 to 10 minutes by default; "
            f"the run waits up to {self.settings.silence:g} s",
        )

    def _tell_once(self, about: str, message: str) -> None:
        if about not in self._told:
            self._told.add(about)
            self.tell(message)


def _of_limit(worker: WorkerState) -> str:
    return f"{worker.memory / 1e6:,.0f} MB of its {worker.memory_limit / 1e6:,.0f} MB"
