"""Small tables are fitted in place, to the same optimum and the same certificate as others."""

import numpy as np
import pytest

from lr_pipeline.core import fit as fit_module
from lr_pipeline.core.few_rows import FEW_NUMBERS, fit_few_rows
from lr_pipeline.core.fit import fit_logistic
from lr_pipeline.core.logistic import NumpyKernel
from lr_pipeline.core.rows import Block
from lr_pipeline.core.solvers import Newton, Status
from lr_pipeline.engines.memory import ArrayRows
from tests.core.reference import maximum_likelihood


def block(n=60, d=3, seed=4, mean=2.0, scale=(1.0, 30.0, 1e-3)):
    """Overlapping classes, columns of unequal scales."""
    rng = np.random.default_rng(seed)
    Z = rng.standard_normal((n, d))
    y = (rng.random(n) < 1 / (1 + np.exp(-(Z @ np.linspace(1, -1, d) + 0.3)))).astype(float)
    return Block((Z + mean) * np.resize(scale, d), y)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tolerance", [None, 1e-3])
def test_the_optimum_of_forty_digits_lies_within_the_certificate(seed, tolerance):
    """To the rounding floor by default, and as near as asked for with a tolerance."""
    X, y, _ = block(seed=seed)
    fit = fit_logistic(ArrayRows(X, y), NumpyKernel(), tolerance=tolerance)
    found = np.array([fit.intercept, *fit.coefficients])
    exact = np.array([float(value) for value in maximum_likelihood(X, y, found)])
    errors = np.array([fit.intercept_standard_error, *fit.standard_errors])
    assert fit.status is Status.CONVERGED and fit.unique and fit.existence.verdict == "unique"
    distance = np.max(np.abs(found - exact) / errors)
    assert distance <= fit.certificate.standard_errors <= (tolerance or 1e-9)


def test_everything_reported_equals_the_general_way(monkeypatch):
    """Standard errors, covariance, likelihood, trace: to rounding."""
    X, y, _ = block()
    few = fit_logistic(ArrayRows(X, y), NumpyKernel())
    monkeypatch.setattr(fit_module, "FEW_NUMBERS", 0)
    other = fit_logistic(ArrayRows(X, y), NumpyKernel())
    np.testing.assert_allclose(few.coefficients, other.coefficients, rtol=1e-12)
    np.testing.assert_allclose(few.covariance, other.covariance, rtol=1e-9)
    np.testing.assert_allclose(few.scaled_parameters, other.scaled_parameters, rtol=1e-11)
    assert few.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-14)
    assert few.intercept == pytest.approx(other.intercept, rel=1e-12)
    assert [point.step for point in few.trace] == [point.step for point in other.trace]
    assert [point.value for point in few.trace] == pytest.approx(
        [point.value for point in other.trace], rel=1e-12
    )
    assert few.objective == other.objective and few.solver == other.solver


def test_every_iterate_is_reported():
    """To ``progress``, once each."""
    X, y, _ = block()
    seen = []
    fit = fit_logistic(ArrayRows(X, y), NumpyKernel(), progress=seen.append)
    assert tuple(seen) == fit.trace and len(seen) == fit.iterations + 1 > 3


def separated():
    """A threshold on the first column tells the classes apart."""
    X = block().X
    return X, (X[:, 0] > 2.0).astype(float), None


def dependent():
    """The last column is the sum of the others."""
    X, y, _ = block()
    return np.c_[X, X.sum(axis=1)], y, None


X, Y, _ = block()


@pytest.mark.parametrize(
    "refused",
    [
        (X, Y, np.ones(len(Y))),
        (np.resize(X, (FEW_NUMBERS, 3)), np.resize(Y, FEW_NUMBERS), None),
        (X, np.zeros(len(Y)), None),
        (X, np.ones(len(Y)), None),
        (X, 2.0 * Y, None),
        (np.c_[X, np.full(len(Y), 3.0)], Y, None),
        (np.c_[X, np.where(Y > 0, np.inf, 1.0)], Y, None),
        (X + 1e7 * X.std(axis=0), Y, None),
        separated(),
        dependent(),
    ],
    ids=[
        "weights",
        "many numbers",
        "no ones",
        "no zeros",
        "other labels",
        "constant column",
        "infinite value",
        "far from zero",
        "separated",
        "dependent",
    ],
)
def test_what_is_not_plain_is_left_to_the_general_way(refused):
    """None, so that the general way decides, or says what is wrong."""
    assert fit_few_rows(Block(*refused), Newton()) is None
