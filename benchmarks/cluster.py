"""Compares fits on a cluster: ours with two workers, ours in one process, Spark MLlib, dask-glm.

``python -m benchmarks.cluster [--rows 10000000] [--runs 3] [--scratch FOLDER]``. Each fit runs in a
process of its own, in turn, and starts what it needs: workers, a JVM. The seconds are from the file
to the coefficients, without imports and that start, which is reported separately. Before each fit,
another process writes to a third of the machine's memory: a virtual machine may have returned it to
its host, and the first process that touches it again would wait for it. A folder for ``--scratch``
keeps the table, its optimum and the peers' tolerances for the next time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import cluster_fits
from benchmarks.optimum import QUALIFIES, Optimum, find_optimum
from benchmarks.peers import LADDER
from benchmarks.results import machine
from benchmarks.speed import note
from benchmarks.streaming import ROOT, RUNS, read_blocks, write_table
from benchmarks.tables import PUBLISHED_SEED, STREAMED, TableSpec
from lr_pipeline.tables.files.parquet import BLOCK_BYTES, rows_within

PLAIN, DASK, CACHED = "Parquet engine", "DaskEngine, cache=0", "DaskEngine, default"
SPARK, DASK_GLM = "Spark MLlib", "dask-glm newton"
FIT_LIMIT = 400.0  # seconds
SLOW, SLOW_RUNS = 60.0, 2  # a side that takes more seconds runs less often
OWN: tuple[float, ...] = (1e-4,)  # the tolerance of ours.LIKE_PEERS


@dataclass(frozen=True)
class Case:
    """A side: its fit, the package it needs, its tolerances from the default downwards."""

    fit: cluster_fits.Side
    package: str = "lr-pipeline"
    ladder: tuple[float, ...] = OWN


CASES = {
    PLAIN: Case(cluster_fits.parquet_engine),
    DASK: Case(cluster_fits.dask_engine, "distributed"),
    CACHED: Case(cluster_fits.dask_engine_cached, "distributed"),
    SPARK: Case(cluster_fits.spark, "pyspark", LADDER[2:]),
    DASK_GLM: Case(cluster_fits.dask_glm, "dask-glm", LADDER),
}


@dataclass
class Side:
    """The measurements of a side: seconds, MB by process, the distance in standard errors."""

    name: str
    tolerance: float | None = None
    distance: float = float("inf")
    remark: str = ""
    times: list[float] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    peaks: dict[str, float] = field(default_factory=dict)

    @property
    def qualifies(self) -> bool:
        return self.distance <= QUALIFIES

    @property
    def median(self) -> float:
        return float(np.median(self.times)) if self.times else float("inf")

    @property
    def median_start(self) -> float:
        return float(np.median(self.starts))


def measure_here(name: str, path: Path, tolerance: float) -> dict[str, Any]:
    """Fit once in this process."""
    begun = time.perf_counter()
    steps = CASES[name].fit(path, tolerance)
    next(steps)
    started = time.perf_counter()
    parameters = next(steps)
    ended = time.perf_counter()
    found = {"parameters": parameters.tolist(), "peaks": next(steps)}
    next(steps, None)
    return found | {"start": started - begun, "seconds": ended - started}


def touch_memory() -> None:
    """Write to a third of the machine's memory, in a process of its own, before a timed fit."""
    numbers = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 3 // 8
    subprocess.run([sys.executable, "-c", f"import numpy; numpy.ones({numbers})"], check=True)


