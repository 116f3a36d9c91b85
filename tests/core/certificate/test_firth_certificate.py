"""The proof of a minimum near a Firth fit: the bound is never too small, and None if it fails."""

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy.linalg import eigh
from scipy.special import expit

from lr_pipeline.core.certificate.curvature import curvature_at
from lr_pipeline.core.certificate.firth_certificate import (
    bounded_distance,
    certify_minimum,
    firth_sums,
    lowest_curvature,
    score_rounding,
)
from lr_pipeline.core.certificate.rounding import SECOND_ORDER
from lr_pipeline.core.columns.rank import analyse_columns
from lr_pipeline.core.columns.standardize import Reported, orthonormal
from lr_pipeline.core.fitting.fit import fit_logistic
from lr_pipeline.core.logistic.fast_kernel import NumpyKernel
from lr_pipeline.core.logistic.objective import LogisticObjective
from lr_pipeline.core.logistic.penalties.firth import Firth
from lr_pipeline.core.logistic.penalties.none import NoPenalty
from lr_pipeline.engines.memory import ArrayRows
from tests.core.reference import firth, in_standard_errors
from tests.core.tables import breast_cancer, one_positive, spector


def first_columns(number):
    """The first columns of breast cancer; more than about ten separate the classes."""
    X, y = breast_cancer()
    return np.ascontiguousarray(X[:, :number]), y


def fit_firth(X, y, **options):
    return fit_logistic(ArrayRows(X, y), NumpyKernel(), Firth(), **options)


TABLES = [spector, lambda: one_positive(200), lambda: first_columns(3)]


@pytest.mark.parametrize("table", TABLES, ids=["spector", "one_positive", "breast_cancer"])
def test_the_bound_holds_at_any_distance_from_the_minimum(table):
    """Tested from 1e-7 standard errors off a forty-digit minimum to where nothing is proven."""
    X, y = table()
    rows = ArrayRows(X, y, block_rows=50)
    coordinates = orthonormal(analyse_columns(rows), True)
    objective = LogisticObjective(coordinates.rows(rows), NumpyKernel(), Firth())
    fit = fit_firth(X, y)
    minimum = firth(X, y, [fit.intercept, *fit.coefficients])
    exact = np.array([float(value) for value in minimum])
    lowest = objective.value(coordinates.from_table(exact[0], exact[1:]))
    rng, proven = np.random.default_rng(1), []
    for distance in (1e-7, 1e-5, 1e-3, 1e-2, 1.0):
        for _ in range(3):
            v = rng.standard_normal(len(exact)) * fit.certificate_units
            w = coordinates.from_table(*_moved(exact, distance * v))
            certificate = certify_minimum(objective, 0.5, w, coordinates)
            if certificate is None:
                continue
            intercept, coefficients = coordinates.to_table(w)
            units = curvature_at(objective, w, coordinates.reported()).units
            away = np.abs(np.r_[intercept, coefficients] - exact) / units
            assert certificate.rigorous
            assert away.max() <= certificate.standard_errors
            assert objective.value(w) - lowest <= certificate.loss + 1e-15
            proven.append(distance)
    assert proven.count(1e-7) == proven.count(1e-5) == 3
    assert 1.0 not in proven


def _moved(parameters, by):
    return float(parameters[0] + by[0]), parameters[1:] + by[1:]


def test_it_holds_for_weights():
    """A row with a whole weight counts as that many rows."""
    X, y = spector()
    counts = np.arange(len(y)) % 3 + 1.0
    fit = fit_logistic(ArrayRows(X, y, counts), NumpyKernel(), Firth())
    repeated = np.repeat(X, counts.astype(int), axis=0), np.repeat(y, counts.astype(int))
    optimum = firth(*repeated, [fit.intercept, *fit.coefficients])
    assert fit.certificate.rigorous
    assert in_standard_errors(fit, optimum) <= fit.certificate.standard_errors < 1e-9


def test_all_columns_of_breast_cancer_have_a_proven_minimum():
    """The table is separated by thirty columns, with dozens of minima; the fit is near one."""
    fit = fit_firth(*first_columns(30))
    assert fit.certificate.rigorous
    assert fit.certificate.standard_errors < 1e-5


def test_nothing_is_proven_far_from_a_minimum_nor_for_another_penalty():
    """At zero the gradient is too long for the curvature."""
    rows = ArrayRows(*spector())
    coordinates = orthonormal(analyse_columns(rows), True)
    standardized = coordinates.rows(rows)
    zero = np.zeros(4)
    for penalty in (Firth(), NoPenalty()):
        objective = LogisticObjective(standardized, NumpyKernel(), penalty)
        assert penalty.own_certificate(objective, zero, coordinates) is None


