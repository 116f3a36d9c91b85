"""Measures the cost model's constants and its error; writes benchmarks/scaling.json.

``python -m benchmarks.scaling [--rows 500000,...,10000000] [--scratch FOLDER]``, then
``python -m benchmarks.scaling_page`` writes docs/scaling.md. Rates are processor seconds of one
core, so that other processes disturb them little. Fits are timed by the clock, each size in one
process without a cluster, and with one and two workers. A folder for ``--scratch`` keeps the
tables.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import ours
from benchmarks.cost_model import Overheads, Rates
from benchmarks.results import processor
from benchmarks.speed import note
from benchmarks.streaming import write_table
from benchmarks.tables import PUBLISHED_SEED, STREAMED, TableSpec
from lr_pipeline.core.acceleration.regimes import REGIMES
from lr_pipeline.core.acceleration.warm_start import warm_start
from lr_pipeline.core.columns.sampling_pass import draw_sample
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.rows import Block, HeldRows, concatenate
from lr_pipeline.engines.cluster.cluster import Cluster, ClusterSettings, open_cluster
from lr_pipeline.engines.cluster.cluster_rows import ClusterRows
from lr_pipeline.engines.streaming import TableRows
from lr_pipeline.tables.files.parquet import BLOCK_BYTES, rows_within
from lr_pipeline.tables.preparation.preparation import Preparation
from lr_pipeline.tables.table import Table

MEASURED = Path(__file__).parent / "scaling.json"
SIZES = (500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000)
RATE_SPECS = (TableSpec("500k × 20", 500_000, 20), TableSpec("200k × 100", 200_000, 100))
REPEATS = 3
TINY_PARTS, TINY_ROWS = 512, 64
TRANSFER_BYTES = 64 << 20


@dataclass(frozen=True)
class Run:
    """A fit that was timed; ``workers`` is 0 for the Parquet engine, without a cluster."""

    rows: int
    workers: int
    cached: bool
    evaluations: int
    seconds: float


def measure_rates(spec: TableSpec, path: Path) -> Rates:
    """Seconds of one core per row of a table of this shape that is in the page cache."""
    table = Table.read_parquet(path)
    rows = TableRows(table, Preparation.fit(table))

    def read() -> list[Block]:
        source = rows.preparation.source_columns
        return [rows.preparation.block(one) for one in table.blocks(rows.block_rows, source)]

    blocks, kernel, w = read(), NumpyKernel(), np.zeros(spec.columns + 1)
    held = HeldRows(concatenate(blocks))
    fit = processor_seconds(lambda: warm_start(held, kernel, NoPenalty()))
    look = processor_seconds(lambda: draw_sample(held, REGIMES.sample_share))
    seconds = {
        "read": processor_seconds(read),
        "gradient": processor_seconds(lambda: [kernel.loss_gradient(one, w) for one in blocks]),
        "hessian": processor_seconds(
            lambda: [kernel.loss_gradient_information(one, w) for one in blocks]
        ),
        "prepare": processor_seconds(lambda: Preparation.fit(table)),
        "sample": (fit - look) / REGIMES.sample_share,
    }
    a_row = {name: value / spec.rows for name, value in seconds.items()}
    return Rates(columns=spec.columns, file_bytes=path.stat().st_size / spec.rows, **a_row)


def processor_seconds(call: Callable[[], Any]) -> float:
    """Median over some calls of this process's processor time, with one thread per library."""
    taken = []
    with threadpool_limits(limits=1):
        for _ in range(REPEATS):
            begun = time.process_time()
            call()
            taken.append(time.process_time() - begun)
    return float(np.median(taken))


def measure_overheads(folder: Path) -> Overheads:
    """Measure tasks and passes over almost no rows, with two local workers."""
    spec = TableSpec("tiny", TINY_PARTS * TINY_ROWS, 20)
    many, one = folder / "many.parquet", folder / "one.parquet"
    write_table(spec, PUBLISHED_SEED, many, TINY_ROWS)
    write_table(replace(spec, rows=TINY_ROWS), PUBLISHED_SEED, one)
    starts = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        with open_cluster(ClusterSettings(workers=2)) as cluster:
            starts.append(time.perf_counter() - begun)
            wall, driver, workers = passes_over(cluster, many, TINY_ROWS)
            round_trip = passes_over(cluster, one, TINY_ROWS)[0]
            transfer = TRANSFER_BYTES / _transfer_seconds(cluster)
    tasks = TINY_PARTS * 8 / 7  # with the tasks of the tree
    note(f"  {tasks / wall:.0f} tasks a second with everything on this machine")
    return Overheads(
        driver / tasks, workers / tasks, round_trip, transfer, float(np.median(starts))
    )


