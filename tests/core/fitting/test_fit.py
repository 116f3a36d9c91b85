"""Logistic regression as a whole, compared with forty-digit references and other packages."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.core.existence.existence import Existence, SeparationError, Verdict
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.loss import sigmoid
from lr_pipeline.core.logistic.penalties.by_name import AUTO, penalty_choice
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.solvers import GradientDescent, Lbfgs, Newton, Status
from lr_pipeline.core.solvers.gradient_descent import normal_start
from lr_pipeline.engines.memory import ArrayRows
from lr_pipeline.engines.torch.torch_kernel import TorchKernel
from tests.core.reference import correct_digits, in_standard_errors, maximum_likelihood
from tests.core.tables import (
    breast_cancer,
    fair,
    near_duplicate,
    nearly_separated,
    one_positive,
    overlapping,
    polynomial,
    spector,
    undamped_newton_diverges,
)


def fit(X, y, penalty="none", *, weight=None, block_rows=16_384, **options):
    """Fit arrays with the numpy kernel."""
    rows = ArrayRows(np.ascontiguousarray(X), y, weight, block_rows)
    strengths = {name: options.pop(name, None) for name in ("l2", "log_f")}
    return fit_logistic(rows, NumpyKernel(), penalty_choice(penalty, **strengths), **options)


def parameters(fitted):
    """Intercept and coefficients."""
    return np.array([fitted.intercept, *fitted.coefficients])


def first_ten_of_breast_cancer():
    """The first ten columns of breast cancer, which do not separate the classes."""
    X, y = breast_cancer()
    return X[:, :10], y


def scaled(factors):
    """The overlapping table in other units."""
    X, y = overlapping()
    return X * factors, y


def far_from_zero():
    """The overlapping table with means much larger than the deviations."""
    X, y = overlapping()
    return X + np.array([1e8, -1e6, 0.0]), y


TABLES = {
    "breast_cancer": first_ten_of_breast_cancer,
    "spector": spector,
    "fair": fair,
    "undamped_newton_diverges": undamped_newton_diverges,
    "one_positive": one_positive,
    "1e8_beside_1e-8": lambda: scaled([1e8, 1e-8, 1.0]),
    "1e-3_to_1e4": lambda: scaled([1e-3, 1e4, 1.0]),
    "far_from_zero": far_from_zero,
}
HARD_TABLES = {
    "near_duplicate_1e-3": lambda: near_duplicate(1e-3),
    "near_duplicate_1e-6": lambda: near_duplicate(1e-6),
    "near_duplicate_1e-8": lambda: near_duplicate(1e-8),
    "polynomial": polynomial,
    "nearly_separated": nearly_separated,
}


@pytest.mark.parametrize("name", TABLES)
def test_maximum_likelihood_has_ten_digits_in_every_coefficient(name):
    """The fit is compared with a forty-digit root of the score equations; the certificate holds."""
    X, y = TABLES[name]()
    fitted = fit(X, y)
    optimum = maximum_likelihood(X, y, parameters(fitted))
    assert fitted.status is Status.CONVERGED
    assert correct_digits(parameters(fitted), optimum) >= 10
    assert in_standard_errors(fitted, optimum) <= fitted.certificate.standard_errors < 1e-9


@pytest.mark.parametrize("solver", [Newton(), Lbfgs()], ids=["newton", "lbfgs"])
@pytest.mark.parametrize("name", HARD_TABLES)
def test_ill_conditioned_tables_are_met_within_1e_6_standard_errors(name, solver):
    """Tested on near-duplicates, powers and an overlap of 1e-6; the certificate holds."""
    X, y = HARD_TABLES[name]()
    fitted = fit(X, y, solver=solver)
    optimum = maximum_likelihood(X, y, parameters(fitted))
    distance = in_standard_errors(fitted, optimum)
    assert fitted.status is Status.CONVERGED
    assert distance < 1e-6
    assert distance <= fitted.certificate.standard_errors < 1e-5


@pytest.mark.parametrize("solver", [Lbfgs(), GradientDescent(1.0, 400, standardize=True)])
@pytest.mark.parametrize("name", ["spector", "fair", "1e8_beside_1e-8"])
def test_other_solvers_agree_within_the_certificates(name, solver):
    """Two fits differ by at most the sum of their certificates."""
    X, y = TABLES[name]()
    newton, other = fit(X, y), fit(X, y, solver=solver)
    difference = np.abs(parameters(newton) - parameters(other)) / newton.certificate_units
    bound = newton.certificate.standard_errors + other.certificate.standard_errors
    assert difference.max() <= 1.01 * bound  # each fit has its own units
    assert (other.status is Status.CONVERGED) == (other.certificate.standard_errors <= 1e-3)


def test_spector_is_as_printed_in_greenes_textbook():
    """The coefficients are GPA 2.826, TUCE 0.0952, PSI 2.379, constant −13.021."""
    fitted = fit(*spector())
    np.testing.assert_allclose(fitted.coefficients, [2.826, 0.0952, 2.379], atol=5e-4)
    assert fitted.intercept == pytest.approx(-13.021, abs=5e-4)
    assert fitted.log_likelihood == pytest.approx(-12.8896334653335, abs=1e-6)


@pytest.mark.parametrize("l2", [1e-3, 0.5, 100.0])
def test_l2_solves_its_equations_to_ten_digits(l2):
    """The penalty is on coefficients in the table's units, for all scales of the columns."""
    X, y = scaled([10.0, 0.1, 1.0])
    fitted = fit(X, y, "l2", l2=l2)
    optimum = maximum_likelihood(X, y, parameters(fitted), l2=l2)
    assert correct_digits(parameters(fitted), optimum) >= 10
    assert in_standard_errors(fitted, optimum) <= fitted.certificate.standard_errors < 1e-9
    assert fitted.inference_withheld.startswith("the estimate is penalised")
    assert f"l2 = {l2:g} (scikit-learn's C = {1 / l2:g})" in fitted.objective


