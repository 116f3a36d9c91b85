"""Runs every comparison and writes benchmarks/results.md.

``python -m benchmarks.results [--full] [--runs 5] [--seed N]``; ``--full`` adds the 10M-row table.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks import markdown, ours
from benchmarks.accuracy import linear_digits, logistic_digits
from benchmarks.speed import CASES, PEER_LIMIT, SLOW, TUTORIAL, note, run_workers
from benchmarks.speed_report import Results, speed_sections
from benchmarks.streaming import ROOT, RUNS, compare, streaming_section
from benchmarks.tables import PUBLISHED_SEED, STREAMED

RESULTS = Path(__file__).parent / "results.md"
PACKAGES = (
    "numpy",
    "scipy",
    "torch",
    "scikit-learn",
    "scikit-learn-intelex",
    "glum",
    "statsmodels",
    "pyarrow",
    "polars",
)
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_CORETYPE",
)

HEAD = """# Benchmarks

Written by `make bench`; the table of 10M rows by `make bench-full`. A ratio is a peer's time
divided by ours: above 1 we are faster."""
SPEED = f"""## Speed

All fits are unpenalised, with an intercept, of the same float64 arrays, in one process for each
table, by turns. *Against*: the fastest peer that qualifies, which is to come within 1e-3 standard
errors of the optimum in every coefficient and the intercept; {ours.NAME} then has `tolerance=1e-3,
standard_errors=False`, which returns what the peers return. *Median*: seconds for one fit.
*Paired*: the ratios of the runs of one round. *Target*: the ratio to reach. A peer that takes more
than {SLOW:.0f} s, or does not qualify, runs once; one is out of time that has not qualified after
{PEER_LIMIT:.0f} s of trying.

In the tables below, *tolerance* is the loosest of the peer's, from its default downwards, with
which it qualifies on that table; *distance* how far the result is from the optimum, in standard
errors; *certificate* the bound on that distance which {ours.NAME} reports without knowing the
optimum."""
STREAMING = """## More rows than memory need hold

From a Parquet file to coefficients, each fit a process of its own, by turns. *Peak memory*: the
largest resident set; *bare imports*: what the process takes before it begins."""
STREAMING_MISSING = "Not measured in this run: `make bench-full`."
LINEAR = """## Digits: linear regression

The NIST StRD sets. Fewest correct significant digits over the coefficients / over the standard
errors, of at most 17, against the exact solution of each set's float64 design."""
LOGISTIC = """## Digits: logistic regression

Fewest correct significant digits over intercept and coefficients, against an optimum of 40 digits;
each peer at its tightest tolerance. `!`: it warned. A word: the error that it raised. –: it takes
no weights."""
OVERHEAD = """## What the orchestration costs

The whole run of the tutorial's table beside a plain script that calls and writes the same."""


def machine(packages: Iterable[str] = PACKAGES) -> str:
    """A table of the processor, memory, settings of thread pools, and versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    settings = [f"{name}={os.environ[name]}" for name in THREAD_VARIABLES if name in os.environ]
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    rows = [
        ["date", f"{datetime.now(UTC):%Y-%m-%d}"],
        ["processor", f"{processor()}, {os.cpu_count()} logical cores"],
        ["memory", f"{memory:.0f} GiB"],
        ["system", f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"],
        ["versions", ", ".join(f"{name} {installed(name)}" for name in packages)],
        ["thread settings", ", ".join(settings) or "none: each library's own choice"],
        ["load before the start", f"{load} (1, 5 and 15 minutes)"],
    ]
    return markdown.table(["", ""], rows)


def processor() -> str:
    """The name of the processor's model."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown processor"


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def thread_pools(results: Results) -> str:
    """The libraries' numbers of threads in the measured processes."""
    found = {
        pool
        for part in results.values()
        if isinstance(part, list)
        for one in part
        for pool in one.threads
    }
    return "Thread pools in the measured processes: " + "; ".join(sorted(found)) + "."


def pipeline_overhead() -> str:
    """The output of the comparison of whole processes, or the reason for its failure."""
    command = [sys.executable, "-m", "benchmarks.pipeline_overhead", "3"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    text = done.stdout if done.returncode == 0 else f"failed with code {done.returncode}"
    return f"```\n{text.strip()}\n```"


def sections(chosen: argparse.Namespace) -> Iterable[str]:
    """Measure one part after the other; return the page's sections."""
    seed = chosen.seed
    yield HEAD
    yield machine()
    results = run_workers(chosen.tables.split(","), chosen.runs, seed)
    yield SPEED
    yield f"Seed {seed}. {thread_pools(results)}"
    yield speed_sections(results)
    yield STREAMING
    if chosen.full:
        yield streaming_section(STREAMED, compare(STREAMED, RUNS, seed))
    else:
        yield STREAMING_MISSING
    note("correct digits")
    yield from (LINEAR, linear_digits(), LOGISTIC, logistic_digits())
    if not chosen.no_pipeline:
        note("the pipeline beside a plain script")
        yield from (OVERHEAD, pipeline_overhead())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="add the table of 10M rows")
    parser.add_argument("--tables", default=",".join([*CASES, TUTORIAL]))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=PUBLISHED_SEED)
    parser.add_argument("--no-pipeline", action="store_true", help="leave orchestration out")
    chosen = parser.parse_args()
    start = time.perf_counter()
    RESULTS.write_text("\n\n".join(sections(chosen)) + "\n", encoding="utf-8")
    note(f"{RESULTS.relative_to(ROOT)} written, {(time.perf_counter() - start) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
