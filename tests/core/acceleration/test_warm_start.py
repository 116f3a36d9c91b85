"""Large tables start from a sample's fit, and end where they would without it."""

import numpy as np
import pytest
from mpmath import mp, mpf

from lr_pipeline.core.acceleration.regimes import REGIMES, Regimes
from lr_pipeline.core.acceleration.warm_start import WarmStart, warm_start
from lr_pipeline.core.columns.classes import count_classes
from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.columns.sampling_pass import draw_sample
from lr_pipeline.core.columns.standardize import standardized
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.linear_algebra.factors import Factors
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.rows import gather
from lr_pipeline.core.solvers import GradientDescent, Lbfgs, Newton, Status
from lr_pipeline.engines.memory import ArrayRows
from tests.core.any_order import ShuffledRows
from tests.core.reference import maximum_likelihood

N, D = 8_000, 4


def table(seed=1, n=N, d=D, mean=0.0):
    """Correlated columns of unequal scales, labels drawn from a logistic model."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 0.5 * rng.standard_normal((n, 1))
    z = X @ np.linspace(-1, 1, d) - 0.7
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)
    return X * 10.0 ** np.arange(d) + mean, y


def scaled_distance(fit, other):
    """Largest difference of two fits' parameters, in the first one's standard errors."""
    ours = np.array([fit.intercept, *fit.coefficients])
    theirs = np.array([other.intercept, *other.coefficients])
    return float(np.max(np.abs(ours - theirs) / fit.certificate_units))


@pytest.mark.parametrize("solver", [None, Newton(), Lbfgs()], ids=["auto", "newton", "lbfgs"])
@pytest.mark.parametrize("mean", [0.0, 1e6], ids=["near zero", "far from zero"])
def test_a_large_table_has_the_optimum_that_forty_digits_give(solver, mean):
    """The fit is within its certificate, also far from zero, where rows are centred."""
    X, y = table(mean=mean)
    fit = fit_logistic(ArrayRows(X, y), NumpyKernel(), solver=solver)
    optimum = maximum_likelihood(X, y, np.array([fit.intercept, *fit.coefficients]))
    exact = np.array([float(value) for value in optimum])
    found = np.array([fit.intercept, *fit.coefficients])
    errors = np.array([fit.intercept_standard_error, *fit.standard_errors])
    assert fit.status is Status.CONVERGED
    assert np.max(np.abs(found - exact) / errors) <= fit.certificate.standard_errors < 1e-5


def test_fewer_passes_are_made_than_without_a_sample():
    """Newton from a sample's optimum needs three evaluations instead of six or more."""
    X, y = table()
    start = np.zeros(D + 1)  # a given start is used, without a sample
    cold = fit_logistic(ArrayRows(X, y), NumpyKernel(), solver=Newton(polish=False), start=start)
    warm = fit_logistic(ArrayRows(X, y), NumpyKernel(), solver=Newton(polish=False))
    assert warm.evaluations < cold.evaluations
    assert scaled_distance(warm, cold) < 1e-6


def test_the_penalty_is_that_of_all_rows():
    """With l2 the sample is penalised by its share, and the optimum is Newton's from zero."""
    X, y = table()
    warm = fit_logistic(ArrayRows(X, y), NumpyKernel(), Ridge(30.0))
    cold = fit_logistic(
        ArrayRows(X, y), NumpyKernel(), Ridge(30.0), Newton(), start=np.zeros(D + 1)
    )
    assert warm.status is Status.CONVERGED
    assert scaled_distance(warm, cold) <= warm.certificate.standard_errors + 1e-9


def test_weights_count_as_repeated_rows():
    """Weights 0 and 2 on a large table give the fit of rows left out and repeated."""
    X, y = table()
    weight = np.random.default_rng(5).integers(0, 3, N).astype(float)
    repeated = np.repeat(np.arange(N), weight.astype(int))
    weighted = fit_logistic(ArrayRows(X, y, weight), NumpyKernel())
    expanded = fit_logistic(ArrayRows(X[repeated], y[repeated]), NumpyKernel())
    assert scaled_distance(weighted, expanded) < 1e-5
    np.testing.assert_allclose(weighted.standard_errors, expanded.standard_errors, rtol=1e-6)