def test_l2_is_scikit_learns_with_the_c_it_names():
    """C = 1 / l2; the table has dependent columns, but the optimum is still unique."""
    from sklearn.linear_model import LogisticRegression

    X, y = overlapping()
    X = np.column_stack([X, X[:, 0] + X[:, 1]])
    fitted = fit(X, y, "l2", l2=2.0)
    peer = LogisticRegression(C=0.5, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(fitted.coefficients, peer.coef_[0], rtol=1e-8)
    assert fitted.intercept == pytest.approx(peer.intercept_[0], rel=1e-8)
    assert fitted.unique


def test_weights_are_exact():
    """Weights from 1e-6 to 10 are compared with forty digits."""
    X, y = overlapping()
    weight = 10.0 ** np.random.default_rng(9).uniform(-6, 1, len(y))
    fitted = fit(X, y, weight=weight)
    optimum = maximum_likelihood(X, y, parameters(fitted), weight=weight)
    assert correct_digits(parameters(fitted), optimum) >= 10
    assert in_standard_errors(fitted, optimum) <= fitted.certificate.standard_errors < 1e-9


def test_doubled_weights_are_duplicated_rows_and_zero_weights_absent_ones():
    """Coefficients, standard errors and likelihood agree to rounding."""
    X, y = overlapping()
    count = np.random.default_rng(10).integers(0, 3, len(y))
    weighted = fit(X, y, weight=count.astype(float))
    repeated = fit(np.repeat(X, count, axis=0), np.repeat(y, count))
    np.testing.assert_allclose(parameters(weighted), parameters(repeated), rtol=1e-11)
    np.testing.assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-10)
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-12)


@settings(max_examples=4)
@given(st.randoms(use_true_random=False), st.integers(1, 400))
def test_order_and_blocks_of_rows_do_not_matter(random, block_rows):
    """Any permutation and any block size give the same coefficients, to rounding."""
    X, y = overlapping()
    order = list(range(len(y)))
    random.shuffle(order)
    fitted = fit(X[order], y[order], block_rows=block_rows)
    np.testing.assert_allclose(parameters(fitted), parameters(fit(X, y)), rtol=1e-11)


