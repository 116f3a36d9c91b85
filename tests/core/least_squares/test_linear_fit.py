"""Linear regression, compared with published and exact solutions and other packages."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_classification
from sklearn.linear_model import LinearRegression

from lr_pipeline.core.least_squares.linear_fit import LinearFit, fit_linear
from lr_pipeline.engines.memory import ArrayRows
from tests.core.any_order import ShuffledRows
from tests.core.exact_least_squares import relative_error, solve_exactly

# The float64 path promises fitted values to 1e-12 standard deviations of the residuals. This is √n
# times 1e-12 standard errors of a coefficient, with n at most 180 here; two fits may differ by
# twice as much.
STANDARD_ERRORS_APART = 3e-11


def fit(
    X: np.ndarray, y: np.ndarray, weight: np.ndarray | None = None, intercept: bool = True
) -> LinearFit:
    """Fit arrays."""
    return fit_linear(ArrayRows(X, y, weight), intercept)


def table(seed: int, n: int = 60, d: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Correlated columns away from zero, and a noisy response."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) + 5.0
    return X, X @ rng.standard_normal(d) + rng.standard_normal(n) - 2.0


def assert_same_solution(found: LinearFit, expected: LinearFit) -> None:
    """Compare parameters to ``STANDARD_ERRORS_APART``, squares to twice the relative error."""
    errors = expected.standard_errors
    assert errors is not None
    assert found.standard_errors is not None
    assert expected.intercept_standard_error is not None
    distance = np.abs(found.coefficients - expected.coefficients) / errors
    assert distance.max(initial=0.0) < STANDARD_ERRORS_APART
    difference = abs(found.intercept - expected.intercept) / expected.intercept_standard_error
    assert difference < STANDARD_ERRORS_APART
    np.testing.assert_allclose(found.standard_errors, errors, rtol=1e-12)
    assert found.residual_variance == pytest.approx(expected.residual_variance, rel=1e-12)
    assert found.r_squared == pytest.approx(expected.r_squared, abs=1e-13)


ANSCOMBE_X = np.array([10.0, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5])
ANSCOMBE_Y = np.array([8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68])


def test_simple_regression_is_the_hand_computed_line() -> None:
    """For (1, 2), (2, 4), (3, 5), (4, 4), (5, 5): β₁ = 6/10, β₀ = 4 − 0.6 · 3, squares 2.4."""
    X = np.arange(1.0, 6.0)[:, None]
    found = fit(X, np.array([2.0, 4.0, 5.0, 4.0, 5.0]))
    assert found.method == "simple"
    assert (found.intercept, found.coefficients.tolist()) == (2.2, [0.6])
    assert found.residual_variance == pytest.approx(0.8, rel=1e-15)
    assert found.r_squared == pytest.approx(0.6, rel=1e-15)
    assert found.standard_errors == pytest.approx([0.08**0.5], rel=1e-15)
    assert found.intercept_standard_error == pytest.approx(0.88**0.5, rel=1e-15)


def test_anscombes_line_is_the_published_one() -> None:
    """Anscombe (1973): y = 3.00 + 0.500 x, R² 0.667, standard error of the slope 0.118."""
    found = fit(ANSCOMBE_X[:, None], ANSCOMBE_Y)
    assert found.intercept == pytest.approx(3.00, abs=0.005)
    assert found.coefficients == pytest.approx([0.500], abs=0.0005)
    assert found.standard_errors == pytest.approx([0.118], abs=0.0005)
    assert found.r_squared == pytest.approx(0.667, abs=0.0005)


@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("columns", [1, 4])
def test_every_figure_is_statsmodels(columns: int, intercept: bool) -> None:
    """Coefficients, errors, covariance, variance and R² agree, with and without an intercept."""
    X, y = table(1, d=columns)
    found = fit(X, y, intercept=intercept)
    peer = sm.OLS(y, sm.add_constant(X) if intercept else X).fit()
    parameters = [found.intercept, *found.coefficients][not intercept :]
    np.testing.assert_allclose(parameters, peer.params, rtol=1e-10)
    assert found.covariance is not None
    np.testing.assert_allclose(found.covariance, peer.cov_params(), rtol=1e-9)
    np.testing.assert_allclose(found.standard_errors, peer.bse[int(intercept) :], rtol=1e-10)
    assert found.residual_variance == pytest.approx(peer.mse_resid, rel=1e-11)
    assert found.r_squared == pytest.approx(peer.rsquared, rel=1e-11)
    if not intercept:
        assert (found.intercept, found.intercept_standard_error) == (0.0, None)


def test_an_ordinary_table_takes_the_fast_path_and_it_keeps_its_promise() -> None:
    """Fitted values agree with 80 digits to 1e-12 standard deviations of the residuals."""
    X, y = table(2)
    found = fit(X, y)
    assert found.method == "float64"
    exact = solve_exactly(X, y, np.ones(60))
    errors = np.array([found.intercept, *found.coefficients], float) - np.array(
        [float(b) for b in exact.parameters]
    )
    fitted_errors = errors[0] + X @ errors[1:]
    # rounding the exact parameters to float64 also changes a fitted value by u Σ |x β|
    rounding = 2.0**-52 * (np.abs(X) @ np.abs(found.coefficients) + abs(found.intercept))
    allowed = 1e-12 * float(exact.residual_variance) ** 0.5 + rounding
    assert (np.abs(fitted_errors) <= allowed).all()
    assert relative_error(found.residual_variance or 0.0, exact.residual_variance) < 1e-13


@pytest.mark.parametrize("exponent", [3, 8, 11])
@pytest.mark.parametrize("weighted", [False, True])
def test_an_ill_conditioned_table_is_solved_to_nearly_all_digits(
    exponent: int, weighted: bool
) -> None:
    """For columns 10^−exponent apart at a mean of 1e4, coefficients have 14 digits, errors 13."""
    rng = np.random.default_rng(exponent)
    n = 40
    X = rng.standard_normal((n, 4))
    X[:, 1] = X[:, 0] + 10.0**-exponent * X[:, 1]
    X[:, 2:] = 1e4 + X[:, 2:]
    y = X.sum(axis=1) + rng.standard_normal(n)
    weight = rng.uniform(0.1, 3.0, n) if weighted else np.ones(n)
    found = fit(X, y, weight if weighted else None)
    assert found.method == "double-double"
    assert found.unique
    exact = solve_exactly(X, y, weight)
    assert found.standard_errors is not None
    for value, truth in zip([found.intercept, *found.coefficients], exact.parameters, strict=True):
        assert relative_error(value, truth) < 1e-14
    for value, truth in zip(found.standard_errors, exact.standard_errors[1:], strict=True):
        assert relative_error(value, truth) < 1e-13


def test_columns_of_1e8_beside_1e_minus_8_lose_nothing() -> None:
    """Scaling columns scales coefficients and errors; powers of two do so exactly."""
    X, y = table(3)
    scale = 2.0 ** np.array([27, -27, 0, 40])
    plain, scaled = fit(X, y), fit(X * scale, y)
    assert np.array_equal(scaled.coefficients * scale, plain.coefficients)
    assert scaled.intercept == plain.intercept
    assert plain.standard_errors is not None
    assert np.array_equal(scaled.standard_errors * scale, plain.standard_errors)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([1, 3]), st.sets(st.integers(1, 59)))
def test_no_order_and_no_split_of_the_rows_changes_the_fit(
    seed: int, columns: int, cuts: set[int]
) -> None:
    """Rows are permuted, in blocks of any length, added in any order."""
    X, y = table(7, d=columns)
    order = np.random.default_rng(seed).permutation(60)
    found = fit_linear(ShuffledRows(X[order], y[order], None, tuple(cuts), seed))
    assert_same_solution(found, fit(X, y))


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 3), min_size=60, max_size=60), st.sampled_from([1, 3]))
def test_a_weight_of_two_is_a_row_given_twice(counts: list[int], columns: int) -> None:
    """Standard errors agree too; a weight of zero is a row left out."""
    weight = np.array(counts, float)
    weight[:8] = 1.0
    X, y = table(8, d=columns)
    repeats = weight.astype(int)
    expected = fit(np.repeat(X, repeats, axis=0), np.repeat(y, repeats))
    found = fit(X, y, weight)
    assert_same_solution(found, expected)
    assert found.num_rows == np.count_nonzero(weight)


@settings(deadline=None, max_examples=20)
@given(st.floats(-1e6, 1e6), st.floats(0.01, 100.0))
def test_shifting_and_scaling_the_response_shifts_and_scales_the_fit(
    shift: float, factor: float
) -> None:
    """ŷ is linear in y: a y + b gives a β, with b added to the intercept."""
    X, y = table(9)
    base, moved = fit(X, y), fit(X, factor * y + shift)
    assert base.standard_errors is not None
    # the shifted response is rounded to u |shift|, an error of the data and not of the fit
    data = 2.0**-53 * (abs(shift) + factor * np.abs(y).max()) / factor
    allowed = STANDARD_ERRORS_APART + 60 * data / (base.residual_variance or 0) ** 0.5
    distance = np.abs(moved.coefficients / factor - base.coefficients) / base.standard_errors
    assert distance.max() < allowed


def test_a_deficient_table_gives_the_minimum_norm_solution_and_says_so() -> None:
    """Coefficients are scikit-learn's, dependent columns are named, standard errors withheld."""
    X, y = make_classification(n_samples=100, n_features=10, random_state=5)
    y = y.astype(float)
    found = fit(X, y)
    peer = LinearRegression().fit(X, y)
    np.testing.assert_allclose(found.coefficients, peer.coef_, atol=1e-12)
    assert found.intercept == pytest.approx(peer.intercept_, abs=1e-12)
    assert not found.unique
    assert len(found.dependent_columns) == 2
    assert found.standard_errors is None
    assert found.intercept_standard_error is None
    assert found.covariance is None
    full = sm.OLS(y, sm.add_constant(np.delete(X, found.dependent_columns, axis=1))).fit()
    assert found.residual_variance == pytest.approx(full.mse_resid, rel=1e-12)
    assert found.r_squared == pytest.approx(full.rsquared, rel=1e-12)


