"""How the tolerance is found at which a peer reaches the required accuracy."""

import time
import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from benchmarks.optimum import find_array_optimum
from benchmarks.peers import PEERS, Peer, attempt, climb
from tests.core.tables import overlapping

X, Y = overlapping()
OPTIMUM = find_array_optimum(X, Y)


def peer(fit, ladder=(1.0, 0.1, 1e-4, 1e-5)):
    """A peer that is always installed."""
    return Peer("a peer", "numpy", fit, ladder)


def off_by_the_tolerance(X, y, weight, tolerance):
    """The optimum, moved by ``tolerance`` standard errors."""
    return OPTIMUM.parameters + tolerance * OPTIMUM.standard_errors


def test_the_loosest_tolerance_that_qualifies_is_taken():
    """Fits must be within 1e-3 standard errors, so the tolerance 1e-4 is taken."""
    best, distance = climb(peer(off_by_the_tolerance), X, Y, OPTIMUM, 60.0)
    assert best.tolerance == 1e-4
    assert distance == pytest.approx(1e-4, rel=1e-6)


def test_a_peer_that_never_qualifies_shows_its_nearest():
    """The result is its nearest fit, with its distance."""
    best, distance = climb(peer(off_by_the_tolerance, (1.0, 0.1)), X, Y, OPTIMUM, 60.0)
    assert (best.tolerance, distance) == (0.1, pytest.approx(0.1))


def test_used_up_iterations_end_the_climb():
    """A fit with a tighter tolerance would use them up again."""
    tried = []

    def fit(X, y, weight, tolerance):
        tried.append(tolerance)
        warnings.warn("iterations used up", ConvergenceWarning, stacklevel=1)
        return np.zeros(4)

    best, _ = climb(peer(fit), X, Y, OPTIMUM, 60.0)
    assert tried == [1.0]
    assert best.warned


def test_a_peer_out_of_time_or_failing_is_a_result():
    """The row says so; the benchmark goes on."""

    def sleep(X, y, weight, tolerance):
        time.sleep(30)

    def fail(X, y, weight, tolerance):
        raise FloatingPointError

    assert attempt(peer(sleep), X, Y, 1.0, 0.05).failure == "out of time after 0 s"
    assert attempt(peer(fail), X, Y, 1.0, 5.0).failure == "FloatingPointError"


def test_a_package_that_is_not_installed_is_named_so():
    """An optional peer is no requirement."""
    assert Peer("x", "no-such-package-here", fail_if_called, ()).missing == "not installed"


def fail_if_called(X, y, weight, tolerance):
    raise AssertionError


@pytest.mark.parametrize("solver", [p for p in PEERS if not p.missing], ids=lambda p: p.name)
@pytest.mark.filterwarnings("ignore")
def test_every_peer_finds_the_optimum_of_an_easy_table(solver):
    """All peers give the same unpenalised estimate, intercept first."""
    _, distance = climb(solver, X, Y.copy(), OPTIMUM, 60.0)
    assert distance < 1e-3
