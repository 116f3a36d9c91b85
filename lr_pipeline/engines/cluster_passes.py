"""What passes over a table took on a cluster, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lr_pipeline.engines.cluster_work import Work

PASSES_SHOWN = 50


@dataclass(frozen=True)
class Pass:
    """One pass for ``asset``: what the workers did, and the ``seconds`` until its result was here.

    ``gathers``: whether values were gathered, such as counts by level, a sample or scores.
    """

    work: Work
    seconds: float
    gathers: bool = False
    asset: str = ""

    @property
    def rows(self) -> int:
        """Rows visited."""
        return sum(self.work.rows.values())

    @property
    def slowest(self) -> tuple[str, float]:
        """The worker of fewest rows a second while it read and summed, and how many."""
        rows, seconds = self.work.rows, self.work.seconds
        speeds = {name: rows[name] / max(seconds[name], 1e-9) for name in rows}
        return min(speeds.items(), key=lambda speed: (speed[1], speed[0]))

    def __str__(self) -> str:
        workers, (worker, speed) = len(self.work.rows), self.slowest
        kind = "gathered values" if self.gathers else "sums"
        return (
            f"{self.rows:,} rows in {self.seconds:.2f} s ({self.rows / self.seconds:,.0f} rows/s), "
            f"{self.work.bytes:,} bytes of {kind} moved, "
            + (f"slowest of {workers} workers" if workers > 1 else "one worker")
            + f" {worker} ({speed:,.0f} rows/s)"
        )


def describe_passes(passes: Sequence[Pass]) -> Iterator[tuple[str, str]]:
    """Yield a title and a line for all passes, those of each asset, and each of the first 50."""
    if not passes:
        return
    yield "Passes", _together(passes)
    assets = list(dict.fromkeys(one.asset for one in passes))
    if len(assets) > 1:
        for asset in assets:
            yield f"Passes of {asset}", _together([one for one in passes if one.asset == asset])
    for number, one in enumerate(passes[:PASSES_SHOWN], 1):
        yield f"Pass {number}" + (f", {one.asset}" if len(assets) > 1 else ""), str(one)
    if (more := len(passes) - PASSES_SHOWN) > 0:
        yield "Further passes", f"{more:,}, not listed one by one"


def _together(passes: Sequence[Pass]) -> str:
    """How many, how fast, and what they moved."""
    rows, seconds = sum(one.rows for one in passes), sum(one.seconds for one in passes)
    moved = {
        kind: sum(one.work.bytes for one in passes if one.gathers == gathers)
        for kind, gathers in (("sums", False), ("gathered values", True))
    }
    amounts = " and ".join(f"{size:,} bytes of {kind}" for kind, size in moved.items() if size)
    return f"{len(passes):,} in {seconds:.1f} s, {rows / seconds:,.0f} rows/s, {amounts} moved"
