"""How long each process of the service takes to start, and its memory.

``python -m benchmarks.service_start`` prints both. Time and memory of a code location are those of
a process that loads the default one; the service is `lr-pipeline serve` on a fresh home, read once
every part is healthy.
"""

import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.chain import run_process
from benchmarks.speed import note
from tests.service_process import Service, wait_for

RUNS = 5
LOAD = [sys.executable, "-c", "import lr_pipeline.definitions"]
WORKSPACE = """\
load_from:
  - python_module: {module_name: lr_pipeline.definitions, location_name: lr_pipeline}
"""


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "workspace.yaml").write_text(WORKSPACE)
        loads = [run_process(LOAD, folder)[0] for _ in range(RUNS + 1)][1:]
        wall, processor, peak = (
            statistics.median(getattr(one, what) for one in loads)
            for what in ("wall", "processor", "peak")
        )
        note(f"code location loads in {wall:.2f} s ({processor:.2f} s processor), {peak:.0f} MB")
        start = time.perf_counter()
        service = Service(folder)
        try:
            if not wait_for(service.healthy, 300):
                raise RuntimeError((folder / "serve.txt").read_text())
            note(f"every part is healthy after {time.perf_counter() - start:.1f} s")
            for process, pid in service.pids().items():
                note(f"  {process}: {_memory(pid):.0f} MB")
                for child in psutil.Process(pid).children():
                    if "grpc" in " ".join(child.cmdline()):
                        note(f"  {process}, its inner process: {_memory(child.pid):.0f} MB")
        finally:
            service.process.send_signal(signal.SIGTERM)
            service.process.wait(60)


def _memory(pid: int) -> float:
    return float(psutil.Process(pid).memory_info().rss) / 1e6


if __name__ == "__main__":
    main()
