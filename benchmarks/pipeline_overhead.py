"""Measures the cost of Dagster: the whole run against a plain script that does the same work.

Run from the repository's root: ``python -m benchmarks.pipeline_overhead [pairs]``. Both are whole
processes, started in turn on warm caches; the ratio is taken pair by pair.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "plain script": [sys.executable, "-m", "benchmarks.plain_script", "plain"],
    "lr-pipeline run": [str(Path(sys.executable).parent / "lr-pipeline"), "run"],
}


def seconds(command: list[str], folder: Path) -> float:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DAGSTER_HOME": str(folder / "home")}
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def main(pairs: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for command in COMMANDS.values():  # warm-up: install, initialise, fill the page cache
            seconds(command, folder)
        times: dict[str, list[float]] = {label: [] for label in COMMANDS}
        for _ in range(pairs):  # in turn, so that drifts of the machine's speed affect both
            for label, command in COMMANDS.items():
                times[label].append(seconds(command, folder))
    plain, run = times.values()
    ratios = sorted(b / a for a, b in zip(plain, run, strict=True))
    print(f"All assets of the tutorial's table, {pairs} alternated pairs, seconds (wall):")
    for label, values in times.items():
        print(f"  {label:16} median {statistics.median(values):6.2f}  min {min(values):6.2f}")
    print(f"  ratio run / plain script: median {statistics.median(ratios):.2f}", end="")
    print(f"  (min {ratios[0]:.2f}, max {ratios[-1]:.2f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
