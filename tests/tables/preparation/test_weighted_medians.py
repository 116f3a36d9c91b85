"""The weighted median equals the median of repeated rows, however few values are held."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.evaluation.calibration import quantiles
from lr_pipeline.tables.preparation.medians import finish_medians
from lr_pipeline.tables.preparation.weighted_medians import WeightedBracket


def median_of(values, weight, capacity, block):
    """Find the median in several passes over blocks; the second half of the rows is added later."""

    def fill(_, brackets):
        (one,) = brackets
        halves = [one.empty(), one.empty()]
        starts = range(0, len(values), block)
        for k, start in enumerate(starts):
            part = slice(start, start + block)
            halves[k >= len(starts) // 2] += one.collected(values[part], weight[part])
        return [halves[0] + halves[1]]

    return finish_medians(fill([0], [WeightedBracket(capacity=capacity)]), fill)[0]


@given(st.integers(0, 2**32 - 1), st.sampled_from([3, 40, 1_000]), st.booleans())
def test_the_median_is_that_of_repeated_rows(seed, n, skewed):
    """It holds with ties, missing values and heavy rows, also if not all values are held."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=n).round(rng.integers(0, 4))
    values[rng.random(n) < 0.1] = np.nan
    weight = rng.integers(1, 5, n).astype(float)
    if skewed:
        weight[rng.integers(n, size=2)] = rng.integers(1, 4 * n, size=2)
    repeated = np.repeat(values, weight.astype(int))
    known = repeated[~np.isnan(repeated)]
    expected = np.median(known) if len(known) else np.nan
    np.testing.assert_equal(median_of(values, weight, 64, 37), expected)


def test_the_size_of_the_weights_does_not_matter():
    """With tenths and thirds, the sums equal half of the total only up to rounding."""
    values = np.arange(10.0)
    for unit in (1.0, 0.1, 1.0 / 3.0, 1e-30, 1e30):
        assert median_of(values, np.full(10, unit), 4_000, 3) == 4.5


@given(st.integers(0, 2**32 - 1))
def test_quantiles_are_those_of_repeated_rows(seed):
    """They equal numpy's, interpolated between neighbours."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=20).round(1)
    weight = rng.integers(1, 5, 20).astype(float)
    shares = np.linspace(0.0, 1.0, 7)[1:-1]
    np.testing.assert_allclose(
        quantiles(values, shares, weight),
        np.quantile(np.repeat(values, weight.astype(int)), shares),
        rtol=1e-12,
        atol=1e-12,
    )
