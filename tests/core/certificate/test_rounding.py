"""Bounds on rounding hold, by arithmetic of 60 digits, and would fail without their constants."""

import numpy as np
import pytest
from mpmath import mp, mpf

from lr_pipeline.core.certificate.curvature import Curvature, curvature_at, length
from lr_pipeline.core.certificate.distance import UNBOUNDED
from lr_pipeline.core.certificate.objective_rounding import (
    ColumnSizes,
    bounds_by_columns,
    bounds_by_rows,
    coarse_bounds,
    parameter_rounding,
)
from lr_pipeline.core.certificate.rounding import addition_error, dot_error, plain_bounds
from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.columns.standardize import Reported, StandardizedRows, standardized
from lr_pipeline.core.fitting.plain_fit import Standardization, StandardizedFit, Sums
from lr_pipeline.core.limits import UNIT_ROUNDOFF
from lr_pipeline.core.linear_algebra.factors import Factors
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel, linear_predictor
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.rows import Block
from lr_pipeline.engines.memory import ArrayRows


def fitted(seed, p=5):
    """Parameters, the largest |x̃| and the curvature, for some rows."""
    rng = np.random.default_rng(seed)
    X = np.c_[np.ones(50), rng.standard_normal((50, p - 1)) * np.logspace(-2, 2, p - 1)]
    reported = Reported(np.eye(p)[0], np.ones(p - 1))
    curvature = Curvature.of(rng.standard_normal(p), Factors.of(X.T @ X), None, reported)
    return rng.standard_normal(p), np.abs(X).max(axis=0), curvature


@pytest.mark.parametrize("seed", range(5))
def test_bounds_of_few_calls_hold_wherever_the_general_ones_do(seed):
    """The gradient's bound is at most twice as wide, the others are equal up to rounding."""
    w, largest, curvature = fitted(seed)
    addition = addition_error(50, 1)
    general = coarse_bounds(
        w, curvature, ColumnSizes(largest, largest, largest, 0.0), 50.0, addition
    )
    root = np.linalg.norm(curvature.factor, axis=1)
    plain = plain_bounds(largest, np.abs(w), curvature.inverse_factor, root, 50.0, addition)
    assert general.gradient_error <= plain.gradient_error * (1 + 1e-12)
    assert plain.gradient_error <= 2.0 * general.gradient_error
    assert plain[1:] == pytest.approx(general[1:], rel=1e-12)


def test_the_rounding_of_parameters_leaves_constant_columns_out():
    """A coefficient that is always zero has no standard error to measure rounding in."""
    w, _, curvature = fitted(0)
    full = parameter_rounding(w, curvature)
    slopes = np.vstack([np.eye(len(w) - 1), np.zeros(len(w) - 1)])
    reported = Reported(curvature.reported.intercept, slopes)
    H = curvature.factor @ curvature.factor.T
    more = Curvature.of(w, Factors.of(H), None, reported)
    assert 0.0 < full < 1e-12
    assert parameter_rounding(w, more) == pytest.approx(full)


def exact(value):
    """A float64 number as mpf."""
    return mpf(float(value))


def relative_error(computed, value):
    """|computed − value| / |value| of an mpf value."""
    return float(abs(exact(computed) - value) / abs(value))


def test_the_roundings_of_a_row_are_needed_and_enough():
    """Residual and variance times weight are compared, row by row, with 60 digits.

    The bound holds, and one without ``ROW_EXTRA``, 2 roundings for one row of one block, would not.
    """
    rng = np.random.default_rng(0)
    z, y = rng.uniform(-30.0, 30.0, 2000), (rng.random(2000) < 0.5) * 1.0
    weight, errors = rng.uniform(1.0, 2.0, 2000), []
    with mp.workdps(60):
        for odds, label, count in zip(z, y, weight, strict=True):
            row = Block(np.empty((1, 0)), np.array([label]), np.array([count]))
            _, g, H = NumpyKernel().loss_gradient_information(row, np.array([odds]))
            p = 1 / (1 + mp.exp(-exact(odds)))
            errors.append(relative_error(g[0], exact(count) * (p - exact(label))))
            errors.append(relative_error(H[0, 0], exact(count) * p * (1 - p)))
    assert 2.5 * UNIT_ROUNDOFF < max(errors) <= addition_error(1, 1)


def test_the_roundings_of_a_predictor_are_needed_and_enough():
    """A dot product of p = 2 terms with one standardized column is compared with 60 digits.

    The numbers are the worst of 1e8 random ones: three roundings add up to 2.92. The bound holds,
    and one without ``DOT_EXTRA``, 2 roundings, would not.
    """
    x, center = 1.4582204690928537, 0.4554334277991291
    scale, slope = 1.9538994343285063, 1.9782917806595237
    rows = ArrayRows(np.array([[x]]), np.zeros(1))
    standard = StandardizedRows(rows, (0,), np.array([center]), np.array([scale]), None)
    (z,) = standard.sum(lambda block: (linear_predictor(block, np.array([0.0, slope])),))
    with mp.workdps(60):
        true = exact(slope) * (exact(x) - exact(center)) / exact(scale)
        assert 2.9 * UNIT_ROUNDOFF < relative_error(z[0], true) <= dot_error(2)


def compounded(first_order):
    """(1 + u)^k − 1 where k u = ``first_order``: the largest effect of k roundings."""
    return float(mp.expm1(first_order / UNIT_ROUNDOFF * mp.log1p(UNIT_ROUNDOFF)))