def test_a_constant_column_alone_leaves_the_mean() -> None:
    """The slope of smallest norm is 0 and the intercept ȳ."""
    found = fit(np.full((4, 1), 3.0), np.array([1.0, 2.0, 3.0, 6.0]))
    assert (found.intercept, found.coefficients.tolist()) == (3.0, [0.0])
    assert found.dependent_columns == (0,)
    assert found.r_squared == pytest.approx(0.0, abs=1e-15)


@pytest.mark.parametrize("columns", [1, 3])
def test_as_many_parameters_as_rows_leave_no_errors_to_estimate(columns: int) -> None:
    """The fit is exact, its residual variance and standard errors are withheld."""
    X, y = table(12, n=columns + 1, d=columns)
    found = fit(X, y)
    np.testing.assert_allclose(found.intercept + X @ found.coefficients, y, rtol=1e-12)
    assert found.unique
    assert found.residual_variance is None
    assert found.standard_errors is None


def test_a_response_that_does_not_vary_has_no_r_squared() -> None:
    """0/0 is withheld, not 1 and not nan."""
    X, _ = table(13)
    found = fit(X, np.full(60, 7.0))
    assert found.r_squared is None
    assert found.intercept == pytest.approx(7.0, rel=1e-14)
    assert np.abs(found.coefficients).max() < 1e-14


def test_the_fit_is_frozen() -> None:
    """A result cannot be changed after the fit."""
    X, y = table(14)
    found = fit(X, y)
    with pytest.raises(AttributeError):
        found.intercept = 0.0  # type: ignore[misc]
    assert replace(found, intercept=1.0).intercept == 1.0
