"""Writes the measurements of ``benchmarks.cluster`` as benchmarks/results-dask.md."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks import markdown
from benchmarks.cluster import CACHED, DASK, DASK_GLM, PLAIN, SPARK, Side
from benchmarks.cluster_fits import SPARK_MEMORY, WORKERS
from benchmarks.markdown import scientific
from benchmarks.tables import TableSpec

RESULTS = Path(__file__).parent / "results-dask.md"
OVERHEAD_TARGET, SPARK_TARGET = 1.5, 5.0
PACKAGES = ("numpy", "pyarrow", "dask", "distributed", "pyspark", "dask-glm")
HEAD = f"""# Benchmarks: on a cluster

Written by `make bench-dask`. From one Parquet file to coefficients, without a penalty, on the same
two cores: by the Parquet engine in one process, which decodes the file once and keeps its numbers
in temporary files; by the `DaskEngine` with {WORKERS} local worker processes of one thread, which
do the same (`cache=0`) or keep the numbers in half of their memory (its default); by
Spark MLlib's `LogisticRegression` in `local[{WORKERS}]` with `standardization` on, and at most
{SPARK_MEMORY} for its heap; by dask-glm's Newton method in {WORKERS} local worker processes. Spark
and dask-glm keep the rows in memory, too; Spark multiplies in Java, without a native BLAS. Each fit
is a process of its own, by turns, after another has touched a third of the machine's memory, which
a virtual machine may have handed back to its host."""
COLUMNS = """*Fit*: median seconds from the file to the coefficients, with workers, JVM and imports
ready. *Start*: what these take before. *Distance*: how far the result is from the optimum, in
standard errors; a peer runs at its loosest tolerance, from its default downwards, with which that
is at most 1e-3. *Peak memory*: each process's largest resident set."""
HEADERS = ("", "fit", "min–max", "runs", "start", "tolerance", "distance", "peak memory")
RATIO_HEADERS = ("", "against", "ratio", "paired, min–max", "with the start", "target", "reached")


def page(spec: TableSpec, seed: int, machine: str, sides: list[Side]) -> str:
    """The whole page; ``machine`` is the table that describes the machine."""
    parts = [HEAD, machine, f"## {spec.name}, seed {seed}", COLUMNS]
    parts.append(markdown.table(HEADERS, map(_row, sides)))
    parts += [f"{side.name}: {side.remark}." for side in sides if side.remark]
    parts += ["## Ratios", markdown.table(RATIO_HEADERS, _ratios(sides))]
    return "\n\n".join(parts) + "\n"


def _row(side: Side) -> list[str]:
    if not side.times:
        return [side.name, "not measured", *["–"] * 6]
    return [
        side.name if side.qualifies else f"{side.name}, does not qualify",
        f"{side.median:.1f} s",
        f"{min(side.times):.1f}–{max(side.times):.1f} s",
        str(len(side.times)),
        f"{side.median_start:.1f} s",
        scientific(side.tolerance),
        scientific(side.distance),
        ", ".join(f"{process} {peak:.0f} MB" for process, peak in side.peaks.items()),
    ]


def _ratios(sides: list[Side]) -> Iterator[list[str]]:
    """The ratios of the workers' time to that of one process, and of the peers' to the workers'."""
    named = {side.name: side for side in sides if side.times and side.qualifies}
    for own in (DASK, CACHED):
        one = named.get(PLAIN)
        yield _ratio(f"{own}: overhead", named.get(own), one, PLAIN, OVERHEAD_TARGET, False)
    for own in (DASK, CACHED):
        yield _ratio(f"{own}: ahead", named.get(SPARK), named.get(own), SPARK, SPARK_TARGET, True)
    for own in (DASK, CACHED):
        yield _ratio(f"{own}: ahead", named.get(DASK_GLM), named.get(own), DASK_GLM, None, True)


def _ratio(
    label: str, a: Side | None, b: Side | None, against: str, target: float | None, least: bool
) -> list[str]:
    """Time of ``a`` divided by that of ``b``; the target is a lower or an upper bound."""
    if a is None or b is None:
        return [label, against, "–", "–", "–", "–", "not measured"]
    ratio = a.median / b.median
    pairs = sorted(x / y for x, y in zip(a.times, b.times, strict=False))
    whole = (a.median + a.median_start) / (b.median + b.median_start)
    reached = "–"
    if target is not None:
        reached = "yes" if (ratio >= target if least else ratio <= target) else "**no**"
    sign = "≥" if least else "≤"
    return [
        label,
        against,
        f"{ratio:.2f}",
        f"{pairs[0]:.2f}–{pairs[-1]:.2f}",
        f"{whole:.2f}",
        "–" if target is None else f"{sign} {target:g}",
        reached,
    ]