def test_the_certificate_without_the_hessian_of_all_rows_holds():
    """It uses the sample's Hessian, a lower bound; no standard errors are given."""
    X, y = table()
    quick = fit_logistic(ArrayRows(X, y), NumpyKernel(), tolerance=1e-4, standard_errors=False)
    exact = fit_logistic(ArrayRows(X, y), NumpyKernel(), solver=Newton(), start=np.zeros(D + 1))
    assert quick.status is Status.CONVERGED
    assert scaled_distance(exact, quick) <= quick.certificate.standard_errors <= 1e-3
    assert quick.standard_errors is None
    assert "not asked for" in quick.inference_withheld


def test_a_sample_bounds_the_hessian_of_all_rows_from_below():
    """At its optimum and away from it, the difference has no negative eigenvalue."""
    X, y = table()
    rows = ArrayRows(X, y)
    warm = warm_start(rows, NumpyKernel(), NoPenalty())
    objective = LogisticObjective(warm.coordinates.rows(rows), NumpyKernel(), NoPenalty())
    for w in (warm.start, warm.start + 0.3, np.zeros(D + 1)):
        hessian = objective.value_gradient_hessian(w)[2] * objective.total_weight
        L = warm.factors_below(w).L
        below = L @ L.T
        assert np.linalg.eigvalsh(hessian - below)[0] > 0
        assert np.linalg.eigvalsh(below)[0] > 0


def intercept_alone(factored_at):
    """A start whose sample is the whole table, with equally many rows of each label, no columns.

    Its Hessian has a closed form, and changes by nearly exp(± the change of the intercept).
    """
    rows = ArrayRows(np.empty((1000, 0)), np.repeat([0.0, 1.0], 500))
    at = np.array([factored_at])
    objective = LogisticObjective(rows, NumpyKernel(), NoPenalty())
    factors = Factors.of(objective.value_gradient_hessian(at)[2])
    coordinates = standardized(analyse_columns(rows), (), False)
    return WarmStart(coordinates, count_classes(rows), at, factors, at, objective)


@pytest.mark.parametrize("at", [-12.0, 4.3, 9.7])
@pytest.mark.parametrize("change", [0.0, 1e-9, 0.5, 3.0, 20.0])
def test_a_sample_of_all_rows_bounds_their_hessian_closely(at, change):
    """Where variances fall by exp(−change), the bound holds to 60 digits, and is tight to 3/100."""
    w = at + np.sign(at) * change
    below = float(intercept_alone(at).factors_below(np.array([w])).L[0, 0]) ** 2
    with mp.workdps(60):
        exact = 1000 * mp.exp(-abs(mpf(w))) / (1 + mp.exp(-abs(mpf(w)))) ** 2
        assert below <= exact <= below * 1.03


def test_rounding_of_the_sample_is_covered():
    """Without its margin the bound would exceed the Hessian at some of these points."""
    for at in np.linspace(-3.0, 3.0, 50):
        factors = intercept_alone(at).factors_below(np.array([at]))
        with mp.workdps(60):
            exact = 1000 * mp.exp(mpf(at)) / (1 + mp.exp(mpf(at))) ** 2
            assert mpf(float(factors.L[0, 0])) ** 2 <= exact


@pytest.mark.parametrize("far", [1e3, 1e308, np.nan])
def test_far_from_the_sample_it_bounds_nothing(far):
    """Variances may be zero there: None is returned, and no factors that are not finite."""
    X, y = table()
    warm = warm_start(ArrayRows(X, y), NumpyKernel(), NoPenalty())
    with np.errstate(over="ignore", invalid="ignore"):
        assert warm.factors_below(warm.start + far) is None


def test_a_sample_has_so_many_numbers_at_most():
    """The limit holds for tables of any size, which need not fit into memory."""
    X, y = table()
    regimes = Regimes(sample_numbers=600 * D)
    warm = warm_start(ArrayRows(X, y), NumpyKernel(), NoPenalty(), regimes)
    sample = warm.objective.sums.rows
    assert 500 < sample.num_rows < 700


