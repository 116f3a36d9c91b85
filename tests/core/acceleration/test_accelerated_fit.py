"""With and without accelerations a fit ends at the same optimum, within its certificates."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lr_pipeline.core.acceleration.accelerated_fit import (
    assess_from_sample,
    fit_from_sample,
    fit_small_table,
)
from lr_pipeline.core.acceleration.regimes import REGIMES, Regimes
from lr_pipeline.core.acceleration.warm_start import warm_start
from lr_pipeline.core.acceleration.wide_start import wide_start
from lr_pipeline.core.existence.existence import SeparationError, assess_existence
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.fitting.problem import FitProblem
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.memory import ArrayRows

NOTHING = Regimes(
    small_numbers=0, many_columns=10**9, sampled_rows=10**9, wide_rows_per_parameter=10**9
)
WARM = replace(NOTHING, sampled_rows=500, sample_rows_per_parameter=20)
WIDE = replace(NOTHING, many_columns=5, wide_rows_per_parameter=12)
LBFGS = replace(NOTHING, many_columns=5)
WAYS = {"small": REGIMES, "warm": WARM, "wide": WIDE, "lbfgs": LBFGS, "nothing": NOTHING}


def table(seed=0, n=700, d=5, signal=1.0, weighted=False):
    """Correlated columns in unequal units; labels drawn from a logistic model."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 0.5 * rng.standard_normal((n, 1))
    z = signal * (X @ rng.standard_normal(d)) - 0.5
    y = (rng.random(n) < 1 / (1 + np.exp(-z))) * 1.0
    weight = rng.integers(1, 4, n) * 1.0 if weighted else None
    return ArrayRows(X * 10.0 ** rng.integers(-3, 4, d), y, weight, block_rows=256)


def parameters(fit):
    return np.append(fit.intercept, fit.coefficients)


def fit_problem(rows, regimes, **options):
    """The problem of a fit without a solver or start of its own."""
    given = {"solver": None, "start": None, "tolerance": None, "progress": None} | options
    return FitProblem(rows, NumpyKernel(), standard_errors=True, regimes=regimes, **given)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("weighted", [False, True], ids=["rows", "weights"])
@settings(max_examples=6)
@given(
    seed=st.integers(0, 10**6),
    signal=st.sampled_from([0.2, 1.0, 2.0]),
    tolerance=st.sampled_from([None, 1e-3]),
    standard_errors=st.booleans(),
)
def test_both_paths_are_within_the_sum_of_their_certificates(
    way, weighted, seed, signal, tolerance, standard_errors
):
    """It holds for every parameter, with each certificate in its own units."""
    rows = table(seed, signal=signal, weighted=weighted)
    options = {"tolerance": tolerance, "standard_errors": standard_errors}
    fast = fit_logistic(rows, NumpyKernel(), **options, acceleration=WAYS[way])
    plain = fit_logistic(rows, NumpyKernel(), **options, acceleration=False)
    allowed = sum(fit.certificate.standard_errors * fit.certificate_units for fit in (fast, plain))
    assert (np.abs(parameters(fast) - parameters(plain)) <= allowed).all()
    assert max(fast.certificate.standard_errors, plain.certificate.standard_errors) <= 1e-3
    assert fast.existence == plain.existence and fast.unique == plain.unique


def test_the_limits_of_these_tests_lead_to_every_way():
    """Each table is fitted by the intended acceleration, and by no other."""
    rows = table()
    assert fit_small_table(fit_problem(rows, REGIMES), REGIMES) is not None
    assert warm_start(rows, NumpyKernel(), NoPenalty(), WARM) is not None
    assert wide_start(rows, NumpyKernel(), WIDE) is not None
    assert fit_logistic(rows, NumpyKernel(), acceleration=LBFGS).solver == "lbfgs"
    for regimes in (WARM, WIDE):
        assert fit_from_sample(fit_problem(rows, regimes), NoPenalty(), regimes) is not None
        assert fit_small_table(fit_problem(rows, regimes), regimes) is None
    for regimes in (LBFGS, NOTHING):
        assert warm_start(rows, NumpyKernel(), NoPenalty(), regimes) is None
        assert wide_start(rows, NumpyKernel(), regimes) is None


