"""Tables of many columns start from a fit in single precision, and end at the same optimum."""

from dataclasses import replace

import numpy as np
import pytest

from lr_pipeline.core.acceleration.regimes import REGIMES
from lr_pipeline.core.acceleration.warm_start import warm_start
from lr_pipeline.core.acceleration.wide_start import wide_standardizations, wide_start
from lr_pipeline.core.existence.existence import SeparationError
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.solvers import Newton, Status
from lr_pipeline.engines.memory import ArrayRows
from tests.core.any_order import ShuffledRows
from tests.core.reference import information_distance, long_double_optimum

D = 60
WIDE = replace(REGIMES, many_columns=D)
N = WIDE.wide_rows_per_parameter * (D + 1) + 200
MANY = REGIMES.many_columns
MANY_ROWS = REGIMES.wide_rows_per_parameter * (MANY + 1) + 200


def fit_wide(rows, kernel=None, **options):
    """Fit rows, for which ``D`` columns are many."""
    return fit_logistic(rows, kernel or NumpyKernel(), acceleration=WIDE, **options)


def start_wide(rows):
    """Return the start of rows, for which ``D`` columns are many."""
    return wide_start(rows, NumpyKernel(), WIDE)


def table(seed=1, n=N, signal=2.0, d=D):
    """Columns with a common factor, labels drawn from a logistic model."""
    rng = np.random.default_rng(seed)
    X = np.sqrt(0.7) * rng.standard_normal((n, d)) + np.sqrt(0.3) * rng.standard_normal((n, 1))
    b = rng.standard_normal(d)
    z = X @ (b * signal / np.sqrt(0.7 * b @ b + 0.3 * b.sum() ** 2)) - 0.5
    return X, (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)


def changed(X, kind):
    """The columns changed to a more difficult kind, for the same labels."""
    rng, X, d = np.random.default_rng(9), X.copy(), X.shape[1]
    if kind.startswith("duplicates"):
        X[:, -5:] = X[:, :5] + float(kind.split()[1]) * rng.standard_normal((len(X), 5))
    if kind == "chain":
        for j in range(1, d):
            X[:, j] = 0.95 * X[:, j - 1] + 0.3 * X[:, j]
    if kind == "scales":
        X *= 10.0 ** rng.permutation(np.linspace(-8, 8, d))
    if kind == "far":
        X += 1e6 * rng.uniform(-1, 1, d)
    if kind == "rare":
        X[:, 3] = np.arange(len(X)) % 250 == 0
    return X


KINDS = ("plain", "duplicates 1e-3", "duplicates 1e-5", "duplicates 1e-8", "chain", "scales")
KINDS += ("far", "rare", "near separable")


def parameters(fit):
    return np.array([fit.intercept, *fit.coefficients])


@pytest.mark.parametrize("kind", KINDS)
def test_the_certificate_holds_whether_or_not_single_precision_helped(kind):
    """It is never below the distance to the optimum in long double; with standard errors or not."""
    size = {"n": MANY_ROWS, "d": MANY} if kind == "far" else {}
    X, y = table(signal=6.0 if kind == "near separable" else 2.0, **size)
    X = changed(X, kind)
    rows = ArrayRows(X, y)
    exact = fit_wide(rows, start=np.zeros(X.shape[1] + 1))
    optimum = long_double_optimum(X, y, parameters(exact))
    for options in ({"tolerance": 1e-3, "standard_errors": False}, {"tolerance": 1e-4}, {}):
        fit = fit_wide(rows, **options)
        distance = information_distance(X, parameters(fit), optimum)
        assert distance <= fit.certificate.standard_errors
        near = fit.certificate.standard_errors <= 1e-3
        assert fit.status is (Status.CONVERGED if near else Status.STALLED)
        assert near or options.get("tolerance") == 1e-3  # met by the solver, but not certified


