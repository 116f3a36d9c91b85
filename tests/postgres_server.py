"""A PostgreSQL server on the loopback, with its data in a temporary folder, for tests to stop."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60
# The data are lost with the folder, so nothing has to reach the disk.
FAST = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]


@dataclass(frozen=True)
class PostgresServer:
    """A server whose user ``tester`` needs no password; PostgreSQL refuses to run as root."""

    programs: Path
    folder: Path
    port: int

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = [*FAST, "-h", "127.0.0.1", "-p", str(self.port), "-k", str(self.folder)]
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", " ".join(options), "start")

    def stop(self, mode: str = "fast") -> None:
        """End the server and every connection to it; ``smart``: once all of them have ended."""
        self._run("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def new_database(self, name: str) -> str:
        """Create a database and return its URL."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "tester", name)
        return f"postgresql://tester@127.0.0.1:{self.port}/{name}"

    def _run(self, program: str, *arguments: str) -> None:
        user = {"user": "nobody"} if os.geteuid() == 0 else {}
        subprocess.run(
            [str(self.programs / program), *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            timeout=SECONDS,
            **user,
        )


def server_programs() -> Path | None:
    """The folder of PostgreSQL's server programs; Debian keeps it off the path."""
    if (found := shutil.which("initdb")) is not None:
        return Path(found).resolve().parent
    return next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)


@contextmanager
def running_server(programs: Path) -> Iterator[PostgresServer]:
    """Yield a new server that runs; it ends with the block, and its folder is removed.

    The folder is directly below the system's, since the other user cannot enter pytest's.
    """
    with tempfile.TemporaryDirectory(prefix="lr-postgres-") as name, socket.socket() as free:
        if os.geteuid() == 0:
            shutil.chown(name, "nobody")
        free.bind(("127.0.0.1", 0))
        server = PostgresServer(programs, Path(name), free.getsockname()[1])
        free.close()
        server._run("initdb", "-D", "data", "-U", "tester", "-A", "trust", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