@pytest.mark.parametrize("addition", [1e-12, 0.019])
def test_products_of_errors_are_covered(addition):
    """``addition`` is the first-order error of a sum over very many rows, far more than 1e13.

    The table is one column of ones, H = W = 1. The bounds cover ``addition`` and parts of 1e-14.
    """
    one = np.ones(1)
    curvature = Curvature.of(np.zeros(1), Factors.of(np.eye(1)), None, Reported(one, np.empty(0)))
    sizes = ColumnSizes(one, one, one, 0.0)
    for bounds in (
        coarse_bounds(np.zeros(1), curvature, sizes, 1.0, addition),
        plain_bounds(one, np.zeros(1), np.eye(1), one, 1.0, addition),
    ):
        assert bounds.gradient_error >= compounded(addition)
        assert bounds.eta >= compounded(addition)


def test_the_parameters_as_reported_are_rounded_by_no_more_than_said():
    """Intercept and coefficient in the table's units, far from zero, are compared with 60 digits.

    There is no cancellation in w₀ − center β here: its rounding is that of its terms.
    """
    rng, worst = np.random.default_rng(2), 0.0
    X = rng.standard_normal((50, 1)) * 0.37 + 1e3
    coordinates = standardized(analyse_columns(ArrayRows(X, np.zeros(50))), (0,), False)
    factors = Factors.of(np.array([[2.0, 0.3], [0.3, 1.0]]))
    curvature = Curvature.of(np.zeros(2), factors, None, coordinates.reported())
    center, scale = coordinates.center[0], coordinates.scale[0]
    for w in rng.uniform(1.0, 2.0, (500, 2)):
        intercept, coefficients = coordinates.to_table(w)
        with mp.workdps(60):
            slope = exact(w[1]) / exact(scale)
            errors = [
                exact(intercept) - (exact(w[0]) - exact(center) * slope),
                exact(coefficients[0]) - slope,
            ]
            sizes = [abs(float(e)) for e in errors] / curvature.units
        rounding = parameter_rounding(w, curvature)
        worst = max(worst, float(np.max(sizes)) / rounding)
    assert 0.15 < worst <= 1.0


def test_a_plain_fits_parameters_as_reported_are_rounded_by_no_more_than_said():
    """The fit's intercept and coefficient in the table's units are compared with 60 digits.

    The numbers are the worst of 1e6 random ones: product, division and sum add up to 2.80 of the 6
    roundings of the bound. H is such that the intercept, not the coefficient, decides.
    """
    w = np.array([0.0016953833485249127, 1.4706505795395346])
    mean, scale = np.array([-1.0, 1.951055771080684]), np.array([1.0, 1.4096068654147373])
    columns = Standardization(mean, scale, mean / scale)
    inverse = np.array([[1.0, 0.0], [2.75, 2.0]])
    units, rounding = columns.units(inverse, np.abs(w))
    sums = Sums(w, 0.0, np.zeros(2), np.eye(2))
    standardized_fit = StandardizedFit(sums, 1.0, columns, UNBOUNDED, units, inverse)
    fit = standardized_fit.in_table_units("", (), 0, False, 0.5)
    with mp.workdps(60):
        slope = exact(w[1]) / exact(scale[1])
        errors = [
            float(exact(fit.intercept) - (exact(w[0]) - exact(mean[1]) * slope)),
            float(exact(fit.coefficients[0]) - slope),
        ]
    assert 0.4 * rounding < np.max(np.abs(errors) / units) <= rounding


def exact_pull(penalty, w):
    """The penalty's gradient by one coefficient, as mpf."""
    if isinstance(penalty, Ridge):
        return exact(penalty.l2) / exact(penalty.scale) ** 2 * exact(w)
    units = exact(penalty.units)
    return exact(penalty.log_f) * units * (1 / (1 + mp.exp(-units * exact(w))) - mpf(1) / 2)


@pytest.mark.parametrize(
    ("penalty", "coefficient"),
    [
        (Ridge(1.37, scale=1.4681022822993244), 0.517264693602588),
        (LogF(1.37, units=1.0156092456372132), 1.0096742862843926),
    ],
    ids=["l2", "log-F"],
)
def test_the_roundings_of_a_penaltys_gradient_are_needed_and_enough(penalty, coefficient):
    """The rows count so little that the gradient, and its rounding, are the penalty's alone.

    The numbers are the worst of 1e6 random ones: 3.9 and 4.9 roundings, of 8. Both bounds hold, and
    without ``PENALTY_ROUNDINGS`` neither would.
    """
    w = np.array([0.0, coefficient])
    weight = np.full(4, 0.325 * 2.0**-70)
    rows = ArrayRows(np.array([[-1.0], [-1.0], [1.0], [1.0]]), np.array([0.0, 1, 0, 1]), weight)
    coordinates = standardized(analyse_columns(rows), (0,), False)
    objective = LogisticObjective(rows, NumpyKernel(), penalty)
    curvature = curvature_at(objective, w, coordinates.reported())
    with mp.workdps(60):
        pull = exact_pull(penalty, coefficient)
        error = float(exact(curvature.gradient[1]) - pull)
        assert abs(error) > 3.0 * UNIT_ROUNDOFF * pull
    true = length(curvature.inverse_factor @ np.array([0.0, error]))
    assert true <= bounds_by_columns(objective, w, curvature, coordinates).gradient_error
    assert true <= bounds_by_rows(objective, w, curvature, np.eye(1)).gradient_error
