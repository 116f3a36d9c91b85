"""Weight of evidence of bins, and the information value of a column."""

import numpy as np
from jaxtyping import Float64

Bins = Float64[np.ndarray, " k"]

# A bin without positive cases, or without others, would have an infinite weight.
ADDED_CASES = 0.5


def weights_of_evidence(positives: Bins, others: Bins) -> Bins:
    """Return log((pₖ / P) / (oₖ / O)) of each bin (k,), with P = Σ pₖ and O = Σ oₖ.

    So the weight has the sign of the bin's effect on the log odds of the positive value. Siddiqi
    (*Credit Risk Scorecards*, chapter 6) writes it for goods over bads. If a bin has no positive
    cases or no others, half a case of each is added to every bin.
    """
    p, o = _never_zero(positives, others)
    found: Bins = np.log(p / p.sum()) - np.log(o / o.sum())
    return found


def information_value(positives: Bins, others: Bins) -> float:
    """Return Σ (pₖ / P − oₖ / O) · WoEₖ, which is 0 where all bins are alike."""
    p, o = _never_zero(positives, others)
    shares = p / p.sum() - o / o.sum()
    return float((shares * weights_of_evidence(positives, others)).sum())


def _never_zero(positives: Bins, others: Bins) -> tuple[Bins, Bins]:
    if (positives > 0.0).all() and (others > 0.0).all():
        return positives, others
    return positives + ADDED_CASES, others + ADDED_CASES
