"""Describe in words what passes over a table took on a cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lr_pipeline.engines.cluster.worker_tasks import Work

PASS = "Pass"  # begins the title of a single pass
PASSES_SHOWN = 20  # of each asset


@dataclass(frozen=True)
class Pass:
    """One pass for ``asset``: what the workers did, and the ``seconds`` until its result arrived.

    ``gathers``: whether values were gathered, such as counts by level, a sample or scores.
    """

    work: Work
    seconds: float
    gathers: bool = False
    asset: str = ""

    @property
    def rows(self) -> int:
        """How many rows the pass went over."""
        return sum(self.work.rows.values())

    @property
    def slowest(self) -> tuple[str, float]:
        """The worker that summed the fewest rows a second, and this number.

        The time includes reading, except for parts that workers keep, which were read before.
        """
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
            + f" {worker} ({speed:,.0f} rows/s while summing)"
        )


def describe_passes(passes: Sequence[Pass]) -> Iterator[tuple[str, str]]:
    """Yield a title and a line for all passes, those of each asset, and its first 20."""
    if not passes:
        return
    yield "Passes", _together(passes)
    by_asset: dict[str, list[Pass]] = {}
    for one in passes:
        by_asset.setdefault(one.asset, []).append(one)
    if len(by_asset) > 1:
        for asset, own in by_asset.items():
            yield f"Passes of {asset}", _together(own)
    for asset, own in by_asset.items():
        of_asset = f", {asset}" if len(by_asset) > 1 else ""
        for number, one in enumerate(own[:PASSES_SHOWN], 1):
            yield f"{PASS} {number}{of_asset}", str(one)
        if (more := len(own) - PASSES_SHOWN) > 0:
            yield f"{PASS} {PASSES_SHOWN + 1} and on{of_asset}", f"{more:,}, not listed one by one"


def _together(passes: Sequence[Pass]) -> str:
    """Return how many passes there were, how fast they were, and how many bytes they moved."""
    rows, seconds = sum(one.rows for one in passes), sum(one.seconds for one in passes)
    moved = {
        kind: sum(one.work.bytes for one in passes if one.gathers == gathers)
        for kind, gathers in (("sums", False), ("gathered values", True))
    }
    amounts = " and ".join(f"{size:,} bytes of {kind}" for kind, size in moved.items() if size)
    return f"{len(passes):,} in {seconds:.1f} s, {rows / seconds:,.0f} rows/s, {amounts} moved"
