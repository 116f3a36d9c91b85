"""The log-F(m, m) penalty: optimum, certificate, intervals and tests, also on separated tables."""

from statistics import NormalDist

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.inference.logistic_inference import infer_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.solvers import GradientDescent, Lbfgs, Newton, Status
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from tests.core.reference import in_standard_errors, log_f
from tests.core.tables import near_duplicate, nearly_separated, overlapping, spector

QUANTILE = NormalDist().inv_cdf(0.975) ** 2


def separated(n=40, d=3, seed=1):
    """A table that its first column separates completely, in very different units."""
    X = np.random.default_rng(seed).normal(size=(n, d))
    return X * 10.0 ** np.arange(d) + 5.0, (X[:, 0] > 0.0) * 1.0


def quasi_separated():
    """A rare level whose rows all have label 1, and two columns with overlapping classes."""
    X, y = overlapping(60)
    X[:, 0] = np.arange(60) % 12 == 0
    return X, np.maximum(y, X[:, 0])


def far_from_zero():
    """A table with means much larger than the deviations."""
    X, y = overlapping(60)
    return X + np.array([1e8, -1e6, 0.0]), y


TABLES = [spector, separated, quasi_separated, nearly_separated, far_from_zero]


def fit(X, y, m=1.0, *, weight=None, kernel=None, solver=None):
    """Fit arrays with penalty log-f."""
    rows = ArrayRows(np.ascontiguousarray(X), y, weight)
    return fit_logistic(rows, kernel or NumpyKernel(), LogF(m), solver)


def infer(X, y, m=1.0, method="profile"):
    """Return the fit of arrays and its inference."""
    fitted = fit(X, y, m)
    rows = ArrayRows(np.ascontiguousarray(X), y)
    return fitted, infer_logistic(rows, NumpyKernel(), fitted, method=method)


def augmented(X, y, m, weight=None):
    """Add a row for each standardized column: m / 2 successes and failures, and intercept 0."""
    n, d = X.shape
    weight = np.ones(n) if weight is None else weight
    mean = np.average(X, axis=0, weights=weight)
    deviation = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weight))
    rows = np.column_stack([np.ones(n), (X - mean) / deviation])
    A = np.vstack([rows, np.eye(d + 1)[1:]])
    return A, np.append(y, np.full(d, 0.5)), np.append(weight, np.full(d, m)), mean, deviation


def loss(w, A, y, c):
    """Σ c (log(1 + exp z) − y z) and its gradient."""
    z = A @ w
    p = 1.0 / (1.0 + np.exp(-z))
    return float(c @ (np.logaddexp(0.0, z) - y * z)), A.T @ (c * (p - y))


@pytest.mark.parametrize("kernel", [NumpyKernel(), TorchKernel()], ids=["numpy", "torch"])
@pytest.mark.parametrize("m", [1.0, 2.0])
@pytest.mark.parametrize("table", TABLES)
def test_the_optimum_is_that_of_forty_digits(table, m, kernel):
    """The fit is within a rigorous certificate, which is below 1e-6 standard errors."""
    X, y = table()
    X, y = X[-120:], y[-120:]
    fitted = fit(X, y, m, kernel=kernel)
    reference = log_f(X, y, [fitted.intercept, *fitted.coefficients], m)
    assert in_standard_errors(fitted, reference) <= fitted.certificate.standard_errors < 1e-6
    assert fitted.certificate.rigorous
    assert fitted.status is Status.CONVERGED


@pytest.mark.parametrize("m", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("table", [separated, quasi_separated, spector])
def test_it_is_maximum_likelihood_on_augmented_data(table, weighted, m):
    """It is fitted by statsmodels; weights are frequencies in mean, deviation and loss."""
    X, y = table()
    weight = (np.arange(len(y)) + 1.0) % 4.0 if weighted else None
    A, labels, c, mean, deviation = augmented(X, y, m, weight)
    model = sm.GLM(labels, A, family=sm.families.Binomial(), var_weights=c)
    peer = model.fit(tol=1e-14, maxiter=200).params
    found = fit(X, y, m, weight=weight)
    np.testing.assert_allclose(found.coefficients, peer[1:] / deviation, rtol=1e-7)
    intercept = peer[0] - mean @ (peer[1:] / deviation)
    assert found.intercept == pytest.approx(intercept, rel=1e-7)
    total = float(c[: len(y)].sum())
    assert found.value * total == pytest.approx(loss(peer, A, labels, c)[0], rel=1e-9)
    of_rows = loss(peer, A[: len(y)], y, c[: len(y)])[0]
    assert found.log_likelihood == pytest.approx(-of_rows, rel=1e-7)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), m=st.sampled_from([1.0, 2.0]))
def test_whole_weights_are_repeated_rows(seed, m):
    """Rows of weight 0 change neither the deviations nor the fit."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(25, 2)), rng.integers(0, 2, 25) * 1.0
    weight = rng.integers(0, 4, 25) * 1.0
    weight[:2], y[:2] = 1.0, (0.0, 1.0)
    X[weight == 0.0] = 50.0
    times = weight.astype(int)
    expected = fit(np.repeat(X, times, axis=0), np.repeat(y, times), m)
    found = fit(X, y, m, weight=weight)
    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-9, atol=1e-12)
    assert found.intercept == pytest.approx(expected.intercept, rel=1e-9, abs=1e-12)


def test_predictions_do_not_depend_on_units():
    """The penalty is on standardized columns; coefficients are in the table's own units."""
    X, y = separated()
    factors, shift = np.array([1e-6, 1.0, 1e9]), np.array([3.0, -1e3, 1e9])
    first, second = fit(X, y), fit(X * factors + shift, y)
    np.testing.assert_allclose(second.coefficients, first.coefficients / factors, rtol=1e-6)
    z = first.intercept + X @ first.coefficients
    again = second.intercept + (X * factors + shift) @ second.coefficients
    np.testing.assert_allclose(again, z, rtol=1e-6)


