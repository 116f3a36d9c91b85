"""The certificate is never below the true distance to the optimum, and not far above it."""

import numpy as np
import pytest

from lr_pipeline.core.certificate.certificate import UNBOUNDED, certify
from lr_pipeline.core.certificate.curvature import curvature_at
from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.columns.standardize import orthonormal
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.log_f import LogF
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.core.logistic.penalties.ridge import Ridge
from lr_pipeline.core.solvers import Newton
from lr_pipeline.engines.memory import ArrayRows
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
    """From 1e-6 to 3 standard errors off the optimum, three random directions each.

    The optimum is Newton's, held against forty digits elsewhere; its error of 1e-9 standard
    errors is nothing beside the distances here.
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
    """There the distance is the Newton decrement, and the loss half its square."""
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
    """All probabilities 0 or 1 in float64: no curvature, no bound."""
    objective, coordinates, _ = problem(overlapping)
    certificate, curvature = certificate_at(objective, coordinates, np.array([0.0, 9e4, 0, 0]))
    assert curvature is None
    assert certificate == UNBOUNDED


def test_rounding_is_part_of_the_bound():
    """At the computed optimum of a near-duplicate the bound covers the rounding of its columns.

    Columns that differ by 1e-6 carry a relative rounding error of 1e-10 in their difference.
    """
    objective, coordinates, optimum = problem(lambda: near_duplicate(1e-6))
    certificate, _ = certificate_at(objective, coordinates, optimum)
    assert 1e-10 < certificate.standard_errors < 1e-6
