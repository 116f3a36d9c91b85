"""Whether an export gives what the model gives, on stored rows."""

from dataclasses import dataclass

import numpy as np

from lr_pipeline.core.types import RowVector
from lr_pipeline.export.export_error import ExportError

# Probabilities below it are compared as equal: an engine may give its least normal number instead.
TINY = 1e-300


@dataclass(frozen=True)
class Agreement:
    """The largest difference of ``rows`` probabilities by ``evaluator``, in ulp.

    An ulp is a unit in the last place. ``bound``: the largest that is accepted. ``step``: every
    ``step``-th stored row was compared.
    """

    evaluator: str
    rows: int
    step: int
    largest_ulp: int
    bound: int

    @property
    def description(self) -> str:
        """The result in words."""
        which = f"{self.rows:,} {'' if self.step == 1 else f'(1 of {self.step}) '}stored rows"
        return (
            f"{self.evaluator}: {which}, largest difference {self.largest_ulp} ulp "
            f"(bound {self.bound}), all labels equal"
        )


def require_agreement(
    evaluator: str,
    expected: RowVector,
    found: RowVector,
    labels: RowVector | None,
    threshold: float,
    bound: int,
    step: int = 1,
) -> Agreement:
    """Compare probabilities and labels (n,) with the model's.

    Labels must be those of the expected probabilities, but for rows within ``bound`` of the
    threshold.

    Raises
    ------
    ExportError
        They differ by more than the bound; the message names the first such row.
    """
    if len(found) != len(expected):
        raise ExportError(
            f"{evaluator} gave {len(found)} rows, expected {len(expected)}: nothing was written."
        )
    apart = ulps(expected, found)
    if (apart > bound).any():
        row = int(np.argmax(apart > bound))
        raise ExportError(
            f"{evaluator} disagrees with the model in {int((apart > bound).sum()):,} of "
            f"{len(found):,} rows: expected the probability {expected[row]:.17g}, found "
            f"{found[row]:.17g} (first in row {row + 1}); at most {bound} ulp apart are accepted. "
            "Nothing was written."
        )
    answers = found > threshold if labels is None else labels == 1.0
    near = ulps(expected, np.full(len(expected), threshold)) <= bound
    if wrong := int((~near & (answers != (expected > threshold))).sum()):
        raise ExportError(
            f"{evaluator} gives another label than the model in {wrong:,} rows. "
            "Nothing was written."
        )
    return Agreement(evaluator, len(found), step, int(apart.max(initial=0)), bound)


def ulps(expected: RowVector, found: RowVector) -> np.ndarray:
    """Return how many float64 numbers (n,) the two are apart; NaN and other signs are far."""
    far = np.iinfo(np.int64).max
    sound = np.isfinite(found) & (found >= 0.0)
    with np.errstate(over="ignore"):
        apart = np.abs(expected.view(np.int64) - np.where(sound, found, 0.0).view(np.int64))
    apart = np.where((expected < TINY) & (found < TINY), 0, apart)
    return np.where(sound, apart, far)
