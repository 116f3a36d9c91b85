"""The public functions fit arrays, data frames and tables directly."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import lr_pipeline
from lr_pipeline.core.existence.existence import SeparationError
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.solvers import Newton, Status
from lr_pipeline.engines import design as preparing
from lr_pipeline.tables.table import Table
from tests.core.tables import overlapping, spector

LINEAR_FIELDS = {"coefficients", "intercept", "standard_errors", "intercept_standard_error"}
LINEAR_FIELDS |= {"covariance", "log_likelihood", "status", "iterations", "gradient_norm"}
LINEAR_FIELDS |= {"certificate", "unique", "dependent_columns"}


def spector_frame():
    """The table of Spector and Mazzeo as a data frame, and its label."""
    X, y = spector()
    frame = pd.DataFrame(X, columns=["GPA", "TUCE", "PSI"])
    return frame.astype({"TUCE": "int64", "PSI": "bool"}), pd.Series(y == 1)


def test_maximum_likelihood_equals_statsmodels():
    """Coefficients, standard errors, covariance and likelihood agree to 1e-8, with weights."""
    X, y = overlapping()
    weight = np.random.default_rng(1).integers(0, 4, len(y))
    fit = lr_pipeline.fit_logistic(X, y, weight)
    rows = np.repeat(np.arange(len(y)), weight)
    peer = sm.Logit(y[rows], sm.add_constant(X[rows])).fit(disp=0, tol=1e-14)
    np.testing.assert_allclose([fit.intercept, *fit.coefficients], peer.params, rtol=1e-8)
    np.testing.assert_allclose(
        [fit.intercept_standard_error, *fit.standard_errors], peer.bse, rtol=1e-8
    )
    np.testing.assert_allclose(fit.covariance, peer.cov_params(), rtol=1e-8)
    assert fit.log_likelihood == pytest.approx(peer.llf, rel=1e-10)
    assert all(hasattr(fit, name) for name in LINEAR_FIELDS)


@pytest.mark.parametrize("intercept", [True, False])
def test_least_squares_equals_statsmodels(intercept):
    """Coefficients, standard errors and Gaussian likelihood agree to 1e-8, with weights."""
    X, z = overlapping()
    y = z + np.random.default_rng(2).standard_normal(len(z))
    weight = np.random.default_rng(1).integers(0, 4, len(y))
    fit = lr_pipeline.fit_linear(X, y, weight, intercept=intercept)
    rows = np.repeat(np.arange(len(y)), weight)
    peer = sm.OLS(y[rows], sm.add_constant(X[rows]) if intercept else X[rows]).fit()
    np.testing.assert_allclose(fit.coefficients, peer.params[int(intercept) :], rtol=1e-8)
    np.testing.assert_allclose(fit.standard_errors, peer.bse[int(intercept) :], rtol=1e-8)
    assert fit.log_likelihood == pytest.approx(peer.llf, rel=1e-10)
    assert fit.status is Status.CONVERGED
    assert fit.iterations == 0
    assert all(hasattr(fit, name) for name in LINEAR_FIELDS)


def test_every_form_of_the_same_numbers_gives_the_same_bits():
    """Integers, booleans, float32, lists and data frames are converted without rounding."""
    frame, y = spector_frame()
    X = frame.to_numpy(dtype=np.float64)
    expected = lr_pipeline.fit_logistic(X, y.to_numpy())
    halves = np.round(X * 2) / 2
    for found in (
        lr_pipeline.fit_logistic(frame, y),
        lr_pipeline.fit_logistic(X.tolist(), y.astype(int).tolist()),
    ):
        assert np.array_equal(found.coefficients, expected.coefficients)
    narrow = lr_pipeline.fit_logistic(halves.astype(np.float32), y.astype("float32"))
    assert np.array_equal(narrow.coefficients, lr_pipeline.fit_logistic(halves, y).coefficients)


@pytest.mark.parametrize("stored", [False, True], ids=["memory", "parquet"])
@pytest.mark.parametrize("streamed", [False, True], ids=["held", "streamed"])
def test_a_table_knows_its_own_label_and_weight(tmp_path, monkeypatch, stored, streamed):
    """In memory or Parquet, held or streamed, the numbers equal those of the same arrays."""
    frame, y = spector_frame()
    weight = np.arange(len(y)) % 3
    table = Table.from_pandas(frame.assign(GRADE=y, times=weight), target="GRADE", weight="times")
    if stored:
        table.write_parquet(tmp_path / "spector.parquet")
        table = Table.read_parquet(tmp_path / "spector.parquet")
    if streamed:
        streaming = partial(preparing.prepare_rows, kind="streaming", block_rows=5)
        monkeypatch.setattr("lr_pipeline.estimators.prepare_rows", streaming)
    found = lr_pipeline.fit_logistic(table)
    expected = lr_pipeline.fit_logistic(frame, y, weight)
    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-10)
    line = lr_pipeline.fit_linear(table)
    expected_line = lr_pipeline.fit_linear(frame, y, weight)
    np.testing.assert_allclose(line.coefficients, expected_line.coefficients, rtol=1e-10)
    assert lr_pipeline.assess_existence(table).verdict == "unique"


def test_each_verdict_is_a_word():
    """The words: unique, not unique, quasi-complete and complete separation, with the columns."""
    X, y = overlapping()
    assess = lr_pipeline.assess_existence
    assert assess(X, y).verdict == "unique"
    redundant = assess(np.column_stack([X, X[:, 0] + X[:, 1]]), y)
    assert redundant.verdict == "not_unique"
    assert redundant.dependent_columns == (3,)
    never = (np.arange(len(y)) % 5 == 0) & (y == 1)
    quasi = assess(np.column_stack([X, never]), y)
    assert quasi.verdict == "quasi_complete_separation"
    assert quasi.separating_columns == (3,)
    complete = assess(np.column_stack([X, 2 * y - 1]), y)
    assert complete.verdict == "complete_separation"
    assert 3 in complete.separating_columns


def test_rows_of_zero_weight_do_not_count():
    """If the only row that prevents separation has weight 0, the classes are separated."""
    x, y = np.arange(10.0)[:, None], np.arange(10) > 4
    y[0] = True
    weight = np.ones(10)
    assert lr_pipeline.assess_existence(x, y, weight).verdict == "unique"
    weight[0] = 0
    assert lr_pipeline.assess_existence(x, y, weight).verdict == "complete_separation"


@pytest.mark.parametrize("shape", [(60, 3), (6000, 5), (2600, 60), (2700, 205)])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_rows_of_zero_weight_may_hold_anything(shape, value):
    """That holds for each way in which tables of different sizes are fitted."""
    rng = np.random.default_rng(3)
    X = rng.standard_normal(shape)
    y = (rng.random(len(X)) < 0.4).astype(float)
    weight = np.ones(len(X))
    weight[5] = 0.0
    expected = lr_pipeline.fit_logistic(np.delete(X, 5, 0), np.delete(y, 5))
    X[5, 2] = value
    fit = lr_pipeline.fit_logistic(X, y, weight)
    assert fit.status.label == expected.status.label == "converged"
    np.testing.assert_allclose(fit.coefficients, expected.coefficients, rtol=1e-8, atol=1e-10)


def test_a_separated_table_is_refused_by_name_and_fitted_by_auto():
    """The error names a data frame's or a table's column, and carries the existence."""
    frame = pd.DataFrame({"noise": [3.0, 1, 4, 1, 5, 9, 2, 6], "dose": np.arange(8)})
    y = np.arange(8) > 3
    with pytest.raises(SeparationError, match=r"'dose' to \+∞.*penalty auto") as caught:
        lr_pipeline.fit_logistic(frame, y)
    assert caught.value.existence.verdict == "complete_separation"
    with pytest.raises(SeparationError, match="'dose'"):
        lr_pipeline.fit_logistic(Table.from_pandas(frame.assign(died=y), target="died"))
    with pytest.raises(SeparationError, match="column 1"):
        lr_pipeline.fit_logistic(frame.to_numpy(), y)
    assert lr_pipeline.fit_logistic(frame, y, penalty="auto").penalty == Firth()


@pytest.mark.parametrize("solver", ["auto", "newton", "lbfgs", Newton(tolerance=1e-7)])
@pytest.mark.parametrize("kernel", ["numpy", "torch", NumpyKernel()])
def test_solvers_and_kernels_go_by_name_or_as_objects(solver, kernel):
    """All reach the same optimum; l2 works as in the core."""
    X, y = overlapping()
    expected = lr_pipeline.fit_logistic(X, y, penalty="l2", l2=2.0)
    found = lr_pipeline.fit_logistic(X, y, penalty="l2", l2=2.0, solver=solver, kernel=kernel)
    assert found.status is Status.CONVERGED
    np.testing.assert_allclose(found.coefficients, expected.coefficients, rtol=1e-6)


def test_gradient_descent_starts_where_it_is_told_and_reports_progress():
    """The tutorial's solver starts from zeros."""
    X, y = overlapping()
    seen = []
    fit = lr_pipeline.fit_logistic(
        X, y, solver="gradient_descent", start=np.zeros(4), progress=seen.append
    )
    assert fit.solver == "gradient_descent"
    assert seen[0].value == pytest.approx(np.log(2.0), rel=1e-14)
    assert lr_pipeline.fit_logistic(X, y, start=[0, 0, 0, 0]).status is Status.CONVERGED


