"""Solving with a matrix that is not positive definite or not finite."""

import numpy as np
import pytest

from lr_pipeline.core.solvers.hessian_solve import curvature_solve


@pytest.mark.parametrize("hessian", [[[1.0, 2.0], [2.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]])
def test_a_matrix_that_is_not_positive_definite_still_gives_a_descent_direction(hessian):
    """gᵀ H⁻¹ g > 0 for every g."""
    solve = curvature_solve(np.array(hessian))
    for gradient in (np.array([1.0, 0.0]), np.array([1.0, -1.0]), np.array([1.0, 1.0])):
        assert gradient @ solve(gradient) > 0


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_matrix_that_is_not_finite_is_replaced_by_a_quarter_of_the_identity(value):
    """No multiple of the identity would make it positive definite."""
    solve = curvature_solve(np.array([[1.0, 0.0], [0.0, value]]))
    np.testing.assert_allclose(solve(np.array([1.0, 2.0])), [4.0, 8.0])
