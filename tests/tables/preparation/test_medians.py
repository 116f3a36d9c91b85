"""Medians of columns read in blocks equal numpy's bit for bit, however few values are held."""

from operator import iadd

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.tables.preparation.medians import Bracket, finish_medians


def medians(columns, capacity, block=1_000):
    """Medians of the columns, and the number of passes."""
    passes = [0]

    def read(chosen):
        passes[0] += 1
        for start in range(0, columns.shape[1], block):
            yield [columns[j, start : start + block] for j in chosen]

    def fill(chosen, brackets):
        for blocks in read(chosen):
            brackets = [
                iadd(bracket, bracket.collected(values))
                for bracket, values in zip(brackets, blocks, strict=True)
            ]
        return brackets

    brackets = [Bracket(capacity=capacity) for _ in columns]
    return finish_medians(fill(range(len(columns)), brackets), fill), passes[0]


def columns_of_every_kind(n):
    """Columns: normal, with many ties, constant, sorted, periodic, skewed, with missing values."""
    rng = np.random.default_rng(0)
    normal = rng.normal(size=n)
    return np.stack(
        [
            normal,
            rng.integers(0, 2, n).astype(float),
            np.repeat([0.0, 1.0], [n // 2, n - n // 2]),
            rng.integers(0, 3, n).astype(float),
            np.full(n, 7.25),
            np.sort(normal),
            np.arange(n) % 64 * 1.0,
            np.where(np.arange(n) % 64 == 0, -1e9, np.exp(8 * normal)),
            1e9 + normal * 1e-6,
            np.where(rng.random(n) < 0.7, np.nan, normal),
            np.where(rng.random(n) < 0.999, np.nan, normal),
        ]
    )


@pytest.mark.parametrize("n", [1, 2, 3, 1_000, 50_000, 50_001])
@pytest.mark.parametrize("capacity", [256, 5_000, 1_000_000])
def test_they_are_numpys_bit_for_bit(n, capacity):
    """Two or three passes are enough for columns of every kind, unless very little is held."""
    columns = columns_of_every_kind(n)
    columns[:, 0] = np.where(np.isnan(columns[:, 0]), 0.5, columns[:, 0])
    found, passes = medians(columns, capacity)
    np.testing.assert_array_equal(found, np.nanmedian(columns, axis=1))
    assert passes <= (1 if capacity >= n else 4 if capacity == 5_000 else 10)


def test_a_column_without_values_has_none():
    """The median is NaN, as numpy's is."""
    assert np.isnan(medians(np.full((1, 5), np.nan), 256)[0][0])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-5, 5) | st.floats(-1e300, 1e300), min_size=1, max_size=30),
    st.integers(1, 400),
    st.integers(1, 500),
)
def test_any_values_in_any_blocks(values, repetitions, block):
    """The values are repeated in turn, so that each is at the same places of every block."""
    column = np.tile(np.array(values, dtype=float), repetitions)
    found, _ = medians(column[None], 256, block)
    assert found[0] == np.median(column)


@pytest.mark.parametrize("block", [1, 7, 100, 3_000, 10_000])
def test_a_thinned_sample_is_evenly_spaced_however_the_rows_are_cut(block):
    """If 256 of 10,000 values are held, they are every 64th."""
    column = np.random.default_rng(1).permutation(10_000.0 + np.arange(10_000))
    bracket = Bracket(capacity=256)
    for start in range(0, len(column), block):
        bracket += bracket.collected(column[start : start + block])
    assert bracket.thinning == 64
    np.testing.assert_array_equal(np.concatenate(bracket.inside), column[::64])
