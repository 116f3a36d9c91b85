"""Lengths and units that a Hessian defines."""

import numpy as np
import pytest

from lr_pipeline.core.cholesky import Factors
from lr_pipeline.core.curvature import Curvature

RNG = np.random.default_rng(3)
ROWS = RNG.standard_normal((20, 4))
HESSIAN = ROWS.T @ ROWS
SCALED = np.diag([1.0, 2.0, 0.5, 3.0])
SCALED[0, 1:] = [0.3, -1.0, 2.0]  # the intercept has a part of every column
COMBINED = np.triu(RNG.standard_normal((4, 4)))
MORE = np.vstack([SCALED, RNG.standard_normal(4)])


@pytest.mark.parametrize("M", [SCALED, COMBINED, MORE], ids=["scaled", "combined", "more"])
def test_the_covariance_is_that_of_the_parameters_as_reported(M):
    """M H⁻¹ Mᵀ, whatever M does to the columns; its diagonal has the squared units."""
    curvature = Curvature.of(np.zeros(4), Factors.of(HESSIAN), np.zeros(4), M)
    expected = M @ np.linalg.inv(HESSIAN) @ M.T
    np.testing.assert_allclose(curvature.covariance, expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(curvature.units**2, np.diag(expected), rtol=1e-11)


@pytest.mark.parametrize("hessian", [-HESSIAN, np.full((4, 4), np.nan)])
def test_a_matrix_that_is_not_positive_definite_defines_nothing(hessian):
    """There is no curvature then."""
    assert Curvature.of(np.zeros(4), Factors.of(hessian), np.zeros(4), SCALED) is None
