"""What passes over a table took on a cluster, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lr_pipeline.engines.cluster_work import Work

PASSES_SHOWN = 50


@dataclass(frozen=True)
class Pass:
    """One pass: what the workers did, and the ``seconds`` until its sum was here."""

    work: Work
    seconds: float

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
        worker, speed = self.slowest
        return (
            f"{self.rows:,} rows in {self.seconds:.2f} s ({self.rows / self.seconds:,.0f} rows/s), "
            f"{self.work.bytes:,} bytes of sums moved, slowest of {len(self.work.rows)} workers "
            f"{worker} ({speed:,.0f} rows/s)"
        )


def describe_passes(passes: Sequence[Pass]) -> Iterator[tuple[str, str]]:
    """Yield a title and a line for all passes together, and for each of the first 50."""
    if not passes:
        return
    rows, seconds = sum(one.rows for one in passes), sum(one.seconds for one in passes)
    moved = sum(one.work.bytes for one in passes)
    yield (
        "Passes",
        f"{len(passes)} in {seconds:.1f} s, {rows / seconds:,.0f} rows/s, "
        f"{moved:,} bytes of sums moved",
    )
    for number, one in enumerate(passes[:PASSES_SHOWN], 1):
        yield f"Pass {number}", str(one)
