"""Holm's correction: p-values of several tests such that one error in all is as rare as asked."""

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Return max over i ≤ j of min((m − i + 1) p₍ᵢ₎, 1) for the j-th smallest of m p-values.

    Source: S. Holm, Scandinavian Journal of Statistics 6 (1979), 65–70.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.minimum((len(p) - np.arange(len(p))) * p[order], 1.0)
    corrected = np.empty(len(p))
    corrected[order] = np.maximum.accumulate(steps) if len(p) else steps
    return [float(one) for one in corrected]
