"""The log loss in single precision: nearly right, with rigorous bounds on the original columns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lr_pipeline.core.acceleration.single_precision import SingleObjective, standardized_single
from lr_pipeline.core.columns.moments import Extremes
from lr_pipeline.core.columns.standardize import StandardizedRows
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.engines.memory import ArrayRows


def table(n=600, d=5, seed=0, mean=0.0, scale=1.0, weighted=False):
    """Normal columns and random labels; every seventh weight is zero."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * scale + mean
    weight = rng.uniform(0.5, 2.0, n) * (np.arange(n) % 7 > 0) if weighted else None
    return X, (rng.random(n) < 0.4).astype(float), weight


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("mean", "scale"), [(0.0, 1.0), (1e6, 1.0), (3.0, 1e-8), (0.0, 1e8)])
def test_it_is_the_log_loss_to_seven_digits_or_nearly(mean, scale, weighted):
    """It holds for value, gradient and Hessian products of columns standardized in float64."""
    X, y, weight = table(mean=mean, scale=scale, weighted=weighted)
    rows = ArrayRows(X, y, weight, block_rows=173)
    center, deviation = X.mean(axis=0), X.std(axis=0)
    standardized = StandardizedRows(rows, tuple(range(5)), center, deviation, None)
    exact = LogisticObjective(standardized, NumpyKernel(), NoPenalty())
    single = standardized_single(rows, center, deviation)
    about = SingleObjective(single.blocks, rows, exact.total_weight)
    w, v = np.linspace(-1, 1, 6), np.linspace(2, 1, 6)
    at = about.expand(w)
    value, gradient, hessian = exact.value_gradient_hessian(w)
    assert at.value == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(at.gradient, gradient, atol=1e-6)
    np.testing.assert_allclose(at.product(v), hessian @ v, atol=1e-6)


@given(
    mean=st.floats(-1e12, 1e12),
    scale=st.floats(1e-20, 1e20),
    center=st.floats(-2.0, 2.0),
    seed=st.integers(0, 99),
)
def test_no_value_is_beyond_the_extremes(mean, scale, center, seed):
    """The bounds are rounded outwards by more than the rounding of single precision."""
    X, y, _ = table(n=40, d=2, seed=seed, mean=mean, scale=scale)
    centers = mean + center * np.full(2, scale)
    single = standardized_single(ArrayRows(X, y), centers, np.full(2, scale))
    true = Extremes.of(X)
    assert (single.extremes.lower <= true.lower).all()
    assert (single.extremes.upper >= true.upper).all()
    width = true.upper - true.lower + scale
    assert (single.extremes.upper - true.upper <= 1e-5 * width + 1e-12 * abs(mean)).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_what_single_precision_cannot_hold_is_left_alone(value):
    """No copy is made of values that are not finite, or too many deviations from the mean."""
    X, y, _ = table()
    X[17, 2] = value
    assert standardized_single(ArrayRows(X, y), np.zeros(5), np.ones(5)) is None


@pytest.mark.parametrize("scale", [0.0, 1e-31, 1e31, np.nan])
def test_a_scale_beyond_single_precision_makes_no_copy(scale):
    """A constant column makes no copy either."""
    X, y, _ = table()
    assert standardized_single(ArrayRows(X, y), np.zeros(5), np.full(5, scale)) is None


def test_rows_of_zero_weight_are_not_copied():
    """Such rows count nowhere, so that they may have any values."""
    X, y, weight = table(weighted=True)
    X[::7] = 1e300
    single = standardized_single(ArrayRows(X, y, weight), np.zeros(5), np.ones(5))
    assert sum(len(block.y) for block in single.blocks) == np.count_nonzero(weight)
    assert single.extremes.upper.max() < 10.0


@pytest.mark.parametrize(("slope", "value"), [(1e39, np.inf), (1e6, 5e5)])
def test_an_overflow_is_no_error(slope, value):
    """A loss beyond float32 is infinite, so that a shorter step is tried; a large one is finite."""
    X = np.linspace(-1, 1, 40)[:, None]
    y = (X[:, 0] < 0).astype(float)
    blocks = standardized_single(ArrayRows(X, y), np.zeros(1), np.ones(1)).blocks
    at = SingleObjective(blocks, ArrayRows(X, y), 40.0).expand(np.array([0.0, slope]))
    assert at.value == pytest.approx(value, rel=0.1)
    assert np.isfinite(at.product(np.ones(2))).all()
