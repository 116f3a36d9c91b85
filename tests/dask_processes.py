"""A Dask scheduler and its workers as processes of their own, over TCP on this machine."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[1]
SECONDS = 60.0


class DaskProcesses:
    """Starts and kills the processes; each gets ``options``, and ``env`` in its environment."""

    def __init__(
        self, folder: Path, options: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> None:
        self.folder, self.options = folder, list(options)
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self.env = os.environ | {"PYTHONPATH": os.pathsep.join(paths)} | dict(env or {})
        self.file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", "--port", "0", "--no-show")
        self.address = self._address()

    def _start(
        self, kind: str, *options: str, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", "--host", "127.0.0.1"]
        command += ["--scheduler-file", str(self.file), "--no-dashboard", *self.options, *options]
        with (self.folder / f"{kind}.log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=self.folder, env=self.env | dict(env or {}), stdout=log, stderr=log
            )

    def _address(self) -> str:
        """Wait until the scheduler has written its address, and return it."""
        import json

        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            if self.file.exists() and (text := self.file.read_text()):
                return str(json.loads(text)["address"])
            time.sleep(0.05)
        raise TimeoutError((self.folder / "scheduler.log").read_text())

    def start_worker(
        self, threads: int = 1, *options: str, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a worker without a nanny, which would start it again."""
        options = ("--nthreads", str(threads), "--no-nanny", *options)
        worker = self._start("worker", *options, env=env)
        self.workers.append(worker)
        return worker

    def start_workers(self, number: int) -> "DaskProcesses":
        """Start workers, and wait until the scheduler knows them."""
        from distributed import Client

        for _ in range(number):
            self.start_worker()
        with Client(self.address, set_as_default=False, timeout=SECONDS) as client:
            client.wait_for_workers(number, timeout=SECONDS)
        return self

    def freeze(self, process: subprocess.Popen[bytes]) -> None:
        """Stop a process with its connections open, like a process that hangs."""
        process.send_signal(signal.SIGSTOP)

    def thaw(self, process: subprocess.Popen[bytes]) -> None:
        """Let a frozen process continue."""
        process.send_signal(signal.SIGCONT)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a process at once, as the system does when memory is short."""
        process.kill()
        process.wait()

    def __enter__(self) -> "DaskProcesses":
        """Return these processes, which already run."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Kill all processes."""
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@contextmanager
def soon(action: Callable[[], object], seconds: float = 0.3) -> Iterator[None]:
    """Run ``action`` after some seconds, while the block runs."""
    timer = threading.Timer(seconds, action)
    timer.start()
    yield
    timer.join()
