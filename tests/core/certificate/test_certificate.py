"""The certificate is never below the true distance to the optimum, and not far above it."""

import numpy as np
import pytest
from mpmath import mp, mpf

from lr_pipeline.core.certificate.certificate import certify
from lr_pipeline.core.certificate.curvature import curvature_at
from lr_pipeline.core.certificate.distance import (
    UNBOUNDED,
    Bounds,
    bounded_loss_gap,
    distance_bounds,
)
from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.columns.standardize import orthonormal
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.memory import ArrayRows
from tests.core.reference import firth
from tests.core.tables import (
    near_duplicate,
    nearly_separated,
    one_positive,
    overlapping,
    spector,
    undamped_newton_diverges,
)

TABLES = [
    overlapping,
    spector,
    undamped_newton_diverges,
    one_positive,
    nearly_separated,
    lambda: near_duplicate(1e-3),
]


def problem(table, penalty=None):
    """Objective, coordinates and optimum of a table."""
    rows = ArrayRows(*table(), block_rows=500)
    coordinates = orthonormal(analyse_columns(rows), True)
    objective = LogisticObjective(coordinates.rows(rows), NumpyKernel(), penalty or NoPenalty())
    optimum = Newton().minimize(objective, np.zeros(len(coordinates.columns) + 1)).parameters
    return objective, coordinates, optimum


def certificate_at(objective, coordinates, w):
    """The certificate of ``w``, and the curvature that it used."""
    curvature = curvature_at(objective, w, coordinates.reported())
    return certify(objective, w, curvature, coordinates), curvature


@pytest.mark.parametrize("table", TABLES, ids=range(len(TABLES)))
@pytest.mark.parametrize(
    "penalty",
    [NoPenalty(), Ridge(0.5), LogF(1.0), LogF(2.0), LogF(4.0, 30.0)],
    ids=["none", "l2", "log-F(1, 1)", "log-F(2, 2)", "log-F on large units"],
)
def test_the_bounds_hold_at_any_distance_and_in_any_direction(table, penalty):
    """Tested from 1e-6 to 3 standard errors off the optimum, in three random directions each.

    The optimum is Newton's, which other tests compare with forty digits; its error of 1e-9 standard
    errors is negligible here.
    """
    objective, coordinates, optimum = problem(table, penalty)
    M = coordinates.reported().matrix()
    rng = np.random.default_rng(8)
    hessian = objective.value_gradient_hessian(optimum)[2] * objective.total_weight
    half = np.linalg.inv(np.linalg.cholesky(hessian)).T
    finite = 0
    for distance in (1e-6, 0.03, 0.3, 3.0):
        for _ in range(3):
            direction = rng.standard_normal(len(optimum))
            w = optimum + distance * half @ (direction / np.linalg.norm(direction))
            certificate, curvature = certificate_at(objective, coordinates, w)
            units = np.linalg.norm(curvature.half_covariance, axis=0)
            true = np.max(np.abs(M @ (w - optimum)) / units)
            gap = objective.value(w) - objective.value(optimum)
            assert certificate.rigorous
            assert true * (1 - 1e-9) <= certificate.standard_errors
            assert gap <= certificate.loss + 1e-15
            finite += np.isfinite(certificate.loss)
    assert finite >= 3


@pytest.mark.parametrize("distance", [1e-6, 1e-4])
def test_the_bounds_are_tight_close_to_the_optimum(distance):
    """Near the optimum the distance is the Newton decrement, and the loss half its square."""
    objective, coordinates, optimum = problem(overlapping)
    hessian = objective.value_gradient_hessian(optimum)[2] * objective.total_weight
    v = np.linalg.inv(np.linalg.cholesky(hessian)).T @ np.array([0.5, 0.5, 0.5, 0.5])
    certificate, _ = certificate_at(objective, coordinates, optimum + distance * v)
    assert certificate.standard_errors == pytest.approx(distance, rel=1e-3)
    assert certificate.loss * objective.total_weight == pytest.approx(distance**2 / 2, rel=1e-3)


