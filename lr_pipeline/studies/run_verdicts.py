"""Decide how a descent ended, from its loss and from how its gradients turn back."""

import numpy as np
from jaxtyping import Float64

from lr_pipeline.core.existence.existence import Verdict

Curve = Float64[np.ndarray, " points"]

# The loss counts as rising if it rises by more than rounding can explain.
ROUNDING = 1e-12
# Gradients that turn back by less than this fraction of the first one have settled.
SETTLED = 1e-6
# Swings die out if they shrink to this fraction from one quarter of the steps to the next. If the
# minimum attracts, so that they can end nowhere else, they need only shrink by more than rounding.
DYING, SHRINKING = 0.5, 1.0 - 1e-6
# With fewer points a cycle cannot be distinguished from a swing that dies out.
FEWEST_POINTS = 8


def run_verdict(
    loss: Curve, reversal: Curve, attracted: bool = False, separation: Verdict | None = None
) -> str:
    """Return the verdict on a run from its loss (points,) and gradient reversals (points,).

    ``attracted``: the last step was below 2/λ*. ``overflow``: the loss was infinite. ``separable``:
    the loss falls towards its infimum while w diverges. For completely separated classes this
    finally happens at any rate, for quasi-completely separated ones at rates that do not cycle.
    ``cycling``: the swings do not die out. ``oscillating``: steps overshot, so that the gradient
    turned back or the loss rose, but the swings died out, or shrink inside the local limit, or were
    too few to decide. ``monotone``: the gradient never turned back, and the loss never rose.
    """
    if not np.isfinite(loss).all():
        return "overflow"
    if separation is Verdict.COMPLETE_SEPARATION:
        return "separable"
    if swings_last(reversal, SHRINKING if attracted else DYING):
        return "cycling"
    if separation is not None:
        return "separable"
    rises = np.diff(loss) > ROUNDING * np.maximum(loss[:-1], 1.0)
    return "oscillating" if rises.any() or reversal.max() > SETTLED else "monotone"


def swings_last(reversal: Curve, fraction: float) -> bool:
    """Tell whether the last quarter turns back more than ``fraction`` times the one before."""
    if len(reversal) < FEWEST_POINTS:
        return False
    quarter = len(reversal) // 4
    last, before = reversal[-quarter:].max(), reversal[-2 * quarter : -quarter].max()
    return bool(last > SETTLED and last > fraction * before)
