"""The record of a solver's iterates."""

from lr_pipeline.core.solvers.result import Progress, TracePoint


class Trace:
    """The iterates recorded so far; each is also reported to ``progress``."""

    def __init__(self, progress: Progress | None = None) -> None:
        self.points: list[TracePoint] = []
        self.progress = progress

    def record(self, point: TracePoint) -> None:
        """Keep a point and report it."""
        self.points.append(point)
        if self.progress is not None:
            self.progress(point)
