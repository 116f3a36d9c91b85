"""Small tables are fitted in place, to the same optimum and the same certificate as others."""

import numpy as np
import pytest

from lr_pipeline.core.acceleration.regimes import REGIMES, Regimes
from lr_pipeline.core.acceleration.small_tables import (
    LARGEST_CORRECTION,
    LONGEST_FIRST_STEP,
    FewRows,
    first_step_length,
    fit_few_rows,
)
from lr_pipeline.core.certificate.rounding import addition_error
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.fitting.plain_fit import certified
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.rows import Block
from lr_pipeline.core.solvers import Newton, Status
from lr_pipeline.engines.memory import ArrayRows
from tests.core.reference import maximum_likelihood


def block(n=60, d=3, seed=4, mean=2.0, scale=(1.0, 30.0, 1e-3)):
    """Rows of overlapping classes, with columns of unequal scales."""
    rng = np.random.default_rng(seed)
    Z = rng.standard_normal((n, d))
    y = (rng.random(n) < 1 / (1 + np.exp(-(Z @ np.linspace(1, -1, d) + 0.3)))).astype(float)
    return Block((Z + mean) * np.resize(scale, d), y)


def heavy_tails(seed):
    """Columns whose distribution has no finite variance."""
    rng = np.random.default_rng(seed)
    X = rng.standard_t(1, (80, 3))
    return X, labels(rng, X[:, 0])


def rare(seed):
    """A table with one positive label in twenty."""
    rng = np.random.default_rng(seed)
    X = np.exp(rng.standard_normal((300, 3)))
    return X, labels(rng, 0.5 * X[:, 0] - 4.0)


