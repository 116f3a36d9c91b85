"""The benchmarks' tables."""

import numpy as np

from benchmarks.tables import TableSpec


def test_a_seed_makes_the_same_table_and_another_seed_another():
    """The arrays are float64 in C order, the labels 0 and 1."""
    spec = TableSpec("small", 500, 4)
    (X, y), (again, _), (other, _) = (spec.arrays(seed) for seed in (1, 1, 2))
    assert X.dtype == np.float64
    assert X.flags.c_contiguous
    assert set(y) == {0.0, 1.0}
    np.testing.assert_array_equal(X, again)
    assert not np.array_equal(X, other)


def test_a_hard_table_is_hard():
    """Scales span seven decades; three pairs of columns correlate by 1 − 1e-6."""
    X, _ = TableSpec("hard", 20_000, 8, hard=True).arrays(1)
    scale = X.std(axis=0)
    assert 5e6 < scale.max() / scale.min() < 2e7
    correlation = np.abs(np.corrcoef(X, rowvar=False))
    for j in range(3):
        assert 5e-7 < 1 - correlation[j, -1 - j] < 2e-6
