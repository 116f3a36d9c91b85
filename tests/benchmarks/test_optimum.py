"""The optimum that benchmarks are measured against."""

import numpy as np
import pytest
import statsmodels.api as sm

from benchmarks.optimum import find_array_optimum, find_optimum
from benchmarks.tables import TableSpec
from tests.core.tables import overlapping

HARD = TableSpec("hard", 3_000, 8, hard=True)


def test_the_optimum_and_its_standard_errors_are_statsmodels():
    """They agree on a table that is easy for both."""
    X, y = overlapping()
    found = find_array_optimum(X, y)
    peer = sm.Logit(y, sm.add_constant(X)).fit(disp=0, tol=1e-14)
    np.testing.assert_allclose(found.parameters, peer.params, rtol=1e-10)
    np.testing.assert_allclose(found.standard_errors, peer.bse, rtol=1e-8)


def test_a_hard_table_has_a_reference_far_within_what_qualifies():
    """Near-duplicates, scales from 1e-3 to 1e4 and far means leave a margin of six digits."""
    assert find_array_optimum(*HARD.arrays(1)).decrement < 1e-9


def test_distances_are_in_standard_errors():
    """The distance is the largest over the parameters; NaN is infinitely far."""
    found = find_array_optimum(*overlapping())
    moved = found.parameters.copy()
    moved[2] += 3 * found.standard_errors[2]
    moved[0] -= found.standard_errors[0]
    assert found.distance(moved) == pytest.approx(3.0)
    assert found.distance(np.full(4, np.nan)) == np.inf


def test_a_separated_table_is_no_reference():
    """A benchmark on it would compare nothing."""
    x = np.linspace(-1, 1, 40)
    with pytest.raises((ValueError, np.linalg.LinAlgError)):
        find_array_optimum(x[:, None], (x > 0) * 1.0)


def test_blocks_do_not_change_the_optimum():
    """Rows read in parts, as from a file, give the same parameters."""
    X, y = HARD.arrays(1)
    whole, parts = (
        find_optimum(lambda size=size: ((X[i : i + size], y[i : i + size])
                                        for i in range(0, len(y), size)))
        for size in (len(y), 701)
    )  # fmt: skip
    assert whole.distance(parts.parameters) < 1e-8