def nearly_split(seed):
    """A table with a column that determines most labels."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((120, 2))
    return X, labels(rng, 6.0 * X[:, 0])


def labels(rng, z):
    """Labels drawn with log-odds z; both occur."""
    y = (rng.random(len(z)) < 1 / (1 + np.exp(-np.clip(z, -500, 500)))).astype(float)
    assert 0 < y.sum() < len(y)
    return y


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tolerance", [None, 1e-3])
def test_the_optimum_of_forty_digits_lies_within_the_certificate(seed, tolerance):
    """The fit goes to the rounding floor by default, and meets a given tolerance."""
    X, y, _ = block(seed=seed)
    fit = fit_logistic(ArrayRows(X, y), NumpyKernel(), tolerance=tolerance)
    found = np.array([fit.intercept, *fit.coefficients])
    exact = np.array([float(value) for value in maximum_likelihood(X, y, found)])
    errors = np.array([fit.intercept_standard_error, *fit.standard_errors])
    assert fit.status is Status.CONVERGED and fit.unique and fit.existence.verdict == "unique"
    distance = np.max(np.abs(found - exact) / errors)
    assert distance <= fit.certificate.standard_errors <= (tolerance or 1e-9)


def test_everything_reported_equals_the_general_way():
    """Standard errors, covariance, likelihood and trace are equal to rounding."""
    X, y, _ = block()
    few = fit_logistic(ArrayRows(X, y), NumpyKernel())
    other = fit_logistic(ArrayRows(X, y), NumpyKernel(), acceleration=Regimes(small_numbers=0))
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
    """``progress`` is called once for each iterate."""
    X, y, _ = block()
    seen = []
    fit = fit_logistic(ArrayRows(X, y), NumpyKernel(), progress=seen.append)
    assert tuple(seen) == fit.trace and len(seen) == fit.iterations + 1 > 3


def evaluated(seed=4):
    """Rows, a point near the optimum, its sums, R with RᵀR = H, and d = H⁻¹g, dᵀHd."""
    rows = FewRows.of(block(seed=seed))
    w = rows.minimize(Newton())[0].w + 0.1
    sums = rows.sums(w)
    d = np.linalg.solve(sums.hessian, sums.gradient)
    return rows, w, sums, np.linalg.cholesky(sums.hessian).T, d, float(sums.gradient @ d)


def test_the_sums_are_those_of_the_general_kernel():
    """Loss, gradient and Hessian are compared in the standardized columns."""
    X, y, _ = block()
    rows, w, sums, *_ = evaluated()
    Z = (X - rows.columns.mean[1:]) / rows.columns.scale[1:]
    loss, gradient, hessian = NumpyKernel().loss_gradient_information(Block(Z, y), w)
    assert sums.value == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(sums.gradient, gradient, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(sums.hessian, hessian, rtol=1e-11, atol=1e-12)


def test_the_beginning_is_an_evaluation_at_the_optimum_of_the_intercept():
    """The closed form and the evaluation are equal to rounding."""
    X, y, _ = block()
    rows = FewRows.of(Block(X, y))
    beginning = rows.beginning()
    sums = rows.sums(beginning.w)
    assert beginning.w[0] == pytest.approx(np.log(y.sum() / (1.0 - y).sum()))
    assert not beginning.w[1:].any() and abs(beginning.gradient[0]) < 1e-13
    assert beginning.value == pytest.approx(sums.value, rel=1e-14)
    np.testing.assert_allclose(beginning.gradient, sums.gradient, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(beginning.hessian, sums.hessian, rtol=1e-12, atol=1e-13)


def test_the_correction_holds_the_third_derivative():
    """½ H⁻¹ ∇³f[d, d] equals that of a second difference of the gradient along d."""
    rows, w, _, factor, d, square = evaluated()
    h = 1e-3
    ahead, here, behind = (rows.sums(w + t * d).gradient for t in (h, 0.0, -h))
    expected = np.linalg.solve(factor.T @ factor, (ahead - 2.0 * here + behind) / h**2) / 2.0
    rows.sums(w)
    np.testing.assert_allclose(rows.correction(factor, d, square), expected, rtol=1e-4, atol=1e-9)


def test_a_long_correction_is_shortened():
    """Its length is limited to a share of the step, in the metric of the Hessian."""
    rows, w, _, factor, d, square = evaluated()
    rows.sums(w)
    correction = rows.correction(factor, 1e3 * d, 1e6 * square)
    assert np.linalg.norm(factor @ correction) == pytest.approx(
        LARGEST_CORRECTION * 1e3 * np.sqrt(square)
    )


def test_the_first_step_goes_to_linear_discriminant_analysis():
    """The slopes are W⁻¹ (mean of class 1 − mean of class 0), W the covariance within classes."""
    X, y, _ = block(n=400)
    rows = FewRows.of(Block(X, y))
    n, means = len(y), [X[y == label].mean(axis=0) for label in (0.0, 1.0)]
    within = X - np.where(y[:, None] > 0.0, means[1], means[0])
    slopes = np.linalg.solve(within.T @ within / n, means[1] - means[0])
    sums = rows.beginning()
    d = np.linalg.solve(sums.hessian, sums.gradient)
    t = first_step_length(float(sums.gradient @ d) / n)
    assert 1.1 < t < LONGEST_FIRST_STEP
    np.testing.assert_allclose(-t * d[1:] / rows.columns.scale[1:], slopes, rtol=1e-9)
    assert fit_few_rows(Block(X, y), Newton(1e-3, polish=False))[1][1].step == pytest.approx(t)


@pytest.mark.parametrize("explained", [0.6, 1.0, 1.1])
def test_the_first_step_is_bounded(explained):
    """The limit applies where R² is nearly 1, or above 1 by rounding."""
    assert first_step_length(explained) == LONGEST_FIRST_STEP


@pytest.mark.parametrize("seed", range(4))
def test_a_tolerance_takes_two_evaluations_less_than_newton(seed):
    """The better steps end at the same optimum, within the tolerance."""
    rows = ArrayRows(*block(n=200, seed=seed))
    near = fit_logistic(rows, NumpyKernel(), tolerance=1e-3)
    newton = fit_logistic(rows, NumpyKernel(), solver=Newton(1e-3, polish=False))
    assert near.evaluations <= newton.evaluations - 1
    assert near.evaluations <= 4
    assert [point.iteration for point in near.trace] == list(range(near.evaluations))
    values = [point.value for point in near.trace]
    assert values == sorted(values, reverse=True) and values[-1] == near.value
    gap = np.abs(near.scaled_parameters - newton.scaled_parameters)
    assert np.max(gap) <= 2e-3 * np.max(near.certificate_units * np.r_[1.0, near.scale])


@pytest.mark.parametrize("table", [heavy_tails, rare, nearly_split])
@pytest.mark.parametrize("seed", range(8))
def test_the_certificate_holds_on_tables_where_better_steps_are_worse(table, seed):
    """It holds for heavy tails, rare labels and classes that hardly overlap."""
    X, y = table(seed)
    near = fit_logistic(ArrayRows(X, y), NumpyKernel(), tolerance=1e-3)
    exact = fit_logistic(ArrayRows(X, y), NumpyKernel())
    gap = np.r_[near.intercept - exact.intercept, near.coefficients - exact.coefficients]
    slack = near.certificate.standard_errors + 2.0 * exact.certificate.standard_errors
    assert np.max(np.abs(gap) / near.certificate_units) <= slack
    assert near.value - exact.value <= near.certificate.loss + 1e-15


def test_log_odds_beyond_every_float_are_left_to_the_general_way():
    """The overflow shows in the gradient, and no step is taken with it."""
    rows, *_ = evaluated()
    with np.errstate(over="ignore", invalid="ignore"):
        sums = rows.sums(np.full(len(rows.C), 1e3))
    assert not np.isfinite(sums.gradient).all()


@pytest.mark.parametrize("make", [heavy_tails, rare, nearly_split])
def test_no_value_exceeds_the_bounds_of_its_column(make):
    """The first bound is √n, which one outlier can nearly reach; the second the largest value."""
    X, y = make(3)
    X[0, 0] = 1e6
    rows = FewRows.of(Block(X, y))
    coarse, close = rows.sizes()
    largest = np.abs(rows.C).max(axis=1)
    np.testing.assert_array_equal(close, largest)
    assert (coarse >= largest).all()
    assert coarse[1] <= 1.01 * largest[1]


def test_where_the_coarse_bound_proves_too_little_the_closer_one_is_taken():
    """On 800 × 20 with 40 ones, √n bounds rounding too coarsely, the largest values closely."""
    X = np.random.default_rng(0).standard_normal((800, 20))
    y = (np.arange(800) < 40) * 1.0
    rows = FewRows.of(Block(X, y))
    sums = rows.minimize(Newton())[0]
    coarse, close = (
        certified(sums, rows.columns, 800.0, addition_error(800, 1), [size])
        for size in rows.sizes()
    )
    assert coarse is None
    assert rows.certified(sums).certificate == close.certificate


def separated():
    """A threshold on the first column separates the classes."""
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
        (np.resize(X, (REGIMES.small_numbers, 3)), np.resize(Y, REGIMES.small_numbers), None),
        (X, np.zeros(len(Y)), None),
        (X, np.ones(len(Y)), None),
        (X, 2.0 * Y, None),
        (np.c_[X, np.full(len(Y), 3.0)], Y, None),
        (np.c_[X, np.zeros(len(Y))], Y, None),
        (np.c_[X, np.where(Y > 0, np.inf, 1.0)], Y, None),
        (np.c_[X, np.where(Y > 0, np.nan, 1.0)], Y, None),
        (np.c_[X, np.where(Y > 0, 1e200, -1e200)], Y, None),
        (np.c_[X, np.resize([1e308, -1e308, 1e308], len(Y))], Y, None),
        (np.c_[X, np.resize([1e-200, -1e-200, 2e-200], len(Y))], Y, None),
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
        "column of zeros",
        "infinite value",
        "missing value",
        "squares overflow",
        "sums overflow",
        "squares underflow",
        "far from zero",
        "separated",
        "dependent",
    ],
)
def test_what_is_not_plain_is_left_to_the_general_way(refused):
    """The result is None, so that the general path decides, or raises the error."""
    assert fit_few_rows(Block(*refused), Newton()) is None


@pytest.mark.parametrize("seed", [975, 2757, 6660, 17444])
def test_a_fit_to_a_tolerance_meets_it_with_its_certificate(seed):
    """The certificate exceeds the solver's own estimate, which here is just below 1e-3."""
    rng = np.random.default_rng(seed)
    n, d = int(rng.integers(20, 120)), int(rng.integers(1, 4))
    X, b = rng.standard_t(3, (n, d)), 1.5 * rng.standard_normal(d)
    y = (rng.random(n) < 1.0 / (1.0 + np.exp(-X @ b))).astype(float)
    fit = fit_logistic(ArrayRows(X, y), NumpyKernel(), tolerance=1e-3)
    assert fit.status is Status.CONVERGED
    assert fit.certificate.standard_errors <= 1e-3