def test_a_tolerance_belongs_to_the_chosen_solver():
    """A solver that the caller gives has its own tolerance."""
    X, y = table(n=50)
    with pytest.raises(ValueError, match="set the given solver's own"):
        fit_logistic(ArrayRows(X, y), NumpyKernel(), solver=Newton(), tolerance=1e-3)


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (table(n=REGIMES.sampled_rows - 1)[0], table(n=REGIMES.sampled_rows - 1)[1]),
        (np.c_[table()[0], table()[0][:, 0]], table()[1]),
        (table()[0], (np.arange(N) == 17).astype(float)),
        (table()[0], (table()[0][:, 0] > 0).astype(float)),
    ],
    ids=["few rows", "dependent columns", "one class in the sample", "separated"],
)
def test_no_start_is_better_than_a_wrong_one(X, y):
    """There is no warm start where a sample does not determine an estimate."""
    assert warm_start(ArrayRows(X, y), NumpyKernel(), NoPenalty()) is None


def test_a_rare_column_is_fitted_all_the_same():
    """An indicator of 9 rows may be all zero in the sample: the fit then starts without one."""
    X, y = table()
    X[:, 1] = 0.0
    X[::900, 1] = 1.0
    y[[0, 900, 1800]] = [0.0, 1.0, 0.0]
    fit = fit_logistic(ArrayRows(X, y), NumpyKernel())
    cold = fit_logistic(ArrayRows(X, y), NumpyKernel(), solver=Newton(), start=np.zeros(D + 1))
    assert fit.status is Status.CONVERGED
    assert scaled_distance(cold, fit) < 1e-5


def test_the_order_of_blocks_does_not_matter_beyond_rounding():
    """Blocks of other lengths in another order give other samples, but the same optimum."""
    X, y = table()
    one = fit_logistic(ArrayRows(X, y), NumpyKernel())
    other = fit_logistic(ShuffledRows(X, y, cuts=(1000, 1003, 5000), seed=4), NumpyKernel())
    assert scaled_distance(one, other) < 1e-7


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200])
def test_a_value_that_is_not_finite_is_refused_with_its_place(value):
    """The value is found in the first pass over all rows, or in the sample."""
    X, y = table()
    X[4321, 2] = value
    with pytest.raises(ValueError, match=r"row 4321, column 2"):
        fit_logistic(ArrayRows(X, y, block_rows=500), NumpyKernel())


def test_solvers_for_the_tables_own_columns_start_where_they_always_did():
    """Gradient descent gets no warm start, since its path is of interest."""
    X, y = table()
    fit = fit_logistic(ArrayRows(X, y), NumpyKernel(), solver=GradientDescent(1e-9, 1))
    assert fit.trace[0].value == pytest.approx(
        -y.mean() * np.log(y.mean()) - (1 - y.mean()) * np.log(1 - y.mean())
    )


def test_a_sampling_pass_counts_all_rows_and_draws_its_share():
    """The share is right to sampling error; rows of zero weight are neither counted nor drawn."""
    X, y = table()
    weight = (np.arange(N) % 4 > 0).astype(float)
    classes, sample = draw_sample(ArrayRows(X, y, weight, block_rows=1000), 0.1)
    assert classes.weights == (weight @ (1 - y), weight @ y)
    assert abs(len(sample.y) - 0.1 * 6000) < 5 * np.sqrt(6000 * 0.09) + 8
    assert (sample.weight > 0).all()
    rows = {row.tobytes() for row in X[weight > 0]}
    assert all(row.tobytes() in rows for row in sample.X)
    assert len(gather(ArrayRows(X, y)).y) == N


def test_many_columns_are_fitted_by_gradients_and_end_where_newton_does():
    """L-BFGS with the correlation matrix agrees with Newton within both certificates."""
    rng = np.random.default_rng(1)
    X = rng.standard_normal((3000, 220))
    y = (rng.random(3000) < 1 / (1 + np.exp(-X[:, 0]))).astype(float)
    chosen = fit_logistic(ArrayRows(X, y), NumpyKernel())
    newton = fit_logistic(ArrayRows(X, y), NumpyKernel(), solver=Newton())
    bounds = chosen.certificate.standard_errors + newton.certificate.standard_errors
    assert (chosen.solver, chosen.status) == ("lbfgs", Status.CONVERGED)
    assert scaled_distance(newton, chosen) <= bounds < 1e-5