def passes_over(cluster: Cluster, path: Path, part_rows: int) -> tuple[float, float, float]:
    """Median seconds of a pass: by the clock, and processor time of the driver and the workers."""
    table = Table.read_parquet(path)
    rows = ClusterRows(cluster, table, Preparation.fit(table), part_rows=part_rows)
    kernel, w = NumpyKernel(), np.zeros(rows.num_columns + 1)
    found = []
    for _ in range(REPEATS + 1):  # the first opens connections
        before = _clocks(cluster)
        rows.sum(lambda block: kernel.loss_gradient(block, w))
        found.append(_clocks(cluster) - before)
    return tuple(np.median(found[1:], axis=0).tolist())


def _clocks(cluster: Cluster) -> np.ndarray:
    """Seconds by the clock, and processor time of this process and of all workers together."""
    workers = sum(cluster.client.run(time.process_time).values())
    return np.array([time.perf_counter(), time.process_time(), workers])


def _transfer_seconds(cluster: Cluster) -> float:
    """Seconds of a transfer from a worker to the driver over the loopback, packing included."""
    taken = []
    for _ in range(REPEATS):
        made = cluster.client.submit(np.ones, TRANSFER_BYTES // 8, pure=False)
        cluster.client.submit(len, made).result()
        begun = time.perf_counter()
        made.result()
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken))


def measure_fits(paths: dict[int, Path]) -> Iterator[Run]:
    """Fit every size with 1 worker, with 2 (rows also kept in memory), and without a cluster."""
    for workers in (1, 2):
        with open_cluster(ClusterSettings(workers=workers)) as cluster:
            first = next(iter(paths.values()))
            # The first fit imports libraries, and brings the files into the page cache.
            ours.fit_on_cluster(cluster, first, 0.0, disk_cache=False)
            for rows, path in paths.items():
                for cache in (0.0, 0.5) if workers == 2 else (0.0,):
                    begun = time.perf_counter()
                    fit = ours.fit_on_cluster(cluster, path, cache, disk_cache=False)
                    seconds = time.perf_counter() - begun
                    yield Run(rows, workers, cache > 0, fit.evaluations, seconds)
    for rows, path in paths.items():
        begun = time.perf_counter()
        fit = ours.fit_streamed(path)
        yield Run(rows, 0, False, fit.evaluations, time.perf_counter() - begun)


def stored(spec: TableSpec, folder: Path) -> Path:
    """Store the table as the pipeline would store it."""
    path = folder / f"{spec.rows}x{spec.columns}-{PUBLISHED_SEED}.parquet"
    if not path.exists():
        note(f"writing {spec.rows:,} × {spec.columns}")
        write_table(spec, PUBLISHED_SEED, path, rows_within(BLOCK_BYTES, spec.columns))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default=",".join(map(str, SIZES)))
    parser.add_argument("--scratch", type=Path)
    parser.add_argument("--prepare", action="store_true", help="write the tables, no more")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = chosen.scratch or Path(temporary)
        folder.mkdir(exist_ok=True)
        sizes = map(int, chosen.rows.split(","))
        paths = {rows: stored(replace(STREAMED, rows=rows), folder) for rows in sizes}
        rate_paths = {spec: stored(spec, folder) for spec in RATE_SPECS}
        if chosen.prepare:
            return
        rates = [asdict(measure_rates(spec, path)) for spec, path in rate_paths.items()]
        note(f"  {rates}")
        overheads = measure_overheads(Path(temporary))
        note(f"  {overheads}")
        runs = []
        for run in measure_fits(paths):
            note(f"  {run}")
            runs.append(asdict(run))
    found = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": processor(),
        "rates": rates,
        "overheads": asdict(overheads),
        "runs": runs,
    }
    MEASURED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
