"""Compares ``lr-pipeline run FILE --target y`` with a plain script for the same job.

``python -m benchmarks.chain [--tables 100x10,1Mx20,10Mx20,10Mx20-text] [--runs 3] [--quick]``
writes benchmarks/results-chain.md. Both are whole processes, started in turn, imports included; a
first run of each on the smallest table is not counted. ``--quick`` takes at most 2,000 rows of each
table, to see that everything works.

The system counts the peak memory of the process that starts another one as the other's own, so this
process stays small: other processes write the tables.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.chain_tables import SHORT, TABLES, ChainTable
from benchmarks.speed import ROOT, note
from benchmarks.tables import PUBLISHED_SEED

OURS, PLAIN = "lr-pipeline run", "plain script"
RUNS = 3
QUICK_ROWS = 2_000
UNSET = {"DAGSTER_HOME", "PYTHONDONTWRITEBYTECODE"}  # a user's modules are compiled once


@dataclass(frozen=True)
class Process:
    """What a process took: wall and processor seconds, MB, and when it started (Unix time)."""

    wall: float
    processor: float
    peak: float
    started: float


@dataclass
class Side:
    """The processes of one side, the seconds of their steps, and the log loss of its models."""

    name: str
    processes: list[Process] = field(default_factory=list)
    steps: list[dict[str, float]] = field(default_factory=list)
    log_loss: dict[str, float] = field(default_factory=dict)

    def median(self, measure: str) -> float:
        """The median of ``wall``, ``processor`` or ``peak`` over the runs."""
        return float(np.median([getattr(one, measure) for one in self.processes]))

    def median_steps(self) -> dict[str, float]:
        """The median seconds of each step, in the order of the first run's steps."""
        return {
            step: float(np.median([run.get(step, 0.0) for run in self.steps]))
            for step in self.steps[0]
        }


@dataclass
class Comparison:
    """Both sides of one table."""

    table: ChainTable
    ours: Side = field(default_factory=lambda: Side(OURS))
    plain: Side = field(default_factory=lambda: Side(PLAIN))


def run_process(command: list[str], folder: Path) -> tuple[Process, str]:
    """Run a command in ``folder``; return what it took and what it printed.

    Raises
    ------
    RuntimeError
        The command failed.
    """
    environment = {name: text for name, text in os.environ.items() if name not in UNSET}
    environment["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryFile("w+") as output:
        started, start = time.time(), time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{text[-2000:]}")
    kilobytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    processor = used.ru_utime + used.ru_stime
    return Process(wall, processor, kilobytes * 1024 / 1e6, started), text


def run_plain(side: Side, file: Path, folder: Path) -> None:
    """Run the plain script once, and add its measurements."""
    parts = folder / "plain"
    parts.mkdir(exist_ok=True)
    script = str(Path(__file__).with_name("plain_chain.py"))
    process, text = run_process([sys.executable, script, str(file), str(parts)], folder)
    shutil.rmtree(parts)
    found = json.loads(text.splitlines()[-1])
    imports = process.wall - sum(found["steps"].values())
    _add(side, process, {"imports, start and end": imports, **found["steps"]}, found["log_loss"])


def run_ours(side: Side, file: Path, folder: Path) -> None:
    """Run the pipeline once in the home below ``folder``, and add its measurements."""
    home, artifacts = folder / "home", folder / "data" / "artifacts"
    command = str(Path(sys.executable).with_name("lr-pipeline"))
    options = ["--target", "y", "--home", str(home)]
    process, _ = run_process([command, "run", str(file), *options], folder)
    reader = [sys.executable, "-m", "benchmarks.chain_steps", str(home)]
    _, text = run_process([*reader, str(process.started), str(process.wall)], folder)
    (report,) = artifacts.glob("*/evaluation_report/*/report.json")
    numbers = json.loads(report.read_text())
    models = numbers["models"]
    # A run has the system forget its peak at each asset, so that it tells only the last one's.
    peaks = [cost["peak_mb"] for cost in numbers["run"]["costs"] if cost["peak_mb"]]
    process = replace(process, peak=max(process.peak, *peaks))
    for stored in artifacts.glob("*/*"):
        if stored.name != "champion":  # the next run's challenger is tested against it
            shutil.rmtree(stored)
    losses = {name: metrics["log_loss"] for name, metrics in models.items()}
    _add(side, process, json.loads(text.splitlines()[-1]), losses)


def _add(side: Side, process: Process, steps: dict[str, float], losses: dict[str, Any]) -> None:
    side.processes.append(process)
    side.steps.append(steps)
    side.log_loss = losses
    note(
        f"  {side.name}: {process.wall:.1f} s, processor {process.processor:.1f} s, "
        f"{process.peak:.0f} MB"
    )


def write_table(name: str, rows: int, seed: int, file: Path) -> None:
    """Write a table in a process of its own."""
    arguments = [name, str(rows), str(seed), str(file)]
    run_process([sys.executable, "-m", "benchmarks.chain_tables", *arguments], file.parent)


def compare(name: str, runs: int, seed: int, most_rows: int | None, folder: Path) -> Comparison:
    """Write a table and run both sides on it in turn."""
    rows = min(TABLES[name].numbers.rows, most_rows or sys.maxsize)
    comparison = Comparison(TABLES[name].with_rows(rows))
    note(f"{comparison.table.title}: writing the file")
    file = folder / f"rows_{name.replace('-', '_')}.parquet"
    write_table(name, rows, seed, file)
    for _ in range(runs):
        run_plain(comparison.plain, file, folder)
        run_ours(comparison.ours, file, folder)
    file.unlink()
    return comparison


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=PUBLISHED_SEED)
    parser.add_argument("--quick", action="store_true", help="at most 2,000 rows of each table")
    parser.add_argument("--out", type=Path, help="the page [default: benchmarks/results-chain.md]")
    return parser.parse_args()


def main() -> None:
    from benchmarks.chain_report import RESULTS, page

    chosen = arguments()
    most_rows = QUICK_ROWS if chosen.quick else None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compare(SHORT, 1, chosen.seed, most_rows, folder)  # warms caches, prepares the home
        found = {
            table: compare(table, chosen.runs, chosen.seed, most_rows, folder)
            for table in chosen.tables.split(",")
        }
    out = chosen.out or RESULTS
    out.write_text(page(found, chosen.seed), encoding="utf-8")
    note(f"{out} written")


if __name__ == "__main__":
    main()
