"""Triangular factors, from whole tables and merged from blocks."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.core.linear_algebra.triangular import triangular_factor


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.integers(0, 1000))
def test_merged_factors_have_the_gram_matrix_of_all_rows(lengths: list[int], seed: int) -> None:
    """Blocks may have fewer rows than columns; the Gram matrix is kept, only Q is not."""
    rng = np.random.default_rng(seed)
    blocks = [rng.standard_normal((n, 4)) for n in lengths]
    total = triangular_factor(blocks[0])
    for block in blocks[1:]:
        total = triangular_factor(block) + total
    A = np.vstack(blocks)
    assert np.array_equal(total.R, np.triu(total.R))
    assert len(total.R) == min(len(A), 4)
    np.testing.assert_allclose(total.R.T @ total.R, A.T @ A, rtol=0, atol=1e-14 * (A**2).sum())


def test_a_factor_keeps_the_digits_that_a_gram_matrix_squares_away() -> None:
    """For two columns 1e-9 apart, R₂₂ is right to 1e-6 of itself, but AᵀA has no digit of it."""
    rng = np.random.default_rng(1)
    x, e = np.linalg.qr(rng.standard_normal((100, 2)))[0].T
    A = np.column_stack([x, x + 1e-9 * e])
    merged = triangular_factor(A[:30]) + triangular_factor(A[30:])
    assert abs(abs(merged.R[1, 1]) - 1e-9) < 1e-15
    G = A.T @ A
    squared = G[1, 1] - G[0, 1] ** 2 / G[0, 0]
    assert abs(squared - 1e-18) > 0.9e-18  # no digit is left
