"""Tables in Markdown."""

from collections.abc import Iterable, Sequence

from lr_pipeline.evaluation.calibration import wilson_interval


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Format a table; its first column is aligned left, the others right."""
    lines = [headers, [":--", *("--:" for _ in headers[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def seconds(value: float) -> str:
    """Format a time with three digits, in s, ms or µs."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value * 1e6:.3g} µs"


def scientific(value: float | None) -> str:
    return "–" if value is None else f"{value:.0e}"


def share(hits: int, runs: int) -> str:
    """Return a share of simulations and Wilson's 95 % interval, in words."""
    low, high = wilson_interval(hits, runs)
    return f"{hits / runs:.1%} ({low:.1%} – {high:.1%})"
