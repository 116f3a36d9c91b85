"""Bins of a number whose rates of positive cases rise, or fall, from bin to bin."""

import numpy as np
from jaxtyping import Float64
from scipy.optimize import isotonic_regression

from lr_pipeline.core.types import RowVector
from lr_pipeline.export.scorecard.weight_of_evidence import information_value

FIRST_BINS = 20  # quantiles, before bins are merged
LEAST_SHARE = 0.05  # of the cases, in a bin

Edges = tuple[float, ...]
Counts = Float64[np.ndarray, "k two"]  # positive and other cases


def monotone_edges(x: RowVector, y: RowVector, weight: RowVector, most: int) -> Edges:
    """Return the edges e₁ < e₂ … of at most ``most`` bins: x < e₁, e₁ ≤ x < e₂, …, eₖ ≤ x.

    x has no missing value. Quantiles are merged until rates are monotone (pool adjacent violators,
    rising or falling, whichever has the larger information value), until a bin has 5 % of the
    cases, positive cases and others, and until the bins are few enough; each time the two
    neighbours merge that lose the least information value.
    """
    edges = _quantiles(x, weight)
    counts = _counts(x, y, weight, edges)
    candidates = [_pooled(counts, edges, increasing) for increasing in (True, False)]
    counts, edges = max(candidates, key=lambda one: information_value(*one[0].T))
    while len(counts) > 1 and (len(counts) > most or _too_small(counts).any()):
        counts, edges = _merged(counts, edges)
    return edges


def bin_of(x: RowVector, edges: Edges) -> np.ndarray:
    """Return the bin (n,) of each number: how many edges are at most x."""
    return np.searchsorted(np.array(edges), x, side="right")


def _quantiles(x: RowVector, weight: RowVector) -> Edges:
    """Return at most 19 values that cut the cases into equal parts; the least value is none."""
    values, places = np.unique(x, return_inverse=True)
    if len(values) <= FIRST_BINS:
        return tuple(values[1:].tolist())
    cumulative = np.cumsum(np.bincount(places, weights=weight))
    targets = np.arange(1, FIRST_BINS) / FIRST_BINS * cumulative[-1]
    chosen = np.unique(np.searchsorted(cumulative, targets, side="left") + 1)
    return tuple(values[chosen[chosen < len(values)]].tolist())


def _counts(x: RowVector, y: RowVector, weight: RowVector, edges: Edges) -> Counts:
    bins = bin_of(x, edges)
    count = len(edges) + 1
    positives = np.bincount(bins, weights=weight * y, minlength=count)
    return np.column_stack(
        [positives, np.bincount(bins, weights=weight, minlength=count) - positives]
    )


def _pooled(counts: Counts, edges: Edges, increasing: bool) -> tuple[Counts, Edges]:
    """Merge neighbours whose rates are in the wrong order, or equal."""
    cases = counts.sum(axis=1)
    rates = np.divide(counts[:, 0], cases, out=np.zeros(len(cases)), where=cases > 0.0)
    fitted = isotonic_regression(rates, weights=np.maximum(cases, 1e-12), increasing=increasing).x
    starts = np.flatnonzero(np.diff(fitted) != 0.0) + 1
    return (
        np.add.reduceat(counts, np.concatenate([[0], starts]), axis=0),
        tuple(edges[start - 1] for start in starts.tolist()),
    )


def _too_small(counts: Counts) -> np.ndarray:
    cases = counts.sum(axis=1)
    small: np.ndarray = (cases < LEAST_SHARE * cases.sum()) | (counts == 0.0).any(axis=1)
    return small


def _merged(counts: Counts, edges: Edges) -> tuple[Counts, Edges]:
    """Merge two neighbours: if a bin is too small, it and one beside it."""
    small = _too_small(counts)
    places = [k for k in range(len(edges)) if not small.any() or small[k] or small[k + 1]]
    merged = [
        np.add.reduceat(counts, [j for j in range(len(counts)) if j != k + 1], axis=0)
        for k in places
    ]
    best = max(range(len(places)), key=lambda j: information_value(*merged[j].T))
    k = places[best]
    return merged[best], edges[:k] + edges[k + 1 :]