def measure(side: Side, path: Path, optimum: Optimum) -> None:
    """Fit once in a process of its own; an error becomes the side's remark."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "found.json"
        command = [sys.executable, "-m", "benchmarks.cluster", "--file", str(path)]
        command += ["--side", side.name, "--tolerance", str(side.tolerance), "--out", str(out)]
        try:
            child = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, timeout=FIT_LIMIT, check=False
            )
            side.remark = "" if out.exists() else _last_line(child.stderr)
        except subprocess.TimeoutExpired:
            side.remark = f"out of time after {FIT_LIMIT:.0f} s"
        if side.remark:
            note(f"  {side.name}: {side.remark}")
            return
        found = json.loads(out.read_text())
    side.distance = optimum.distance(np.array(found["parameters"]))
    side.times.append(found["seconds"])
    side.starts.append(found["start"])
    for process, peak in found["peaks"].items():
        side.peaks[process] = max(peak, side.peaks.get(process, 0.0))
    peaks = ", ".join(f"{process} {peak:.0f} MB" for process, peak in found["peaks"].items())
    note(f"  {side.name}: {found['seconds']:.1f} s, {peaks}, {side.distance:.1e}")


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "the process ended without a word"


def prepared(name: str, path: Path, optimum: Optimum, known: dict[str, float]) -> Side:
    """Return a side at the tolerance to measure: for a peer the loosest that qualifies.

    Our own fits have one tolerance; a peer's tolerance that is already known is not searched again.
    """
    case, side = CASES[name], Side(name)
    try:
        version(case.package)
    except PackageNotFoundError:
        side.remark = f"not installed: pip install {case.package}"
        return side
    if name in known or case.ladder is OWN:
        return replace(side, tolerance=known.get(name, OWN[0]))
    for tolerance in case.ladder:
        side = Side(name, tolerance)
        measure(side, path, optimum)
        if side.remark or side.qualifies:
            break
    return side


def compare(path: Path, optimum: Optimum, runs: int, names: list[str]) -> list[Side]:
    """Find the peers' tolerances, store them beside the table, and measure all sides in turn."""
    kept = path.with_suffix(".tolerances.json")
    known = json.loads(kept.read_text()) if kept.exists() else {}
    sides = [prepared(name, path, optimum, known) for name in names]
    able = [side for side in sides if not side.remark and (side.qualifies or not side.times)]
    peers = {side.name: side.tolerance for side in able if CASES[side.name].ladder is not OWN}
    kept.write_text(json.dumps(peers))
    for side in able:
        side.times, side.starts = [], []
    for number in range(runs):
        for side in able:
            if number < SLOW_RUNS or side.median <= SLOW:
                touch_memory()
                measure(side, path, optimum)
    return sides


@contextmanager
def stored_table(
    spec: TableSpec, seed: int, scratch: Path | None
) -> Iterator[tuple[Path, Optimum]]:
    """The path of the table, with row groups as the pipeline stores them, and its optimum."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = scratch or Path(temporary)
        folder.mkdir(exist_ok=True)
        path = folder / f"{spec.rows}x{spec.columns}-{seed}.parquet"
        known = path.with_suffix(".optimum.json")
        if not known.exists():
            note(f"{spec.name}: writing the file, finding the optimum")
            write_table(spec, seed, path, rows_within(BLOCK_BYTES, spec.columns))
            found = asdict(find_optimum(lambda: read_blocks(path)))
            known.write_text(json.dumps(found, default=np.ndarray.tolist))
        values = json.loads(known.read_text())
        parameters, errors = (np.array(values[k]) for k in ("parameters", "standard_errors"))
        yield path, Optimum(parameters, errors, values["decrement"])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=STREAMED.rows)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=PUBLISHED_SEED)
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--prepare", action="store_true", help="write the table and its optimum")
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--tolerance", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    if chosen.side:
        chosen.out.write_text(json.dumps(measure_here(chosen.side, chosen.file, chosen.tolerance)))
        return
    from benchmarks.cluster_report import PACKAGES, RESULTS, page

    spec = replace(STREAMED, name=f"{chosen.rows:,} × {STREAMED.columns}", rows=chosen.rows)
    with stored_table(spec, chosen.seed, chosen.scratch) as (path, optimum):
        if chosen.prepare:
            return
        note(f"{spec.name}: {path.stat().st_size / 1e9:.2f} GB")
        here = machine(PACKAGES)
        sides = compare(path, optimum, chosen.runs, list(CASES))
    RESULTS.write_text(page(spec, chosen.seed, here, sides), encoding="utf-8")
    note(f"{RESULTS.relative_to(ROOT)} written")


if __name__ == "__main__":
    main()