@pytest.mark.parametrize("kind", ["plain", "scales", "far", "chain"])
def test_single_precision_helps_where_columns_are_not_nearly_dependent(kind):
    """The start is within a few hundredths of a standard error of the optimum."""
    X, y = table()
    X = changed(X, kind)
    rows = ArrayRows(X, y)
    assert warm_start(rows, NumpyKernel(), NoPenalty()) is None
    start = start_wide(rows)
    reached = np.array([*start.coordinates.to_table(start.start)], dtype=object)
    w = np.array([reached[0], *reached[1]], dtype=float)
    optimum = long_double_optimum(X, y, w)
    assert information_distance(X, w, optimum) < 0.05


def test_the_result_is_that_of_double_precision_alone():
    """Ten digits agree, also of standard errors; single precision would change the seventh."""
    X, y = table(n=MANY_ROWS, d=MANY)
    quick = fit_logistic(ArrayRows(X, y), NumpyKernel())
    slow = fit_logistic(ArrayRows(X, y), NumpyKernel(), solver=Newton(), start=np.zeros(MANY + 1))
    scale = np.abs(slow.coefficients).max()
    np.testing.assert_allclose(quick.coefficients, slow.coefficients, atol=1e-10 * scale, rtol=0)
    np.testing.assert_allclose(quick.standard_errors, slow.standard_errors, rtol=1e-10)
    assert quick.log_likelihood == pytest.approx(slow.log_likelihood, rel=1e-13)


def test_one_pass_in_double_precision_may_do():
    """It is enough without standard errors and with a tolerance of a thousandth of one."""
    X, y = table()
    fit = fit_wide(ArrayRows(X, y), tolerance=1e-3, standard_errors=False)
    assert fit.evaluations <= 3
    assert fit.standard_errors is None


@pytest.mark.parametrize("kind", ["plain", "scales", "chain"])
def test_the_sample_bounds_the_hessian_of_all_rows_from_below(kind):
    """At the start, away from it and at zero, the difference has no negative eigenvalue."""
    X, y = table()
    rows = ArrayRows(changed(X, kind), y)
    start = start_wide(rows)
    objective = LogisticObjective(start.coordinates.rows(rows), NumpyKernel(), NoPenalty())
    for w in (start.start, start.start + 0.01, np.zeros(D + 1)):
        hessian = objective.value_gradient_hessian(w)[2] * objective.total_weight
        L = start.factors_below(w).L
        below = L @ L.T
        size = np.sqrt(np.diag(hessian))
        assert np.linalg.eigvalsh((hessian - below) / np.outer(size, size))[0] > 0
        assert np.linalg.eigvalsh(below / np.outer(size, size))[0] > 0


def test_the_extremes_are_those_of_all_rows():
    """With the sample's own extremes a certificate would be too narrow."""
    X, y = table()
    X[77, 3] = 40.0
    extremes = start_wide(ArrayRows(X, y)).coordinates.analysis.extremes
    assert (extremes.lower <= X.min(axis=0)).all()
    assert (extremes.upper >= X.max(axis=0)).all()


def test_weights_count_as_repeated_rows():
    """Weights 0, 1 and 2 give the fit of rows left out, taken once and taken twice."""
    X, y = table(n=2 * N)
    weight = np.random.default_rng(5).integers(0, 3, 2 * N).astype(float)
    repeated = np.repeat(np.arange(2 * N), weight.astype(int))
    X[weight == 0] = 1e9
    weighted = ArrayRows(X, y, weight)
    assert start_wide(weighted) is not None
    one = fit_wide(weighted)
    other = fit_wide(ArrayRows(X[repeated], y[repeated]))
    np.testing.assert_allclose(parameters(one), parameters(other), rtol=0, atol=1e-9)
    np.testing.assert_allclose(one.standard_errors, other.standard_errors, rtol=1e-9)


def test_blocks_in_another_order_have_the_same_optimum():
    """Such blocks give other samples."""
    X, y = table()
    one = fit_wide(ArrayRows(X, y))
    other = fit_wide(ShuffledRows(X, y, cuts=(300, 303), seed=4))
    np.testing.assert_allclose(parameters(one), parameters(other), rtol=0, atol=1e-9)