SQUARE = np.arange(4.0).reshape(2, 2)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((SQUARE, [1, 1]), ValueError, "found 0 of label 0 and 2 of label 1"),
        ((SQUARE, [1, 0], [1, 0]), ValueError, "found 0 of label 0 and 1 of label 1"),
        ((SQUARE, [1, 2]), ValueError, "labels must be 0 or 1, found 1 rows"),
        ((SQUARE, ["a", "b"]), TypeError, "y must hold numbers or booleans.*found <U1"),
        ((SQUARE.astype(object), [1, 0]), TypeError, "X must hold numbers.*found object"),
        ((SQUARE.astype(str), [1, 0]), TypeError, "X must hold numbers.*encode"),
        ((SQUARE + 1j, [1, 0]), TypeError, "found complex128"),
        ((SQUARE.astype(np.longdouble), [1, 0]), TypeError, "up to 64 bits"),
        ((np.array([[2**53 + 1], [0]]), [1, 0]), ValueError, r"up to 2\^53"),
        ((SQUARE[:, 0], [1, 0]), ValueError, r"X must have shape \(rows, columns\).*reshape\(-1"),
        ((SQUARE[None], [1, 0]), ValueError, r"found \(1, 2, 2\): reshape it"),
        ((SQUARE, [[1], [0]]), ValueError, r"y must have shape \(rows,\), found \(2, 1\)"),
        ((SQUARE, [1, 0, 1]), ValueError, "as many rows each"),
        ((SQUARE, [1, 0], [1, -1]), ValueError, "weights must not be negative"),
        ((np.array([[np.nan], [1.0]]), [1, 0]), ValueError, "X must be finite, found nan at row 0"),
        ((SQUARE,), ValueError, "y is missing"),
        ((pd.DataFrame({"x": [1, 2], "c": ["a", "b"]}), [1, 0]), TypeError, "X, column 'c'"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, error, message):
    """The message has the expected, the found and the remedy; nothing is converted silently."""
    with pytest.raises(error, match=message):
        lr_pipeline.fit_logistic(*arguments)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "adam"}, "solver must be auto, newton, lbfgs, gradient_descent or a Solver"),
        ({"kernel": "jax"}, "kernel must be numpy, torch or a LogisticKernel, found 'jax'"),
        ({"penalty": "l1"}, "penalty must be one of"),
        ({"start": [0.0]}, "start must have 4 parameters, found 1"),
    ],
)
def test_unknown_settings_are_refused(settings, message):
    """The message lists the known settings."""
    with pytest.raises(ValueError, match=message):
        lr_pipeline.fit_logistic(*overlapping(), **settings)