def test_nothing_is_certified_on_a_separated_table():
    """Along the separating direction the decrement goes to zero, but u stays at 1 or above."""
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    rows = ArrayRows(X, np.array([0.0, 0, 1, 1]))
    coordinates = orthonormal(analyse_columns(rows), True)
    objective = LogisticObjective(coordinates.rows(rows), NumpyKernel(), NoPenalty())
    for slope in (1.0, 10.0, 30.0, 100.0, 300.0, 700.0, 1500.0):
        assert certificate_at(objective, coordinates, np.array([0.0, slope]))[0] == UNBOUNDED


def test_nothing_is_certified_where_the_hessian_is_singular():
    """Where all probabilities are 0 or 1 in float64 there is no curvature, and so no bound."""
    objective, coordinates, _ = problem(overlapping)
    certificate, curvature = certificate_at(objective, coordinates, np.array([0.0, 9e4, 0, 0]))
    assert curvature is None
    assert certificate == UNBOUNDED


def test_rounding_is_part_of_the_bound():
    """At the computed optimum of nearly equal columns the bound covers the columns' rounding.

    The difference of columns that differ by 1e-6 has a relative rounding error of 1e-10.
    """
    objective, coordinates, optimum = problem(lambda: near_duplicate(1e-6))
    certificate, _ = certificate_at(objective, coordinates, optimum)
    assert 1e-10 < certificate.standard_errors < 1e-6


@pytest.mark.parametrize("u", [1e-12, 1e-6, 1e-3, 9.99e-3, 1e-2, 0.3, 0.999])
def test_the_loss_is_bounded_by_the_formula_and_closely(u):
    """U + (1 − u) log(1 − u) to 60 digits; below 1/100 by a series that is rounded up."""
    with mp.workdps(60):
        exact = float(mpf(u) + (1 - mpf(u)) * mp.log1p(-mpf(u)))
    assert exact * (1.0 - 1e-12) <= bounded_loss_gap(u) <= exact * (1.0 + 3e-5)


class FarOut:
    """Rows without columns, with so few of label 1 that the loss is nearly exp(w) − w · prevalence.

    All distances have a closed form, and the bounds derived in ``distance`` are nearly tight: each
    row's variance changes by exp(v) along v.
    """

    zeros, ones = 10.0**9, 50.0
    optimum = np.log(ones / zeros)

    @classmethod
    def information(cls, w):
        return (cls.zeros + cls.ones) / (2.0 + 2.0 * np.cosh(w))

    @classmethod
    def sums(cls, w):
        """Gradient and loss, as sums, to 60 digits."""
        with mp.workdps(60):
            p, n = 1 / (1 + mp.exp(-mpf(w))), mpf(cls.zeros + cls.ones)
            return n * p - mpf(cls.ones), n * mp.log1p(mp.exp(mpf(w))) - mpf(cls.ones) * mpf(w)


@pytest.mark.parametrize("away", [1e-3, 0.05, 0.4, -1e-3, -0.4])
def test_the_bounds_are_nearly_tight_where_the_third_derivative_is_the_second(away):
    """The bounds hold on both sides, and are tight to 1/1000 where variances are larger."""
    w = FarOut.optimum + away
    H = FarOut.information(w)
    bounds = Bounds(gradient_error=0.0, eta=0.0, radius=1.0 / np.sqrt(H), columns=1.0)
    decrement = abs(float(FarOut.sums(w)[0])) / np.sqrt(H)
    certificate = distance_bounds(bounds, decrement, 1.0, 0.0)
    true = abs(away) * np.sqrt(H)
    gap = float(FarOut.sums(w)[1] - FarOut.sums(FarOut.optimum)[1])
    assert true * (1.0 - 1e-6) <= certificate.standard_errors
    assert gap * (1.0 - 1e-6) <= certificate.loss
    if away > 0.0:
        assert certificate.standard_errors <= 1.001 * true
        assert certificate.loss <= 1.001 * gap


