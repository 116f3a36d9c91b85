"""Report the progress of passes over a table's rows in words, at most every few seconds."""

import time
from collections.abc import Callable

SECONDS = 5.0
PASSES = "lr_pipeline.passes"  # the logger


class PassProgress:
    """Counts passes and rows of ``TableRows``, and calls ``report`` now and then.

    A table whose passes are fast is not reported. The number of passes that a solver needs is not
    known before it ends, so the reported time is what is left of the current pass.
    """

    def __init__(
        self,
        report: Callable[[str], None],
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.report, self.seconds, self.clock = report, seconds, clock
        self.passes = 0
        self.begun = self.reported = self.start = clock()

    def __call__(self, done: int, rows: int) -> None:
        """Note that ``done`` of the ``rows`` rows of a pass are done, and report if it is time."""
        now = self.clock()
        if done >= rows:
            self.passes += 1
        if now - self.reported >= self.seconds:
            self.report(self._describe(now, done, rows))
            self.reported = now
        if done >= rows:
            self.begun = now

    def _describe(self, now: float, done: int, rows: int) -> str:
        number = self.passes + (done < rows)
        left = (now - self.begun) * (rows - done) / done
        return (
            f"pass {number}: {done:,} of {rows:,} rows, {left:.0f} s left of it "
            f"({now - self.start:.0f} s so far)"
        )