def test_a_table_takes_no_second_label():
    """With two labels it would be unclear which one counts."""
    frame, y = spector_frame()
    table = Table.from_pandas(frame.assign(GRADE=y), target="GRADE")
    with pytest.raises(ValueError, match="has its own label and weight"):
        lr_pipeline.fit_logistic(table, y)


def test_a_data_frame_without_columns_leaves_the_intercept():
    """The intercept is log(odds) of the prevalence."""
    fit = lr_pipeline.fit_logistic(pd.DataFrame(index=range(4)), [1, 0, 0, 0])
    assert fit.intercept == pytest.approx(-np.log(3.0), rel=1e-12)


@pytest.mark.parametrize("method", ["wald", "profile"])
def test_inference_is_of_the_same_arrays_or_table(method):
    """Wald's intervals equal those of statsmodels; a table and its arrays give the same."""
    frame, y = spector_frame()
    fit = lr_pipeline.fit_logistic(frame, y)
    found = lr_pipeline.infer(fit, frame, y, level=0.9, method=method)
    table = Table.from_pandas(frame.assign(GRADE=y), target="GRADE")
    of_table = lr_pipeline.infer(fit, table, level=0.9, method=method, kernel="torch")
    np.testing.assert_allclose(of_table.lower, found.lower, rtol=1e-8)
    if method == "wald":
        peer = sm.Logit(y, sm.add_constant(frame.astype(float))).fit(disp=0, tol=1e-14)
        ends = np.column_stack([found.lower, found.upper])
        np.testing.assert_allclose(ends, peer.conf_int(alpha=0.1), rtol=1e-8)