def test_torch_and_numpy_agree_within_their_certificates():
    """Each kernel computes the passes in double precision itself."""
    from lr_pipeline.engines.torch.torch_kernel import TorchKernel

    X, y = table()
    one, other = (
        fit_wide(ArrayRows(X, y), kernel, tolerance=1e-3, standard_errors=False)
        for kernel in (NumpyKernel(), TorchKernel())
    )
    allowed = one.certificate.standard_errors + other.certificate.standard_errors
    assert information_distance(X, parameters(one), parameters(other)) <= allowed


@pytest.mark.parametrize("kind", ["sum of others", "constant", "twice"])
def test_a_dependent_column_is_named_as_without_single_precision(kind):
    """Where a sample does not show independence, all rows decide."""
    X, y = table()
    X[:, 50] = {"sum of others": X[:, :9].sum(axis=1), "constant": 4.0, "twice": 2 * X[:, 7]}[kind]
    rows = ArrayRows(X, y)
    assert start_wide(rows) is None
    fit = fit_wide(rows, tolerance=1e-3, standard_errors=False)
    assert fit.dependent_columns == (50,)
    assert not fit.unique
    assert fit.status is Status.CONVERGED


@pytest.mark.parametrize("value", [0.1, 1.0, 1e8])
def test_a_column_that_is_constant_to_its_last_bit_is_dependent(value):
    """A column of two neighbouring float64 numbers is constant, to rounding."""
    X, y = table()
    X[:, 7] = np.where(np.arange(N) % 2, value, np.nextafter(value, np.inf))
    assert start_wide(ArrayRows(X, y)) is None
    fit = fit_wide(ArrayRows(X, y), tolerance=1e-3, standard_errors=False)
    assert fit.dependent_columns == (7,)


def test_a_separated_table_is_refused_with_its_column():
    """One column separates the labels, among many that do not."""
    X, y = table()
    X[:, 20] = 2 * y - 1 + 0.5 * np.sin(np.arange(N))
    with pytest.raises(SeparationError) as error:
        fit_wide(ArrayRows(X, y), tolerance=1e-3, standard_errors=False)
    assert 20 in error.value.existence.separating_columns


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_value_that_is_not_finite_is_named_with_its_place(value):
    """The message has row and column, counted from 0."""
    X, y = table()
    X[123, 45] = value
    with pytest.raises(ValueError, match="at row 123, column 45"):
        fit_wide(ArrayRows(X, y), tolerance=1e-3, standard_errors=False)


@pytest.mark.parametrize("scale", [1e-40, 1e40])
def test_a_column_beyond_single_precision_is_fitted_in_double(scale):
    """Its coefficient divided by its standard error is that of the column in ordinary units."""
    X, y = table()
    ordinary = fit_wide(ArrayRows(X, y))
    X[:, 3] *= scale
    assert start_wide(ArrayRows(X, y)) is None
    fit = fit_wide(ArrayRows(X, y))
    assert fit.status is Status.CONVERGED
    assert fit.coefficients[3] * scale == pytest.approx(ordinary.coefficients[3], rel=1e-8)


@pytest.mark.parametrize(
    ("n", "d"),
    [(MANY_ROWS, MANY - 1), (REGIMES.wide_rows_per_parameter * (MANY + 1) - 1, MANY)],
    ids=["columns", "rows"],
)
def test_a_table_of_other_shape_is_left_to_others(n, d):
    """There is no wide start with few columns, or few rows per column."""
    X, y = table(n=n, d=d)
    assert wide_start(ArrayRows(X, y), NumpyKernel()) is None
    X, y = table(n=MANY_ROWS, d=MANY)
    assert wide_start(ArrayRows(X, y), NumpyKernel()) is not None


def test_the_standardization_can_be_found_again():
    """A stored model's scaling is compared with those that its training rows can give."""
    X, y = table(n=MANY_ROWS, d=MANY)
    fit = fit_logistic(ArrayRows(X, y), NumpyKernel())
    ((center, scale),) = wide_standardizations(ArrayRows(X, y))
    np.testing.assert_array_equal(fit.center, center)
    np.testing.assert_array_equal(fit.scale, scale)
