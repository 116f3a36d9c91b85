"""The comparison on NIST's reference sets calls each package rightly."""

import pytest

from benchmarks import nist
from tests.reference.linear_sets import correct_digits, load


@pytest.mark.parametrize("name", ["norris", "noint1"])
@pytest.mark.parametrize(
    "solve", [nist.numpy_lstsq, nist.scikit_learn, nist.statsmodels_ols, nist.ours]
)
def test_each_package_solves_an_easy_set(solve, name):
    """With an intercept and without, ten digits of NIST's exact coefficients are right."""
    data = load(name)
    coefficients, _ = solve(data)
    digits = [correct_digits(*one) for one in zip(coefficients, data.coefficients, strict=True)]
    assert min(digits) > 10
