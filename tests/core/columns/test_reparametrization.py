"""Standardizing the parameters gives the sums of standardized rows without computing these."""

import numpy as np
import pytest

from lr_pipeline.core.columns.moments import Extremes
from lr_pipeline.core.columns.reparametrization import (
    LARGE_TABLE_NUMBERS,
    LARGEST_SHIFT,
    Reparametrization,
)
from lr_pipeline.core.columns.standardize import StandardizedRows
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.sums import LogisticSums
from lr_pipeline.core.rows import largest
from lr_pipeline.engines.memory import ArrayRows

CENTER, SCALE = np.array([3.0, -20.0]), np.array([0.5, 4.0])
W = np.array([0.2, -1.0, 0.7])


def standardized(n=60, center=CENTER, B=None, scale=SCALE):
    """Standardized columns 2 and 0 of a table of three columns."""
    rng = np.random.default_rng(2)
    X = rng.standard_normal((n, 3)) * [4.0, 1.0, 0.5] + [-20.0, 9.0, 3.0]
    y = (rng.random(n) < 0.4).astype(float)
    rows = ArrayRows(X, y, rng.random(n), block_rows=max(n // 3, 1))
    return StandardizedRows(rows, (2, 0), center, scale, B)


def both(rows):
    """Return the sums of the same rows with and without a reparametrization."""
    return LogisticSums(rows, NumpyKernel()), LogisticSums(rows, NumpyKernel(), reparametrize=False)


def test_sums_are_those_of_the_standardized_rows():
    """Loss, gradient and information are equal to (1 + |m| / s)² roundings."""
    mapped, plain = both(standardized())
    assert mapped.T is not None and plain.T is None
    rounding = 60 * 2.0**-53 * 10 * (1 + np.max(np.abs(CENTER) / SCALE)) ** 2
    assert mapped.loss(W) == pytest.approx(plain.loss(W), rel=rounding)
    for found, expected in zip(
        mapped.loss_gradient_information(W), plain.loss_gradient_information(W), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=rounding, atol=60 * rounding)
    np.testing.assert_array_equal(
        mapped.loss_gradient(W)[1], mapped.loss_gradient_information(W)[1]
    )


def test_combined_columns_are_reparametrized_for_gradients_of_large_tables_alone():
    """With B, a small table is not reparametrized; a large one is, except for its Hessian."""
    B = np.array([[1.0, -3.0], [0.0, 2.0]])
    assert Reparametrization.of(standardized(B=B)) is None
    rows = standardized(LARGE_TABLE_NUMBERS // 2 + 1, B=B)
    mapped, plain = both(rows)
    assert mapped.T is not None and not mapped.T.keeps_hessians
    expected = plain.loss_gradient_information(W)
    np.testing.assert_allclose(mapped.loss_gradient(W)[1], expected[1], rtol=1e-9)
    np.testing.assert_array_equal(mapped.loss_gradient_information(W)[2], expected[2])


@pytest.mark.parametrize("B", [None, np.array([[1.0, -3.0], [0.0, 2.0]])], ids=["plain", "B"])
def test_rows_of_a_large_table_far_from_zero_are_only_centred(B):
    """Scale and B move to the parameters: sums are equal to rounding, and column bounds hold."""
    rows = standardized(LARGE_TABLE_NUMBERS // 2 + 1, 1e4 * SCALE, B)
    mapped, plain = both(rows)
    assert mapped.T is not None and not mapped.T.shift.any()
    expected, w = plain.loss_gradient_information(W * 1e-4), W * 1e-4
    mapped.watches = True
    found = mapped.loss_gradient(w)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-10)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-9)
    np.testing.assert_allclose(mapped.loss_gradient_information(w)[2], expected[2], rtol=1e-9)
    found = largest(rows, lambda block: float(np.abs(block.X[:, 0]).max()))
    assert mapped.largest()[0] == pytest.approx(found, rel=1e-12)


def test_rows_far_from_zero_are_not_reparametrized():
    """The sums would lose their digits to the mean."""
    near, far = LARGEST_SHIFT * SCALE, 1.01 * LARGEST_SHIFT * SCALE
    assert Reparametrization.of(standardized(center=near)) is not None
    assert Reparametrization.of(standardized(center=far)) is None
    assert Reparametrization.of(ArrayRows(np.ones((2, 1)), np.ones(2))) is None


def test_the_largest_values_bound_the_standardized_columns():
    """The bounds come from the table's extremes, and without B equal the largest |x̃|."""
    rows = standardized()
    T = Reparametrization.of(rows)
    largest = T.largest(Extremes.of(rows.rows.X))
    blocks = rows.sum(lambda block: ([np.abs(block.X).max(axis=0)],))[0]
    np.testing.assert_allclose(largest, np.max(blocks, axis=0), rtol=1e-14)


@pytest.mark.parametrize(
    ("center", "scale", "alike"),
    [([3.0, -0.5], [0.5, 4.0], True), ([0.0, 0.0], [0.5, 5.1], False), (CENTER, SCALE, False)],
    ids=["alike", "other deviations", "far mean"],
)
def test_the_first_pass_bounds_the_extremes_when_asked_to(center, scale, alike):
    """One number bounds columns that are alike; otherwise each has its own bounds."""
    rows = standardized(center=np.array(center), scale=np.array(scale))
    sums = LogisticSums(rows, NumpyKernel())
    assert sums.largest() is None
    sums.watches = True
    sums.loss_gradient(W)
    true = Extremes.of(rows.rows.X)
    assert (sums.extremes.lower <= true.lower).all() and (sums.extremes.upper >= true.upper).all()
    assert len(set(sums.extremes.upper)) == (1 if alike else 3)
    assert alike or (sums.extremes.upper == true.upper).all()


def test_values_whose_squares_are_too_large_together_are_looked_at_again():
    """Each value is finite, as a second pass finds."""
    rows = standardized(center=np.zeros(2), scale=np.ones(2))
    rows.rows.X[:] *= 0.99e100 / np.abs(rows.rows.X).max()
    rows = StandardizedRows(rows.rows, rows.columns, rows.center, np.full(2, 1e99), None)
    sums = LogisticSums(rows, NumpyKernel())
    sums.watches = True
    sums.loss_gradient(W)
    true = Extremes.of(rows.rows.X)
    np.testing.assert_array_equal(sums.extremes.lower, true.lower)
    np.testing.assert_array_equal(sums.extremes.upper, true.upper)
    assert sums.passes == 2


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_a_value_that_is_not_finite_is_found_by_the_first_pass(value):
    """Its place is named, although one number bounds all columns."""
    rows = standardized(center=np.zeros(2), scale=np.ones(2))
    rows.rows.X[17, 1] = value
    sums = LogisticSums(rows, NumpyKernel())
    sums.watches = True
    with pytest.raises(ValueError, match="at row 17, column 1"):
        sums.loss_gradient(W)
