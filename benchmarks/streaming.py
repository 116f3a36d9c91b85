"""Compares fits of a table larger than memory: ours from Parquet against polars and glum.

``python -m benchmarks.streaming [--rows 10000000] [--runs 3] [--seed N]``. Each fit runs in a
process of its own, in turn. Seconds are from the file to the coefficients, without imports. The
memory is the process's largest resident set; that of the imports alone stands beside it.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import markdown, ours
from benchmarks.markdown import scientific
from benchmarks.optimum import QUALIFIES, Optimum, find_optimum
from benchmarks.peers import LADDER
from benchmarks.speed import note
from benchmarks.tables import PUBLISHED_SEED, STREAMED, Arrays, TableSpec
from lr_pipeline.tables.table import Table

ROOT = Path(__file__).parents[1]
PEER = "polars + glum"
RUNS = 3
ROW_GROUP = 1_000_000
RATIO_TARGET = 3.0
MEMORY_TARGET = 600.0  # MB


@dataclass
class Side:
    """Measurements of one of the two: seconds, MB, and the distance in standard errors."""

    name: str
    distance: float = float("inf")
    imports: float = 0.0
    times: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)


def write_table(spec: TableSpec, seed: int, path: Path, row_group: int = ROW_GROUP) -> None:
    """Write the table as Parquet in row groups of limited size."""
    writer, held = None, []
    for X, y in spec.blocks(seed):
        columns = {f"x{j}": column for j, column in enumerate(X.T)} | {"y": y.astype(np.int8)}
        part = pa.table(columns)
        if writer is None:  # the schema carries the columns' roles
            writer = pq.ParquetWriter(path, Table.from_arrow(part, "y", 1).schema)
        held.append(part.cast(writer.schema))
        if sum(map(len, held)) >= row_group:
            writer.write_table(pa.concat_tables(held), row_group_size=row_group)
            held = []
    if held:
        writer.write_table(pa.concat_tables(held), row_group_size=row_group)
    writer.close()


def read_blocks(path: Path) -> Iterator[Arrays]:
    """Yield ``(X, y)`` of the file, for the reference."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=250_000):
            *features, y = batch.columns
            yield np.column_stack(features), np.asarray(y, dtype=np.float64)


def fit_polars_glum(path: Path, tolerance: float) -> np.ndarray:
    import polars as pl
    from glum import GeneralizedLinearRegressor

    df = pl.read_parquet(path)
    fitted = GeneralizedLinearRegressor(
        family="binomial", alpha=0, solver="irls-ls", gradient_tol=tolerance
    ).fit(df.drop("y").to_numpy(), df["y"].to_numpy().astype(np.float64))
    return np.r_[fitted.intercept_, fitted.coef_]


def measure_here(side: str, path: Path, tolerance: float) -> dict[str, object]:
    """Fit once in this process."""
    if side == PEER:
        import glum  # noqa: F401
        import polars  # noqa: F401
    imports = peak_megabytes()
    start = time.perf_counter()
    if side == PEER:
        parameters = fit_polars_glum(path, tolerance)
    else:
        parameters = ours.parameters(ours.fit_parquet(path))
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "imports": imports,
        "peak": peak_megabytes(),
        "parameters": parameters.tolist(),
    }


def peak_megabytes(process: int | str = "self") -> float:
    """Largest resident set so far of this process, or of the process with that number.

    It is read from /proc if that exists: getrusage counts what the parent held when it forked.
    """
    status = Path(f"/proc/{process}/status")
    if status.exists():
        (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


def measure(side: Side, path: Path, tolerance: float, optimum: Optimum) -> None:
    """Fit once in a process of its own, and add its measurements."""
    command = [sys.executable, "-m", "benchmarks.streaming", "--file", str(path)]
    command += ["--side", side.name, "--tolerance", str(tolerance)]
    child = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(child.stdout)
    side.distance = optimum.distance(np.array(found["parameters"]))
    side.imports = found["imports"]
    side.times.append(found["seconds"])
    side.peaks.append(found["peak"])
    note(f"  {side.name}: {side.times[-1]:.1f} s, {side.peaks[-1]:.0f} MB, {side.distance:.1e}")


def compare(spec: TableSpec, runs: int, seed: int) -> list[Side]:
    """Measure both sides in turn; the peer's tolerance is tightened until it qualifies."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        note(f"{spec.name}: writing the file")
        write_table(spec, seed, path)
        optimum = find_optimum(lambda: read_blocks(path))
        note(f"{spec.name}: {path.stat().st_size / 1e9:.2f} GB, optimum known")
        ladder = iter(LADDER[1:])
        tolerance, peer = next(ladder), Side(PEER)
        measure(peer, path, tolerance, optimum)  # warms the page cache, too
        while peer.distance > QUALIFIES and (tighter := next(ladder, None)):
            tolerance = tighter
            measure(peer, path, tolerance, optimum)
        peer, own = Side(PEER), Side(ours.NAME)
        for _ in range(runs):
            measure(peer, path, tolerance, optimum)
            measure(own, path, tolerance, optimum)
    return [peer, own]


def streaming_section(spec: TableSpec, sides: list[Side]) -> str:
    """Both sides as a table, then the ratio and the targets."""
    peer, own = sides
    headers = ("", "median", "min–max", "runs", "peak memory", "bare imports", "distance")
    rows = [
        [
            side.name,
            f"{np.median(side.times):.1f} s",
            f"{min(side.times):.1f}–{max(side.times):.1f} s",
            str(len(side.times)),
            f"{max(side.peaks):.0f} MB",
            f"{side.imports:.0f} MB",
            scientific(side.distance),
        ]
        for side in sides
    ]
    ratios = sorted(a / b for a, b in zip(peer.times, own.times, strict=True))
    ratio, peak = np.median(peer.times) / np.median(own.times), max(own.peaks)
    verdict = {True: "reached", False: "**not reached**"}
    return (
        f"{markdown.table(headers, rows)}\n\n"
        f"Ratio {ratio:.2f} (paired {ratios[0]:.2f}–{ratios[-1]:.2f}); target {RATIO_TARGET:g} at "
        f"10M rows: {verdict[bool(ratio >= RATIO_TARGET)]}. Peak memory {peak:.0f} MB; target "
        f"{MEMORY_TARGET:.0f} MB: {verdict[peak <= MEMORY_TARGET]}. Table: {spec.name}."
    )


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=STREAMED.rows)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int, default=PUBLISHED_SEED)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    parser.add_argument("--tolerance", type=float, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    if chosen.file:
        print(json.dumps(measure_here(chosen.side, chosen.file, chosen.tolerance)))
        return
    spec = replace(STREAMED, name=f"{chosen.rows:,} × {STREAMED.columns}", rows=chosen.rows)
    print(streaming_section(spec, compare(spec, chosen.runs, chosen.seed)))


if __name__ == "__main__":
    main()
