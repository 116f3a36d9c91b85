"""The comparison of two models by one metric, on the same test rows."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lr_pipeline.evaluation.intervals.interval import Interval

SIGNIFICANCE = 0.05
POWER = 0.8

Verdict = Literal["better", "worse", "undecided", "same", "withheld"]


@dataclass(frozen=True)
class Comparison:
    """Model ``first`` minus model ``second``, by names, on one metric.

    ``difference`` and its ``interval`` are in the metric's own unit. ``p_value`` tests that the
    population's difference is 0; ``adjusted`` is the same after Holm's correction for all
    comparisons of the report. ``smallest_detectable`` is the size of a difference that this test
    set would find with a probability of 80 % in one test at 5 %.

    ``verdict`` on ``first``: "better" or "worse" if ``adjusted`` is at most 0.05, else "undecided".
    "same": the two give every row the same prediction up to rounding, so that there is nothing to
    test, and no p-value. "withheld": ``interval.withheld`` says why.
    """

    first: str
    second: str
    metric: str
    difference: float | None
    interval: Interval
    p_value: float | None
    smallest_detectable: float | None
    method: str
    verdict: Verdict
    adjusted: float | None = None

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return asdict(self)


def of_pair(
    comparisons: Iterable[Comparison], first: str, second: str, metric: str
) -> Comparison | None:
    """Return the comparison of two models, in this order, by one metric; None without one."""
    wanted = first, second, metric
    found = (one for one in comparisons if (one.first, one.second, one.metric) == wanted)
    return next(found, None)
