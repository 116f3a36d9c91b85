"""Holm's correction of p-values for their number."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return adjusted p-values: with k of them, max over p(j) ≤ p(i) of min(1, (k − j + 1) p(j)).

    The probability that any true null hypothesis has an adjusted value of at most α is at most α.

    Source: S. Holm, Scandinavian Journal of Statistics 6 (1979), 65–70.
    """
    adjusted, largest = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted
