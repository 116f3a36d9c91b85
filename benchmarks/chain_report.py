"""Writes the measurements of ``benchmarks.chain`` as benchmarks/results-chain.md."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks import markdown
from benchmarks.chain import OURS, PLAIN, Comparison, Side
from benchmarks.chain_tables import LONG, LONGEST, SHORT
from benchmarks.results import machine

RESULTS = Path(__file__).parent / "results-chain.md"
RATIO_TARGETS = {SHORT: 1 / 1.5}  # plain / ours
RATIO_TARGET = 2.0  # of every other table
PEAK_TARGET = 600.0  # MB
GROWTH_TARGET = 10.5
PACKAGES = ("numpy", "pyarrow", "scikit-learn", "torch", "dagster", "matplotlib")
BAR = 40  # characters of the longest bar
HEAD = f"""# Benchmarks: the whole chain

Written by `make bench-chain`. `{OURS} FILE --target y`, with all its artifacts and checks, beside a
plain script for the same job ([plain_chain.py](plain_chain.py)): read the Parquet file, describe
the columns by class, split and write both parts, fit least squares and two logistic regressions,
and compute metrics and curves of three models. Whole processes, imports included, by turns; the
home of the runs has seen a run before. *Ratio*: the plain script's median divided by ours, above 1
we are faster; *paired*: the ratios of the runs of one round. *Processor*: seconds of user and
system together. *Peak memory*: the largest resident set of a run."""
HEADERS = (
    "table",
    "ours",
    "plain",
    "ratio",
    "paired",
    "target",
    "processor, ours / plain",
    "peak memory, ours / plain",
    "runs",
)
STEPS = f"""## Where the time goes

Median seconds of each part of a run: for `{OURS}` from Dagster's event log, where a step reads
its inputs, computes, and writes its artifact."""


def page(found: Mapping[str, Comparison], seed: int) -> str:
    """The whole page."""
    parts = [HEAD, machine(PACKAGES), f"## Whole processes, seed {seed}"]
    parts.append(markdown.table(HEADERS, [_row(name, one) for name, one in found.items()]))
    parts += [*_verdicts(found), STEPS]
    for one in found.values():
        parts += [f"### {one.table.title}", _bars(one.ours), _bars(one.plain)]
    return "\n\n".join(parts) + "\n"


def _row(name: str, one: Comparison) -> list[str]:
    ours, plain = one.ours, one.plain
    pairs = sorted(b.wall / a.wall for a, b in zip(ours.processes, plain.processes, strict=True))
    return [
        one.table.title,
        f"{ours.median('wall'):.1f} s",
        f"{plain.median('wall'):.1f} s",
        f"{_ratio(one):.2f}",
        f"{pairs[0]:.2f}–{pairs[-1]:.2f}",
        f"≥ {_target(name):.2f}, {_verdict(_ratio(one) >= _target(name))}",
        f"{ours.median('processor'):.1f} / {plain.median('processor'):.1f} s",
        f"{_peak(ours):.0f} / {_peak(plain):.0f} MB",
        str(len(ours.processes)),
    ]


def _ratio(one: Comparison) -> float:
    return one.plain.median("wall") / one.ours.median("wall")


def _target(name: str) -> float:
    return RATIO_TARGETS.get(name, RATIO_TARGET)


def _peak(side: Side) -> float:
    return max(one.peak for one in side.processes)


def _verdict(reached: bool) -> str:
    return "reached" if reached else "**not reached**"


def _verdicts(found: Mapping[str, Comparison]) -> Iterator[str]:
    """Yield a paragraph each on memory, growth, and whether both sides have the same answer."""
    peak = max(_peak(one.ours) for one in found.values())
    yield (
        f"Peak memory of `{OURS}`: at most {peak:.0f} MB; target {PEAK_TARGET:.0f} MB: "
        f"{_verdict(peak <= PEAK_TARGET)}."
    )
    if LONG in found and LONGEST in found:
        short, long = found[LONG], found[LONGEST]
        ours, plain = (
            getattr(long, side).median("wall") / getattr(short, side).median("wall")
            for side in ("ours", "plain")
        )
        yield (
            f"From {short.table.title} to {long.table.title} the time grows by {ours:.1f} (plain: "
            f"{plain:.1f}); target at most {GROWTH_TARGET}: {_verdict(ours <= GROWTH_TARGET)}."
        )
    headers = (
        "log loss of the test rows",
        f"{OURS}: numpy, torch",
        f"{PLAIN}: scikit-learn, torch",
    )
    yield markdown.table(headers, map(_losses, found.values()))


def _losses(one: Comparison) -> list[str]:
    ours = (one.ours.log_loss[name] for name in ("numpy_model", "torch_model"))
    plain = (one.plain.log_loss[name] for name in ("scikit-learn", "torch"))
    texts = [", ".join(f"{loss:.8f}" for loss in side) for side in (ours, plain)]
    return [one.table.title, *texts]


def _bars(side: Side) -> str:
    """The parts of a run in their order, each with its share of the whole as a bar."""
    steps = side.median_steps()
    whole, longest = sum(steps.values()), max(steps.values())
    width = max(map(len, steps))
    lines = [f"{side.name}: {whole:.2f} s"]
    for step, seconds in steps.items():
        bar = "█" * round(BAR * seconds / longest)
        lines.append(f"  {step:{width}} {seconds:8.2f} s {seconds / whole:6.1%} {bar}".rstrip())
    return "\n".join(["```text", *lines, "```"])