@pytest.mark.parametrize(
    "solver", [Lbfgs(), GradientDescent(2.0, 1_500, standardize=True)], ids=lambda s: s.name
)
def test_other_algorithms_end_in_the_same_optimum(solver):
    """The fits differ by at most the sum of their certificates."""
    X, y = quasi_separated()
    newton, other = fit(X, y, solver=Newton()), fit(X, y, solver=solver)
    distance = np.abs(newton.coefficients - other.coefficients) / newton.certificate_units[1:]
    assert distance.max() <= (
        newton.certificate.standard_errors + other.certificate.standard_errors
    )
    assert other.certificate.standard_errors < 1e-3


def test_a_descent_in_the_tables_units_has_the_same_objective():
    """A descent from the optimum stays there, although its columns are not standardized."""
    X, y = overlapping(60)
    X = X * [1.0, 3.0, 0.5]
    optimum = fit(X, y, 2.0)
    start = np.array([optimum.intercept, *optimum.coefficients])
    rows = ArrayRows(X, y)
    moved = fit_logistic(rows, NumpyKernel(), LogF(2.0), GradientDescent(0.1, 50), start=start)
    np.testing.assert_allclose(moved.coefficients, optimum.coefficients, rtol=1e-8)
    assert moved.value == pytest.approx(optimum.value, rel=1e-12)


def test_copies_of_a_column_share_its_effect():
    """The objective is strictly convex: dependent columns have one optimum too, but no interval."""
    X, y = separated(d=1)
    fitted, found = infer(np.column_stack([X, X]), y)
    assert fitted.unique
    assert fitted.status is Status.CONVERGED
    assert fitted.coefficients[0] == pytest.approx(fitted.coefficients[1], rel=1e-9)
    assert np.isnan(found.lower[1:]).all()
    assert "not identifiable" in found.withheld


def test_near_copies_are_certified_as_well():
    """The columns differ by a millionth."""
    X, y = near_duplicate(1e-6)
    fitted = fit(X[:200], y[:200])
    assert fitted.status is Status.CONVERGED
    assert fitted.certificate.rigorous


@pytest.mark.parametrize("m", [1.0, 2.0])
@pytest.mark.parametrize("table", [separated, quasi_separated, spector])
def test_intervals_and_tests_are_those_of_brute_force(table, m):
    """At each end the penalised deviance is larger by the quantile; tests are refits at zero."""
    X, y = table()
    fitted, found = infer(X, y, m)
    A, labels, c, _, deviation = augmented(X, y, m)

    def least(j, value):
        others = [k for k in range(A.shape[1]) if k != j]

        def held(v):
            w = np.empty(A.shape[1])
            w[j], w[others] = value, v
            f, g = loss(w, A, labels, c)
            return f, g[others]

        start = fitted.scaled_parameters[others]
        return minimize(held, start, jac=True, method="BFGS", options={"gtol": 1e-9}).fun

    optimum = loss(fitted.scaled_parameters, A, labels, c)[0]
    for j in range(1, A.shape[1]):
        for end in (found.lower[j], found.upper[j]):
            risen = 2.0 * (least(j, end * deviation[j - 1]) - optimum)
            assert risen == pytest.approx(QUANTILE, abs=1e-5)
        statistic = 2.0 * (least(j, 0.0) - optimum)
        assert found.statistics[j] == pytest.approx(statistic, abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), n=st.integers(6, 30), d=st.integers(1, 5))
def test_tests_and_intervals_say_the_same(seed, n, d):
    """Statistics are not negative, ends finite, and p < 0.05 if and only if 0 is outside."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, d)), np.arange(n) % 2.0
    X[:, 0] += rng.choice([0.0, 1.0, 10.0]) * y
    _, found = infer(X, y)
    if found.withheld:
        assert d >= n - 1
        return
    assert (found.statistics >= 0.0).all()
    assert np.isfinite(found.lower).all()
    assert np.isfinite(found.upper).all()
    outside = (found.lower > 0.0) | (found.upper < 0.0)
    np.testing.assert_array_equal(found.p_values < 0.05, outside)


def test_walds_method_is_withheld_with_the_remedy():
    """The inverse Hessian of a penalised fit is not its variance."""
    _, found = infer(*separated(), method="wald")
    assert "penalised (log-f)" in found.withheld
    assert found.withheld.endswith("the profile method is right for it")


def test_the_formula_names_the_penalty_and_its_strength():
    """It also defines the standardized coefficient."""
    formula = fit(*separated(), 2.0).objective
    assert "m·log(1 + exp(γ)) − (m/2)·γ, the log-F(m, m) penalty, m = 2" in formula
    assert "γ = coefficient·standard deviation of its column in the training rows" in formula