@settings(max_examples=4)
@given(
    st.lists(st.floats(-8, 8), min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_coefficients_scale_as_the_columns_do(exponents, negative):
    """For a column multiplied by c the coefficient is divided by c; the likelihood is the same."""
    X, y = overlapping()
    factors = 10.0 ** np.array(exponents) * np.where(negative, -1.0, 1.0)
    plain, fitted = fit(X, y), fit(X * factors, y)
    np.testing.assert_allclose(fitted.coefficients * factors, plain.coefficients, rtol=1e-10)
    assert fitted.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)


def test_scaled_parameters_predict_where_the_tables_own_lose_digits():
    """With a mean of 1e8 standard deviations X β has cancellation, the centred form has none."""
    X, y = overlapping()
    plain, far = fit(X, y), fit(X + 1e8, y)
    z = far.scaled_parameters[0] + ((X + 1e8 - far.center) / far.scale) @ far.scaled_parameters[1:]
    expected = plain.intercept + X @ plain.coefficients
    # Rounding changes X + 1e8 itself by up to 1.5e-8.
    np.testing.assert_allclose(z, expected, atol=1e-6)


def test_a_rank_deficient_design_is_fitted_with_the_least_norm():
    """It has the predictions of the fit without the column, and no standard errors."""
    X, y = overlapping()
    redundant = np.column_stack([X, X[:, 0] + X[:, 1], np.ones(len(y))])
    plain, fitted = fit(X, y), fit(redundant, y)
    z = fitted.intercept + redundant @ fitted.coefficients
    np.testing.assert_allclose(z, plain.intercept + X @ plain.coefficients, atol=1e-12)
    a, b, _ = plain.coefficients
    # The least a'² + b'² + c'² with a' + c' = a and b' + c' = b has c' = (a + b) / 3.
    np.testing.assert_allclose(fitted.coefficients[3:], [(a + b) / 3, 0.0], atol=1e-12)
    assert (fitted.unique, fitted.dependent_columns) == (False, (3, 4))
    assert fitted.existence == Existence(Verdict.NOT_UNIQUE, dependent_columns=(3, 4))
    assert fitted.standard_errors is None
    assert "columns [3, 4] depend on others" in fitted.inference_withheld


def test_a_separated_table_is_refused_without_a_penalty():
    """The error has the verdict, and its message the remedy."""
    X, y = breast_cancer()
    with pytest.raises(SeparationError, match="Use penalty auto or firth") as caught:
        fit(X, y)
    assert caught.value.existence.verdict is Verdict.COMPLETE_SEPARATION


def test_auto_is_firth_where_the_table_is_separated_and_says_so():
    """The penalty used, its formula and the verdict are in the result."""
    x, y = np.linspace(-1, 1, 10)[:, None], np.repeat([0.0, 1.0], 5)
    fitted = fit(x, y, "auto")
    assert fitted.penalty == Firth()
    assert "log det" in fitted.objective
    assert fitted.existence.verdict is Verdict.COMPLETE_SEPARATION
    np.testing.assert_array_equal(fitted.coefficients, fit(x, y, "firth").coefficients)


@pytest.mark.parametrize("seed", [4, 15, 26])
def test_auto_is_log_f_where_firths_likelihood_has_several_maxima(seed):
    """The search in numpy decides this for every kernel and every given start."""
    X, y = np.random.default_rng(seed).normal(size=(16, 6)), np.arange(16) % 2.0
    assert not fit(X, y, "firth").search.unanimous
    fitted = fit(X, y, "auto")
    assert fitted.penalty == LogF(2.0)
    assert fitted.certificate.rigorous
    assert fitted.existence.separated
    np.testing.assert_array_equal(fitted.coefficients, fit(X, y, "log-f").coefficients)
    with_torch = fit_logistic(ArrayRows(X, y), TorchKernel(), AUTO)
    assert with_torch.penalty == fit(X, y, "auto", start=np.ones(7)).penalty == LogF()


def test_auto_is_maximum_likelihood_elsewhere():
    """The fit's own certificate proves that the estimate exists."""
    fitted = fit(*overlapping(), "auto")
    assert fitted.penalty == NoPenalty()
    assert fitted.existence == Existence(Verdict.UNIQUE)
    np.testing.assert_array_equal(parameters(fitted), parameters(fit(*overlapping())))


def test_an_assessment_made_before_is_believed():
    """With a given verdict there is no second assessment: auto directly uses Firth."""
    separated = Existence(Verdict.QUASI_COMPLETE_SEPARATION, (0,), (1.0,), 0.0, 3)
    assert fit(*overlapping(), "auto", existence=separated).penalty == Firth()


def test_the_tutorials_run_does_not_claim_convergence():
    """Rate 1e-3, 1,000 epochs, raw columns and normal start do not reach the optimum."""
    X, y = overlapping(80)
    start = normal_start(4, seed=0)
    solver = GradientDescent(1e-3, 1000, record_every=100)
    fitted = fit(X, y, solver=solver, start=start)
    theta, bias = start[1:], 0.0
    for _ in range(1000):
        error = sigmoid(X @ theta + bias) - y
        theta, bias = theta - 1e-3 * error @ X / 80, bias - 1e-3 * error.mean()
    np.testing.assert_allclose(parameters(fitted), [bias, *theta], rtol=1e-10)
    assert fitted.status is Status.ITERATION_LIMIT
    assert len(fitted.trace) == 11


def test_the_iterations_still_needed_are_estimated():
    """After 60 steps the estimate of the iterations still needed is right within a third."""
    X, y = overlapping()

    def run(iterations):
        return fit(X, y, solver=GradientDescent(0.5, iterations, standardize=True))

    early = run(60)
    needed = early.certificate.iterations_needed
    assert early.status is Status.ITERATION_LIMIT
    assert run(60 + int(needed * 4 / 3)).status is Status.CONVERGED
    assert run(60 + int(needed * 2 / 3)).status is Status.ITERATION_LIMIT


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalty": "l2", "l2": 0.0}, "l2 must be positive and finite, found 0.0"),
        ({"penalty": "log-f", "log_f": np.nan}, "log_f must be positive and finite, found nan"),
        ({"start": np.zeros(3)}, "start must have 4 parameters, found 3"),
    ],
)
def test_wrong_settings_are_refused(options, message):
    """Each message says what was expected, and what was found."""
    with pytest.raises(ValueError, match=message):
        fit(*overlapping(), **options)


def test_one_class_alone_is_refused_under_every_penalty():
    """The error's message has the counts."""
    X, _ = overlapping(20)
    for penalty in ("none", "l2", "log-f", "firth", "auto"):
        with pytest.raises(ValueError, match="found 20 of label 0 and 0 of label 1"):
            fit(X, np.zeros(20), penalty)
