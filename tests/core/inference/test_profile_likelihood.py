"""Profile likelihood: ends of intervals, and statistics at a point."""

from statistics import NormalDist

import numpy as np
import pytest
import statsmodels.api as sm
from mpmath import mpf
from scipy.optimize import brentq

from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.inference.logistic_inference import infer_logistic
from lr_pipeline.core.inference.profile_likelihood import profile_parameter
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.by_name import penalty_choice
from lr_pipeline.engines.memory import ArrayRows
from tests.core.profile_reference import exact_endpoint
from tests.core.tables import fair, near_duplicate, nearly_separated, spector

QUANTILE = NormalDist().inv_cdf(0.975) ** 2


def small_separated():
    """Fourteen rows and two columns, the first of which separates all rows except for a tie."""
    x = np.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0])
    noise = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7])
    return np.column_stack([x, noise]), (np.arange(14) > 5) * 1.0


def infer(X, y, penalty="none", weight=None, level=0.95):
    """Profile inference of arrays."""
    rows = ArrayRows(np.ascontiguousarray(X), y, weight)
    fit = fit_logistic(rows, NumpyKernel(), penalty_choice(penalty))
    return fit, infer_logistic(rows, NumpyKernel(), fit, level)


@pytest.mark.parametrize(
    ("table", "penalty"),
    [(spector, "none"), (spector, "firth"), (small_separated, "firth")],
    ids=["spector", "spector-firth", "separated-firth"],
)
def test_the_ends_are_those_of_thirty_digits(table, penalty):
    """Equal for every parameter and the intercept, to 1e-8 of an interval's half width."""
    X, y = table()
    fit, found = infer(X, y, penalty)
    optimum = [fit.intercept, *fit.coefficients]
    for j in range(len(optimum)):
        for end in (found.lower[j], found.upper[j]):
            exact = exact_endpoint(X, y, optimum, j, end, QUANTILE, penalty == "firth")
            assert abs(mpf(float(end)) - exact) < 1e-8 * abs(end - optimum[j])


def test_the_ends_are_those_of_brute_force():
    """The ends are roots of refits in statsmodels with the coefficient fixed by an offset."""
    X, y = fair()
    fit, found = infer(X, y, level=0.9)
    quantile = NormalDist().inv_cdf(0.95) ** 2
    A = np.column_stack([np.ones(len(y)), X])
    for j in (0, 1, 5):

        def excess(c, j=j):
            model = sm.GLM(y, np.delete(A, j, 1), sm.families.Binomial(), offset=c * A[:, j])
            return 2.0 * (fit.log_likelihood - model.fit(tol=1e-14).llf) - quantile

        estimate = [fit.intercept, *fit.coefficients][j]
        for end in (found.lower[j], found.upper[j]):
            far = estimate + 1.5 * (end - estimate)
            assert end == pytest.approx(brentq(excess, estimate, far, xtol=1e-13), rel=1e-7)


def test_the_statistic_at_zero_is_that_of_a_refit_without_the_column():
    """Likelihood-ratio tests of all coefficients and the intercept agree with statsmodels."""
    X, y = fair()
    _, found = infer(X, y)
    A = np.column_stack([np.ones(len(y)), X])
    full = sm.Logit(y, A).fit(disp=0, tol=1e-14).llf
    rest = [sm.Logit(y, np.delete(A, j, 1)).fit(disp=0, tol=1e-14).llf for j in range(A.shape[1])]
    np.testing.assert_allclose(found.statistics, 2.0 * (full - np.array(rest)), rtol=1e-8)