def test_a_penalised_fit_from_a_sample_ends_where_the_plain_one_does():
    """The penalty is ridge, whose strength belongs to all rows."""
    rows = table(3)
    fast = fit_logistic(rows, NumpyKernel(), Ridge(20.0), acceleration=WARM)
    plain = fit_logistic(rows, NumpyKernel(), Ridge(20.0), acceleration=False)
    allowed = sum(fit.certificate.standard_errors * fit.certificate_units for fit in (fast, plain))
    assert fast.solver == "lbfgs" and plain.solver == "newton"
    assert (np.abs(parameters(fast) - parameters(plain)) <= allowed).all()


@pytest.mark.parametrize("options", [{"solver": Newton()}, {"start": np.zeros(6)}])
def test_a_solver_or_start_of_the_callers_own_is_no_small_tables(options):
    """A solver or a start that the caller gives is used as it is."""
    assert fit_small_table(fit_problem(table(), REGIMES, **options), REGIMES) is None


def test_what_is_not_plain_is_the_same_on_the_plain_path():
    """Dependent columns are named, separated classes refused, NaN and infinity located."""
    rows = table()
    X, y = rows.X, rows.y
    doubled = fit_logistic(ArrayRows(np.c_[X, X[:, 0]], y), NumpyKernel(), acceleration=False)
    assert doubled.dependent_columns == (5,) and not doubled.unique
    constant = fit_logistic(ArrayRows(np.c_[X, 0 * y + 7], y), NumpyKernel(), acceleration=False)
    assert constant.dependent_columns == (5,)
    with pytest.raises(SeparationError):
        fit_logistic(ArrayRows(np.c_[X, y], y), NumpyKernel(), acceleration=False)
    broken = X.copy()
    broken[17, 2] = np.nan
    with pytest.raises(ValueError, match="at row 17, column 2"):
        fit_logistic(ArrayRows(broken, y), NumpyKernel(), acceleration=False)
    with pytest.raises(ValueError, match="labels must be 0 or 1"):
        fit_logistic(ArrayRows(X, y + 1.0), NumpyKernel(), acceleration=False)


def test_acceleration_is_on_or_off_or_has_limits():
    """True means the measured limits: a sample, and L-BFGS; False Newton's method alone."""
    rows = table(n=10_000)
    solvers = [
        fit_logistic(rows, NumpyKernel(), acceleration=limits).solver
        for limits in (True, REGIMES, NOTHING, False)
    ]
    assert solvers == ["lbfgs", "lbfgs", "newton", "newton"]


@pytest.mark.parametrize("way", ["warm", "wide", "nothing"])
@pytest.mark.parametrize(
    "verdict", ["unique", "not_unique", "complete_separation", "quasi_complete_separation"]
)
def test_existence_is_told_by_a_sample_or_without(way, verdict):
    """The tables are made so that the verdict is known."""
    rows = table()
    X, y = rows.X, rows.y
    if verdict == "not_unique":
        X = np.column_stack([X, X[:, 0] - 2.0 * X[:, 1]])
    if verdict == "complete_separation":
        y = (X[:, 0] > 0.0) * 1.0
    if verdict == "quasi_complete_separation":
        X = np.column_stack([X, y * (np.arange(len(y)) % 3 == 0)])
    found = assess_from_sample(ArrayRows(X, y, block_rows=256), WAYS[way])
    assert found.verdict == verdict
    assert found.dependent_columns == ((5,) if verdict == "not_unique" else ())


def test_a_proof_from_a_sample_takes_fewer_passes(monkeypatch):
    """A fit from the sample stops as soon as its certificate is finite and small."""
    passes, add = [], ArrayRows.sum

    def counted(rows, function):
        passes.append(rows.num_rows)
        return add(rows, function)

    monkeypatch.setattr(ArrayRows, "sum", counted)
    assess_from_sample(table(n=8_000))
    proof = len(passes)
    assess_existence(table(n=8_000))
    assert proof < len(passes) - proof
