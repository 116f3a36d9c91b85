"""Whether a difference can be chance: p-values from counts, and false-discovery control."""

from collections.abc import Sequence

import numpy as np
from scipy.special import chdtrc, gammaln, kolmogorov

from lr_pipeline.lifecycle.drift.effect_sizes import CellCounts

FEWEST_EXPECTED = 5.0
MOST_TERMS = 100_000  # of a tail's sum; they fall off long before


def gap_p_value(gap: float, m: float, n: float) -> float:
    """P-value of Kolmogorov and Smirnov's D between samples of m and n cases.

    P(√e D > λ) from the limiting distribution, at λ = (√e + 0.12 + 0.11/√e) D, e = mn / (m + n).
    Where values are equal it is an upper bound.

    Source: M. A. Stephens, Journal of the Royal Statistical Society B 32 (1970), 115–122.
    """
    root = np.sqrt(m * n / (m + n))
    return float(kolmogorov((root + 0.12 + 0.11 / root) * gap))


def table_p_value(reference: CellCounts, new: CellCounts) -> float:
    """P-value of Pearson's χ² of the table set × cell (k,), or Fisher's exact one for two cells.

    Cells with fewer than 5 expected cases of one set are joined, the rarest first (Cochran). If
    one of two cells is as rare, Fisher's exact test is used.
    """
    held = reference + new > 0
    reference, new = reference[held], new[held]
    if len(reference) < 2:
        return 1.0
    if len(reference) == 2 and _smallest_expected(reference, new) < FEWEST_EXPECTED:
        return share_p_value(float(reference[0]), float(reference.sum()), new[0], new.sum())
    reference, new = _joined(reference, new)
    m, n = float(reference.sum()), float(new.sum())
    expected = (reference + new) / (m + n)
    if len(reference) < 2:
        return 1.0
    squared = float(np.sum((new - n * expected) ** 2 / expected)) * (m + n) / (m * n)
    return float(chdtrc(len(reference) - 1.0, squared))


def share_p_value(of_m: float, m: float, of_n: float, n: float) -> float:
    """Fisher's exact p-value of two shares, of_m / m and of_n / n: twice the smaller tail."""
    N, K, n, x = (round(float(one)) for one in (m + n, of_m + of_n, n, of_n))
    upper = _hypergeometric_tail(x, N, K, n)
    lower = _hypergeometric_tail(K - x, N, K, N - n)
    return min(1.0, 2.0 * min(upper, lower))


def beyond_p_value(beyond: tuple[float, float], m: float, n: float) -> float:
    """P-value of so many of n new cases below, and above, all m training cases.

    If nothing has changed, the k largest of all are new ones with probability C(n, k)/C(m + n, k);
    twice the smaller of both ends' probabilities.
    """
    ends = [_hypergeometric_tail(round(k), round(m + n), round(k), round(n)) for k in beyond]
    return min(1.0, 2.0 * min(ends))


def adjusted_for_discoveries(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values: minₖ≥ᵢ p₍ₖ₎ r / k over the r ordered ones.

    Rejecting where they are at most α keeps the expected share of false alarms among all alarms at
    most α; where nothing has changed, any alarm is as rare.

    Source: Y. Benjamini and Y. Hochberg, Journal of the Royal Statistical Society B 57 (1995).
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return [float(one) for one in adjusted]


def _smallest_expected(reference: CellCounts, new: CellCounts) -> float:
    m, n = float(reference.sum()), float(new.sum())
    return float((reference + new).min()) * min(m, n) / (m + n)


def _joined(reference: CellCounts, new: CellCounts) -> tuple[CellCounts, CellCounts]:
    """Join the rarest cells until each has enough expected cases, or only one is left."""
    order = np.argsort(reference + new, kind="stable")
    reference, new = reference[order], new[order]
    m, n = float(reference.sum()), float(new.sum())
    expected = (reference + new) * min(m, n) / (m + n)
    enough = np.cumsum(expected) >= FEWEST_EXPECTED
    first = int(np.argmax(enough)) if enough.any() else len(expected) - 1
    while first < len(expected) - 1 and expected[first + 1] < FEWEST_EXPECTED:
        first += 1
    starts = np.concatenate([[0], np.arange(first + 1, len(expected))])
    return np.add.reduceat(reference, starts), np.add.reduceat(new, starts)


def _hypergeometric_tail(x: int, N: int, K: int, n: int) -> float:
    """P(X ≥ x) where n of N cases are drawn and X of the K are among them."""
    if x <= max(0, n + K - N):
        return 1.0
    k = np.arange(x, min(K, n, x + MOST_TERMS) + 1, dtype=float)
    if len(k) == 0:
        return 0.0
    logs = _log_choose(K, k) + _log_choose(N - K, n - k) - float(_log_choose(N, np.array(n)))
    return min(1.0, float(np.exp(logs).sum()))


def _log_choose(n: int, k: np.ndarray) -> np.ndarray:
    return np.asarray(gammaln(n + 1.0) - gammaln(k + 1.0) - gammaln(n - k + 1.0))