@pytest.mark.parametrize("penalty", ["none", "firth"])
def test_weights_count_rows(penalty):
    """A row of weight two counts as two rows, a row of weight zero as none."""
    X, y = spector()
    weight = np.arange(len(y)) % 3 + 1.0
    weight[3] = 0.0
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    _, weighted = infer(X, y, penalty, weight)
    _, repeated = infer(X[rows], y[rows], penalty)
    np.testing.assert_allclose(weighted.lower, repeated.lower, rtol=1e-8)
    np.testing.assert_allclose(weighted.upper, repeated.upper, rtol=1e-8)
    np.testing.assert_allclose(weighted.statistics, repeated.statistics, rtol=1e-8)


@pytest.mark.parametrize("penalty", ["none", "firth"])
def test_scaling_and_permuting_columns_scales_and_permutes(penalty):
    """Profile intervals are equivariant, with scales from 1e-6 to 1e6."""
    X, y = spector()
    _, plain = infer(X, y, penalty)
    scale, order = np.array([1e6, 1e-6, 1.0]), [2, 0, 1]
    _, moved = infer((X * scale)[:, order], y, penalty)
    for name in ("lower", "upper"):
        expected = (getattr(plain, name)[1:] / scale)[order]
        np.testing.assert_allclose(getattr(moved, name)[1:], expected, rtol=1e-8)
    np.testing.assert_allclose(moved.statistics[1:], plain.statistics[1:][order], rtol=1e-8)


@pytest.mark.parametrize(("table", "distance"), [(nearly_separated, 1e-3), (near_duplicate, 0.02)])
def test_hard_tables_have_the_statistic_that_the_ends_claim(table, distance):
    """A fit with the parameter fixed at an end is worse by the quantile, on difficult tables.

    Tables are nearly separated or nearly dependent. Nearer copies would have no interval, since
    they cannot be told apart.
    """
    X, y = table(distance)
    fit, found = infer(X, y)
    for end in (found.lower[1], found.upper[1]):
        # The near copy's coefficient compensates for the end imposed on the first column.
        offset = end * (X[:, 0] - X[:, 3] if X.shape[1] > 1 else X[:, 0])
        statistic = 2.0 * (fit.log_likelihood - largest_log_likelihood(X[:, 1:], y, offset))
        assert statistic == pytest.approx(QUANTILE, rel=1e-6)


def largest_log_likelihood(X, y, offset):
    """Maximum of the likelihood with an offset, by damped Newton steps in float64."""
    A = np.column_stack([np.ones(len(y)), X])

    def loss(w):
        z = A @ w + offset
        return float(np.sum(np.logaddexp(0.0, z) - y * z))

    w = np.zeros(A.shape[1])
    for _ in range(50):
        z = A @ w + offset
        p = np.exp(-np.logaddexp(0.0, -z))
        s = p * np.exp(-np.logaddexp(0.0, z))
        step = np.linalg.solve((A * s[:, None]).T @ A, A.T @ (y - p))
        t = 1.0
        while loss(w + t * step) > loss(w) and t > 1e-8:
            t /= 2.0
        w = w + t * step
    return -loss(w)


class Flat:
    """A bounded objective of one coordinate, log(1 + w²) / (1 + log(1 + w²))."""

    total_weight, hessian_is_exact = 1.0, True

    def value(self, w):
        return self.value_gradient_hessian(w)[0]

    def value_gradient(self, w):
        return self.value_gradient_hessian(w)[:2]

    def value_gradient_hessian(self, w):
        u = np.log1p(w[0] ** 2)
        return u / (1 + u), 2 * w / (1 + w**2) / (1 + u) ** 2, np.eye(1)


def test_a_profile_that_stays_below_the_quantile_has_no_end():
    """The end is ±∞ then, and finite where the quantile is reached: log(1 + w²) = 1 at g = 1."""
    parameter = profile_parameter(Flat(), np.zeros(1), np.eye(1), np.ones(1))
    assert parameter.endpoint(1, 3.84) == np.inf
    assert parameter.endpoint(-1, 3.84) == -np.inf
    assert parameter.endpoint(1, 1.0) == pytest.approx(np.sqrt(np.e - 1.0), rel=1e-10)
