"""Lengths and units that a Hessian defines."""

import numpy as np
import pytest

from lr_pipeline.core.certificate.curvature import Curvature
from lr_pipeline.core.columns.standardize import Reported
from lr_pipeline.core.linear_algebra.factors import Factors

RNG = np.random.default_rng(3)
ROWS = RNG.standard_normal((20, 4))
HESSIAN = ROWS.T @ ROWS
INTERCEPT = np.array([1.0, 0.3, -1.0, 2.0])  # it depends on every column
SLOPES = {
    "scaled": np.array([2.0, -0.5, 3.0]),
    "combined": np.triu(RNG.standard_normal((3, 3))),
    "more": RNG.standard_normal((5, 3)),
}


@pytest.mark.parametrize("slopes", SLOPES.values(), ids=SLOPES)
def test_the_covariance_is_that_of_the_parameters_as_reported(slopes):
    """It is M H⁻¹ Mᵀ for every kind of M; its diagonal has the squared units."""
    reported = Reported(INTERCEPT, slopes)
    curvature = Curvature.of(np.zeros(4), Factors.of(HESSIAN), np.zeros(4), reported)
    M = reported.matrix()
    expected = M @ np.linalg.inv(HESSIAN) @ M.T
    np.testing.assert_allclose(curvature.covariance, expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(curvature.units**2, np.diag(expected), rtol=1e-11)


@pytest.mark.parametrize("hessian", [-HESSIAN, np.full((4, 4), np.nan)])
def test_a_matrix_that_is_not_positive_definite_defines_nothing(hessian):
    """The result is None where the Hessian is not positive definite."""
    reported = Reported(INTERCEPT, SLOPES["scaled"])
    assert Curvature.of(np.zeros(4), Factors.of(hessian), np.zeros(4), reported) is None
