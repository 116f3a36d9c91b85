"""An interval for the value that a metric has in the population, or why there is none."""

from dataclasses import asdict, dataclass
from typing import Any

LEVEL = 0.95
FEWEST_GROUPS_FOR_INTERVAL = 5  # of rows that belong together; also for a test


@dataclass(frozen=True)
class Interval:
    """Covers the population's value in a share ``level`` of all test sets like this one.

    ``low`` and ``high`` are None where it is ``withheld``, which then says why. ``method`` names
    how it was found, in a few words.
    """

    low: float | None
    high: float | None
    level: float = LEVEL
    method: str = ""
    withheld: str = ""

    @property
    def ends(self) -> tuple[float, float] | None:
        """Both ends, None where it is withheld."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def numbers(self) -> dict[str, Any]:
        """Plain values for strict JSON."""
        return asdict(self)


def no_interval(reason: str) -> Interval:
    """An interval that is withheld, with the reason."""
    return Interval(None, None, withheld=reason)