def test_a_separated_table_has_profile_intervals_under_firth():
    """Wald's interval is wrong there; that of a separating column reaches further out."""
    x, y = np.arange(10.0)[:, None], np.arange(10) > 4
    fit = lr_pipeline.fit_logistic(x, y, penalty="auto")
    found = lr_pipeline.infer(fit, x, y)
    assert found.withheld == ""
    assert 0.0 < found.lower[1] < fit.coefficients[0] < found.upper[1] < np.inf
    assert found.upper[1] - fit.coefficients[0] > fit.coefficients[0] - found.lower[1]
    assert np.isnan(lr_pipeline.infer(fit, x, y, method="wald").lower).all()


def test_numbers_of_columns_are_asked_for_by_name() -> None:
    """That holds for a data frame and a table; columns of an array have only a position."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(80, 2))
    y = (rng.random(80) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    frame = pd.DataFrame(X, columns=["dose", "age"])
    plain, fit = lr_pipeline.fit_logistic(X, y), lr_pipeline.fit_logistic(frame, y)
    assert type(plain.coefficients) is np.ndarray
    assert fit.coefficients["age"] == fit.coefficients[1] == plain.coefficients[1]
    assert fit.standard_errors["dose"] == plain.standard_errors[0]
    found, by_place = lr_pipeline.infer(fit, frame, y), lr_pipeline.infer(plain, X, y)
    for part, other in zip(found.odds_ratios, by_place.odds_ratios, strict=True):
        assert part["dose"] == other[0]
    assert found.p_values["(intercept)"] == by_place.p_values[0]
    assert found.upper["age"] == by_place.upper[2]
    assert found.variance_inflation["age"] == by_place.variance_inflation[1]
    linear = lr_pipeline.fit_linear(frame, y)
    assert linear.coefficients["dose"] == lr_pipeline.fit_linear(X, y).coefficients[0]
    table = Table.from_pandas(frame.assign(y=y), "y")
    assert lr_pipeline.fit_logistic(table).coefficients["age"] == pytest.approx(
        fit.coefficients["age"]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"l2": 1000.0},
            "l2= is the strength of penalty 'l2', found l2=1000.0 with penalty='none'",
        ),
        ({"penalty": "firth", "l2": 1.0}, "give penalty='l2' too, or leave l2= out"),
        ({"penalty": "l2", "log_f": 1.0}, "log_f= is the strength of penalty 'log-f', found"),
        ({"penalty": "auto", "log_f": 1.0}, "log_f= is the strength of penalty 'log-f', found"),
    ],
)
def test_a_strength_without_its_penalty_is_refused(arguments, message) -> None:
    """Without the penalty the strength would have no effect."""
    with pytest.raises(ValueError, match=message):
        lr_pipeline.fit_logistic([[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1], **arguments)