@pytest.mark.parametrize("step", [0.05, 0.3])
def test_a_hessian_from_before_a_step_is_widened_by_what_the_step_can_change(step):
    """The Hessian was exp(step) larger before the step: without widening the bound would fail.

    The distance is in standard errors at the fit; those of the earlier Hessian may be smaller.
    """
    w = FarOut.optimum + 0.02
    before, H = FarOut.information(w + step), FarOut.information(w)
    bounds = Bounds(gradient_error=0.0, eta=0.0, radius=1.0 / np.sqrt(before), columns=1.0)
    decrement = abs(float(FarOut.sums(w)[0])) / np.sqrt(before)
    certificate = distance_bounds(bounds, decrement, 1.0, 0.0, step * np.sqrt(before))
    gap = float(FarOut.sums(w)[1] - FarOut.sums(FarOut.optimum)[1])
    true = 0.02 * np.sqrt(H)
    assert decrement < true <= certificate.standard_errors
    assert decrement**2 / 2.0 < gap <= certificate.loss


@pytest.mark.parametrize("eta", [0.1, 0.4])
def test_an_error_of_the_hessian_widens_every_part(eta):
    """With a computed Hessian (1 ± η) H, decrement, radius and units are each wrong in one way."""
    w = FarOut.optimum + 0.02
    H = FarOut.information(w)
    gradient = abs(float(FarOut.sums(w)[0]))
    for computed in (H * (1.0 - eta), H * (1.0 + eta)):
        bounds = Bounds(0.0, eta, 1.0 / np.sqrt(computed), 1.0)
        certificate = distance_bounds(bounds, gradient / np.sqrt(computed), 1.0, 0.0)
        assert 0.02 * np.sqrt(computed) <= certificate.standard_errors
        assert float(FarOut.sums(w)[1] - FarOut.sums(FarOut.optimum)[1]) <= certificate.loss


def test_the_rounding_of_the_parameters_as_reported_is_added():
    """For a fit at its optimum, the bound is the rounding of the reported parameters."""
    bounds = Bounds(gradient_error=0.0, eta=0.0, radius=0.1, columns=1.0)
    assert distance_bounds(bounds, 0.0, 1.0, 1e-3).standard_errors == 1e-3


def test_the_margin_of_firths_estimate_covers_a_flat_direction():
    """At a separated table's minimum the Hessian is 0.10 of the information in one direction.

    A fit off the minimum along it is nine times as far away as its decrement says: the estimate
    with a margin of 10 holds, one with a margin of 9 would not.
    """
    X, y = np.random.default_rng(8049).normal(size=(14, 4)), np.arange(14) % 2.0
    rows = ArrayRows(X, y)
    coordinates = orthonormal(analyse_columns(rows), True)
    objective = LogisticObjective(coordinates.rows(rows), NumpyKernel(), Firth())
    near = Newton().minimize(objective, np.zeros(5)).parameters
    minimum = firth(X, y, np.append(*coordinates.to_table(near)))
    exact = np.array([float(value) for value in minimum])
    lowest = coordinates.from_table(exact[0], exact[1:])
    direction = flattest(objective, lowest)
    certificate, curvature = certificate_at(objective, coordinates, lowest + 1e-3 * direction)
    M = coordinates.reported().matrix()
    true = np.max(np.abs(M @ direction) * 1e-3 / curvature.units)
    assert not certificate.rigorous
    assert 0.9 * certificate.standard_errors < true <= certificate.standard_errors


def flattest(objective, w):
    """The unit direction in which the gradient changes least, by finite differences."""
    inverse = np.linalg.inv(np.linalg.cholesky(objective.value_gradient_hessian(w)[2]))
    inverse /= np.sqrt(objective.total_weight)
    columns = inverse.T

    def along(v, h=1e-5):
        ahead, behind = (objective.value_gradient(w + t * v)[1] for t in (h, -h))
        return columns.T @ (ahead - behind) * objective.total_weight / (2.0 * h)

    K = np.column_stack([along(v) for v in columns.T])
    _, vectors = np.linalg.eigh((K + K.T) / 2.0)
    return columns @ vectors[:, 0]