def test_a_strong_penaltys_rounding_is_in_the_bound():
    """Every probability is ½ to rounding, and the computed gradient 0; the minimum is at w = 0."""
    X, y = np.tile([[-1.0], [-1.0], [1.0], [1.0]], (2, 1)), np.tile([0.0, 1.0], 4)
    rows, w = ArrayRows(X, y), np.array([1e-17, 0.0])
    coordinates = orthonormal(analyse_columns(rows), True)
    objective = LogisticObjective(coordinates.rows(rows), NumpyKernel(), Firth(strength=1e6))
    assert not objective.value_gradient(w)[1].any()
    certificate = objective.penalty.own_certificate(objective, w, coordinates)
    assert w[0] * np.sqrt(len(y) / 4) < certificate.standard_errors < 1e-12


def test_many_parameters_leave_an_estimate():
    """The tensor of third derivatives has p³ numbers."""

    class ProvenForFew(Firth):
        def own_certificate(self, objective, w, coordinates):
            return certify_minimum(objective, self.strength, w, coordinates, most_parameters=3)

    fit = fit_logistic(ArrayRows(*spector()), NumpyKernel(), ProvenForFew())
    assert not fit.certificate.rigorous
    assert fit.certificate.standard_errors < 1e-6


@pytest.mark.parametrize("table", TABLES, ids=["spector", "one_positive", "breast_cancer"])
def test_the_lowest_curvature_holds_for_any_information_within_its_error(table):
    """Where the information is another by at most η in its own metric, so are h, T and K's μ."""
    X, y = table()
    fit = fit_firth(X, y)
    X1 = np.column_stack([np.ones(len(y)), X])
    p = expit(X1 @ [fit.intercept, *fit.coefficients])
    s, slope = p * (1 - p), p * (1 - p) * (1 - 2 * p)
    Q = np.linalg.solve(np.linalg.cholesky((X1.T * s) @ X1), X1.T).T  # the information is 1
    tau, eta, k = 0.5, 0.02, Q.shape[1]
    d = np.einsum("i,ij,ik,il->jkl", slope, Q, Q, Q)

    def curvature(A):
        """K for the inverse information A, without the information itself."""
        h = np.einsum("ij,jk,ik->i", Q, A, Q)
        T = np.einsum("jab,bc,kcd,da->jk", d, A, d, A)
        return -tau * ((Q.T * (s * (1 - 6 * s) * h)) @ Q - T)

    second = (Q.T * (s * (1 - 6 * s) * np.sum(Q**2, 1))) @ Q
    r = float(np.max(np.linalg.norm(Q, axis=1)))
    sums = second, d.reshape(k, -1)
    bound = lowest_curvature(*sums, tau, r, eta)
    rng, below = np.random.default_rng(0), 0
    for number in range(50):
        U = np.linalg.qr(rng.standard_normal((k, k)))[0]
        signs = np.full(k, (-1.0) ** number) if number < 2 else rng.choice([-1.0, 1.0], k)
        information = np.eye(k) + eta * (U * signs) @ U.T
        K = information + curvature(np.linalg.inv(information))
        (smallest, *_) = eigh(K, information, eigvals_only=True)
        assert bound <= smallest
        below += smallest < lowest_curvature(*sums, tau, r, 0.0)
    assert below  # so that the error must be taken off


def test_the_scores_rounding_holds_for_any_leverage_and_slope_within_their_errors():
    """The slopes s' may be off by η s, the leverages by η of the information and η of its inverse.

    The table is a constant, far out, where s' is nearly s and all errors add up: the bound is tight
    to 1/100, the factor for products of errors.
    """
    n, eta, w = 40, 1e-3, np.array([-20.0])
    objective = LogisticObjective(ArrayRows(np.empty((n, 0)), np.zeros(n)), NumpyKernel(), Firth())
    curvature = curvature_at(objective, w, Reported(np.ones(1), np.empty(0)))
    sums = firth_sums(objective, w, curvature, np.empty((0, 0)))
    bound = SECOND_ORDER * score_rounding(objective, curvature, sums, eta)
    with mp.workdps(60):
        p, e = 1 / (1 + mp.exp(20)), mpf(eta)
        s = p * (1 - p)
        slope, leverage, information = s * (1 - 2 * p), 1 / (n * s), n * s
        wrong = n * (slope + e * s) * leverage * (1 + e) / (1 - e)
        error = float((wrong - n * slope * leverage) / mp.sqrt(information))
    assert 0.98 * bound < error <= bound


