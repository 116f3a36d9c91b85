"""The numpy kernel's fast paths; ``test_kernel`` tests that its sums are right."""

import numpy as np
import pytest

from lr_pipeline.core.logistic.fast_kernel import (
    BLAS_COLUMNS,
    NUMBERS_IN_CACHE,
    linear_predictor,
)
from lr_pipeline.core.rows import Block

EPS = np.finfo(np.float64).eps


@pytest.mark.parametrize("columns", [3, BLAS_COLUMNS])
def test_log_odds_are_the_same_however_a_block_lies_in_memory(columns):
    """Blocks are larger than the cache, with contiguous rows or columns, or a part of such."""
    rng = np.random.default_rng(2)
    X, w = (
        rng.standard_normal((NUMBERS_IN_CACHE // 3 + 5, columns)),
        rng.standard_normal(columns + 1),
    )
    found = linear_predictor(Block(X, X[:, 0]), w)
    expected = w[0] + sum(x * b for x, b in zip(X.T, w[1:], strict=True))
    bound = columns * EPS * (abs(w[0]) + np.abs(X) @ np.abs(w[1:]))
    assert (np.abs(found - expected) <= bound).all()
    for part in (np.asfortranarray(X), X[:100]):
        other = linear_predictor(Block(part, part[:, 0]), w)
        assert (np.abs(other - expected[: len(part)]) <= bound[: len(part)]).all()
