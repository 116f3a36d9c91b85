"""The stated errors of least-squares solutions, compared with exact solutions."""

from math import inf

import numpy as np
import pytest

from lr_pipeline.core.least_squares.linear_fit import fit_linear
from lr_pipeline.core.solvers import Status
from lr_pipeline.engines.memory import ArrayRows
from tests.core.exact_least_squares import solve_exactly
from tests.core.least_squares.test_nist import fit, parameters
from tests.reference.linear_sets import NAMES, load


@pytest.mark.parametrize("name", NAMES)
def test_no_parameter_is_further_from_the_exact_one_than_stated(name):
    """On NIST's sets, in standard errors, except where residuals vanish and there are none."""
    data = load(name)
    fitted = fit(data)
    values, errors = parameters(fitted, data)
    distances = [
        abs(float(exact - type(exact)(value))) / error
        for value, error, exact in zip(values, errors, data.coefficients, strict=True)
    ]
    assert max(distances) <= fitted.certificate.standard_errors
    assert not fitted.certificate.rigorous


def test_the_float64_path_is_within_its_estimate():
    """A well-conditioned table of five columns is compared with an exact solution."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((200, 5)) + 3.0
    y = X @ rng.standard_normal(5) + rng.standard_normal(200)
    fitted = fit_linear(ArrayRows(X, y))
    exact = solve_exactly(X, y, np.ones(200))
    distances = [
        abs(float(b - a)) / s
        for a, b, s in zip(
            fitted.coefficients, exact.parameters[1:], fitted.standard_errors, strict=True
        )
    ]
    assert fitted.method == "float64"
    assert max(distances) <= fitted.certificate.standard_errors < 1e-11
    assert fitted.gradient_norm < 1e-13


def test_a_perfect_fit_has_an_unbounded_likelihood():
    """With RSS = 0, σ² goes to zero, and there are no standard errors to measure distances."""
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    fitted = fit_linear(ArrayRows(x, 2.0 * x[:, 0] + 1.0))
    assert fitted.log_likelihood == inf
    assert fitted.certificate.standard_errors == inf
    assert fitted.certificate.loss < 1e-50
    assert fitted.status is Status.CONVERGED
