"""Cholesky factors by single LAPACK calls."""

import numpy as np
import pytest

from lr_pipeline.core.linear_algebra.cholesky import cholesky, cholesky_solve, invert_lower
from lr_pipeline.core.linear_algebra.factors import Factors

A = np.array([[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]])


def test_the_factor_solves_and_inverts():
    """L Lᵀ = A, with zeros above the diagonal; solutions and inverse equal numpy's."""
    L = cholesky(A)
    np.testing.assert_allclose(L @ L.T, A, rtol=1e-15)
    assert not np.triu(L, 1).any()
    b = np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(cholesky_solve(L, b), np.linalg.solve(A, b), rtol=1e-14)
    np.testing.assert_allclose(cholesky_solve(L, np.eye(3)), np.linalg.inv(A), rtol=1e-13)
    np.testing.assert_allclose(invert_lower(L) @ L, np.eye(3), atol=1e-15)


def test_the_factors_of_a_multiple_are_known():
    """The factors of c A solve with c A; there are none where A has no Cholesky factor."""
    factors = Factors.of(A).times(4.0)
    np.testing.assert_allclose(factors.L @ factors.L.T, 4.0 * A, rtol=1e-15)
    np.testing.assert_allclose(factors.inverse @ factors.L, np.eye(3), atol=1e-15)
    b = np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(factors.solve(b), np.linalg.solve(4.0 * A, b), rtol=1e-14)
    assert Factors.of(-A) is None


@pytest.mark.parametrize(
    "wrong",
    [-A, np.ones((3, 3)), np.full((3, 3), np.nan), np.diag([np.inf, 1.0, 1.0]) * A],
    ids=["negative", "singular", "nan", "infinite"],
)
def test_there_is_no_factor_of_what_is_not_positive_definite(wrong):
    """The result is None, not an exception or a factor that is not finite."""
    assert cholesky(wrong) is None


def test_an_empty_matrix_is_its_own_factor():
    """A design without columns needs no factor."""
    empty = np.empty((0, 0))
    assert cholesky(empty).shape == invert_lower(empty).shape == (0, 0)