class OneParameter:
    """F(w) = Σ c (log(1 + exp(w x)) − y w x) − τ log Σ c s x², to 60 digits."""

    def __init__(self, tau, x, y, counts=None):
        self.tau, self.x, self.y = mpf(tau), [mpf(float(v)) for v in x], [int(v) for v in y]
        self.counts = [1] * len(self.x) if counts is None else counts

    def value(self, w):
        rows = zip(self.counts, self.x, self.y, strict=True)
        loss = sum(c * (mp.log1p(mp.exp(w * x)) - label * w * x) for c, x, label in rows)
        return loss - self.tau * mp.log(self.information(w))

    def information(self, w):
        rows = zip(self.counts, self.x, strict=True)
        return sum(c * x * x * mp.exp(w * x) / (1 + mp.exp(w * x)) ** 2 for c, x in rows)


@pytest.mark.parametrize("tau", [0.5, 0.05])
@pytest.mark.parametrize("seed", range(4))
def test_distance_and_loss_hold_on_one_parameter_to_60_digits(tau, seed):
    """The bounds from the gradient's length, μ and r hold wherever a minimum is proven."""
    rng = np.random.default_rng(seed)
    x, y = rng.exponential(1.0, 30), (rng.random(30) < 0.2) * 1
    y[:2] = 0, 1
    with mp.workdps(60):
        rows, proven = OneParameter(tau, x, y), 0
        minimum = mp.findroot(lambda w: mp.diff(rows.value, w), -1)
        for away in (1e-9, 1e-4, 1e-2, 0.03, 0.1, -1e-4, -1e-2, -0.03):
            w = minimum + away
            information = rows.information(w)
            length = float(abs(mp.diff(rows.value, w)) / mp.sqrt(information))
            smallest = float(mp.diff(rows.value, w, 2) / information)
            radius = float(max(rows.x) / mp.sqrt(information))
            found = bounded_distance(length, smallest, radius, tau)
            if found is None:
                continue
            true, gap = abs(away) * mp.sqrt(information), rows.value(w) - rows.value(minimum)
            assert true <= found[0] * (1 + 1e-9)
            assert gap <= found[1] * (1 + 1e-9)
            assert abs(away) > 1e-9 or (found[0] <= 1.01 * true and found[1] <= 1.01 * gap)
            proven += 1
        assert proven >= 3  # those nearest to the minimum


@pytest.mark.parametrize("away", [1e-3, 1e-2])
def test_the_penaltys_third_derivative_is_in_the_bounds(away):
    """Here it is far larger than the loss's, and the curvature falls towards the minimum.

    One row has nearly all the information; the others, close to zero, are so many that their labels
    hold the minimum away from zero. Bounds with the loss's part alone would not hold.
    """
    counts = [20_000, 60_000, 1]
    rows = OneParameter(50, [-1 / 1024, -1 / 1024, 1.0], [0, 1, 1], counts)
    with mp.workdps(60):
        minimum = mp.findroot(lambda w: mp.diff(rows.value, w), -0.9)
        w = minimum + away
        information = rows.information(w)
        length = float(abs(mp.diff(rows.value, w)) / mp.sqrt(information))
        smallest = float(mp.diff(rows.value, w, 2) / information)
        true = float(away * mp.sqrt(information))
        gap = float(rows.value(w) - rows.value(minimum))
        radius = float(1 / mp.sqrt(information))
    for holds, strength in ((True, 50.0), (False, 0.0)):
        distance, loss = bounded_distance(length, smallest, radius, strength)
        assert (true <= distance) is holds
        assert (gap <= loss) is holds


@pytest.mark.parametrize(("r", "strength"), [(0.3, 2.0), (0.5, 0.5), (1.0, 5.0)])
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_the_bounds_hold_where_the_curvature_falls_as_fast_as_it_may(r, strength, share):
    """The third derivative is −(r + 6 τ r³) exp(2 r t) at t, the worst that the module derives.

    The minimum and its depth are found to 60 digits. ``share``: the first bound on the change of
    curvature on the way, as a part of the curvature.
    """
    with mp.workdps(60):
        k, third = 2 * mpf(r), mpf(r) + 6 * mpf(strength) * mpf(r) ** 3
        reach = mp.findroot(lambda t: third * mp.exp(k * t) * t - share, 0.1)
        length = reach / 2

        def slope(t):
            return -length + t - third * ((mp.exp(k * t) - 1) / k - t) / k

        minimum = mp.findroot(slope, length)
        depth = -mp.quad(slope, [0, minimum])
    distance, loss = bounded_distance(float(length), 1.0, r, strength)
    assert minimum * (1 - 1e-12) <= distance
    assert depth * (1 - 1e-12) <= loss
